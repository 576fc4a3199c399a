"""The façade over the sandbox: the list stays whole and true whatever happens on the server."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from math import inf
from pathlib import Path

import pytest

from batchtui.api import BatchesClient, ConnectionLost, NotFound, ReadOnlySession
from batchtui.cache import Batch
from batchtui.config import Credentials, Profile, Secret
from batchtui.sandbox import Embedded
from batchtui.workspace import UnknownBatch, Workspace, WorkspaceError

REQUEST = {
    "custom_id": "a",
    "params": {
        "model": "claude-haiku-4-5-20251001",
        "max_tokens": 9,
        "messages": [{"role": "user", "content": "Hi"}],
    },
}
SandboxFactory = Callable[..., Embedded]


def profile_of(sandbox: Embedded) -> Profile:
    return Profile(
        name="test", base_url=sandbox.base_url, credentials=Credentials(Secret(sandbox.api_key), "key")
    )


@pytest.fixture
def own_sandbox(sandbox_with: SandboxFactory) -> Embedded:
    """A sandbox that no other test changes."""
    return sandbox_with(batches=250, speed=50.0)


@pytest.fixture
async def workspace(own_sandbox: Embedded, tmp_path: Path) -> AsyncIterator[Workspace]:
    workspace = Workspace(profile_of(own_sandbox), tmp_path, tmp_path / "data")
    yield workspace
    await workspace.aclose()


@pytest.fixture
async def other(own_sandbox: Embedded) -> AsyncIterator[BatchesClient]:
    """Somebody else with the same key."""
    async with BatchesClient(profile_of(own_sandbox)) as client:
        yield client


async def all_ids(client: BatchesClient) -> list[str]:
    return [batch.id async for batch in client.iterate(limit=1000)]


def known_ids(workspace: Workspace) -> list[str]:
    return [batch.id for batch in workspace.cached_batches()]


def running(workspace: Workspace) -> list[Batch]:
    return [batch for batch in workspace.cached_batches() if not batch.is_ended]


async def test_page_by_page_to_the_end(workspace: Workspace, other: BatchesClient) -> None:
    changes = await workspace.refresh()
    assert len(changes.changed) == 100
    while workspace.has_older:
        await workspace.older()
    assert known_ids(workspace) == await all_ids(other)
    assert (await workspace.older()).changed == []


async def test_what_was_known_is_there_before_any_request(
    own_sandbox: Embedded, workspace: Workspace, tmp_path: Path
) -> None:
    await workspace.refresh()
    again = Workspace(profile_of(own_sandbox), tmp_path, tmp_path / "data")
    assert len(again.cached_batches()) == 100
    assert not again.calls
    await again.aclose()


async def test_refresh_tells_only_what_changed(workspace: Workspace, other: BatchesClient) -> None:
    await workspace.refresh()
    created = await other.create([REQUEST])
    changed = (await workspace.refresh()).changed
    assert created.id in [batch.id for batch in changed]
    assert all(batch.id == created.id or batch.created_at > 0 for batch in changed)
    still = {batch.id for batch in changed} - {created.id}
    assert all(workspace.last_known(batch_id) for batch_id in still)
    assert len(changed) < 100


async def test_more_new_batches_than_a_page_leave_no_hole(
    own_sandbox: Embedded, workspace: Workspace, other: BatchesClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("batchtui.workspace.batch_list.PAGE", 5)
    await workspace.refresh()
    for _ in range(12):
        await other.create([REQUEST])
    await workspace.refresh()
    assert known_ids(workspace) == (await all_ids(other))[:17]


async def test_a_break_while_a_gap_is_filled_leaves_no_hole(
    workspace: Workspace, other: BatchesClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("batchtui.workspace.batch_list.PAGE", 5)
    await workspace.refresh()
    for _ in range(12):
        await other.create([REQUEST])
    real_list = BatchesClient.list

    async def breaks_in_the_gap(client: BatchesClient, **arguments: object) -> object:
        if arguments.get("before_id"):
            raise ConnectionLost("in the middle")
        return await real_list(client, **arguments)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(BatchesClient, "list", breaks_in_the_gap)
        with pytest.raises(ConnectionLost):
            await workspace.refresh()
    await workspace.refresh()
    assert known_ids(workspace) == (await all_ids(other))[:17]


async def test_two_processes_each_hear_of_everything(
    own_sandbox: Embedded, workspace: Workspace, other: BatchesClient, tmp_path: Path
) -> None:
    second = Workspace(profile_of(own_sandbox), tmp_path, tmp_path / "data")
    await workspace.refresh()
    await second.refresh()
    created = await other.create([REQUEST])
    for each in (workspace, second):
        assert created.id in [batch.id for batch in (await each.refresh()).changed]
    await second.aclose()


async def test_batches_deleted_elsewhere_disappear(workspace: Workspace, other: BatchesClient) -> None:
    await workspace.refresh()
    victim = next(batch for batch in workspace.cached_batches()[5:] if batch.is_ended)
    await other.delete(victim.id)
    changes = await workspace.refresh()
    assert changes.removed == [victim.id]
    assert victim.id not in known_ids(workspace)


async def test_prunes_deleted_batches_though_this_clock_is_behind(
    workspace: Workspace, other: BatchesClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.time", lambda: 1_000_000.0)
    await workspace.refresh()
    victim = next(batch for batch in workspace.cached_batches()[5:] if batch.is_ended)
    await other.delete(victim.id)
    assert (await workspace.refresh()).removed == [victim.id]


async def test_a_deleted_edge_is_survived(workspace: Workspace, other: BatchesClient) -> None:
    await workspace.refresh()
    edge = workspace.cached_batches()[-1]
    assert edge.is_ended
    await other.delete(edge.id)
    while workspace.has_older:
        await workspace.older()
    assert [i for i in known_ids(workspace) if i != edge.id] == await all_ids(other)


async def test_running_batches_below_the_first_page_are_followed(
    workspace: Workspace, other: BatchesClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    created = await other.create([REQUEST])
    await workspace.refresh()
    assert running(workspace)
    monkeypatch.setattr("batchtui.workspace.batch_list.PAGE", 3)
    for _ in range(4):
        await other.create([REQUEST])
    while (await other.retrieve(created.id)).processing_status != "ended":
        pass
    await workspace.refresh()
    known = workspace.last_known(created.id)
    assert known is not None
    assert known.is_ended


async def test_cancel_and_delete(workspace: Workspace, other: BatchesClient) -> None:
    created = await other.create([REQUEST])
    cancelled = (await workspace.cancel(created.id)).changed[0]
    assert cancelled.status in ("canceling", "ended")
    while not (await workspace.retrieve(created.id)).is_ended:
        pass
    changes = await workspace.delete(created.id)
    assert changes.removed == [created.id]
    with pytest.raises(NotFound):
        await other.retrieve(created.id)


async def test_a_running_batch_is_not_deleted(workspace: Workspace) -> None:
    await workspace.refresh()
    batch = next(b for b in running(workspace) if b.counts.processing > 10_000)
    with pytest.raises(WorkspaceError, match="Cancel it first"):
        await workspace.delete(batch.id)


async def test_read_only_changes_nothing(own_sandbox: Embedded, tmp_path: Path) -> None:
    workspace = Workspace(replace(profile_of(own_sandbox), read_only=True), tmp_path, tmp_path / "data")
    await workspace.refresh()
    for call in (workspace.cancel, workspace.delete):
        with pytest.raises(ReadOnlySession):
            await call(workspace.cached_batches()[0].id)
    await workspace.aclose()


async def test_list_by_status(workspace: Workspace) -> None:
    ended = await workspace.list(150, "ended")
    assert len(ended) == 150
    assert {batch.status for batch in ended} == {"ended"}
    assert len(await workspace.list(3)) == 3
    everything = await workspace.list(inf)
    assert len(everything) == len(known_ids(workspace)) >= 250


async def test_shortened_ids(workspace: Workspace) -> None:
    batches: list[Batch] = await workspace.list(5)
    whole = batches[0].id
    assert workspace.full_id(whole[:-2]) == whole
    assert workspace.full_id("never-seen") == "never-seen"
    with pytest.raises(UnknownBatch, match="Ambiguous"):
        workspace.full_id("msgbatch_")
    with pytest.raises(UnknownBatch, match="required"):
        workspace.full_id("")


async def test_a_running_batch_has_no_results_yet(workspace: Workspace) -> None:
    await workspace.refresh()
    with pytest.raises(WorkspaceError, match="still running"):
        workspace.fetcher(running(workspace)[0])


async def test_the_cost_is_known_once_the_results_are_whole(frozen_sandbox: Embedded, tmp_path: Path) -> None:
    workspace = Workspace(profile_of(frozen_sandbox), tmp_path, tmp_path / "data")
    ended = next(b for b in await workspace.list(inf) if b.is_ended and 0 < b.counts.succeeded < 100)
    assert workspace.cost(ended.id) is None
    fetcher = workspace.fetcher(ended)
    fetcher.want_all()
    await fetcher.run()
    found = workspace.cost(ended.id)
    assert found is not None
    assert found.total is not None
    assert found.total > 0
    assert found.tokens.output > 0
    fetcher.files.index.unlink()
    assert workspace.cost(ended.id) is None
    await workspace.aclose()
