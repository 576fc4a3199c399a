"""Following batches to their end: through cancelling, failing calls, and deletion by others."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from batchtui.api import BatchesClient, NotAuthorized
from batchtui.config import Credentials, Profile, Secret
from batchtui.workspace import PollFailure, PollResult, Workspace
from tests.canned_server import answer, canned_server, error_answer
from tests.submitting import ended, profile_of, request

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from batchtui.sandbox import Embedded

    SandboxFactory = Callable[..., Embedded]

QUICK = 0.01


@pytest.fixture
def server(sandbox_with: SandboxFactory) -> Embedded:
    return sandbox_with(batches=5, speed=200.0)


@pytest.fixture
async def other(server: Embedded) -> AsyncIterator[BatchesClient]:
    """Somebody else with the same key."""
    async with BatchesClient(profile_of(server)) as client:
        yield client


@pytest.fixture
async def workspace(server: Embedded, tmp_path: Path) -> AsyncIterator[Workspace]:
    workspace = Workspace(profile_of(server), tmp_path, tmp_path / "data", attempts=1)
    yield workspace
    await workspace.aclose()


async def create(client: BatchesClient, count: int = 1) -> str:
    return (await client.create([request(f"a-{n}") for n in range(count)])).id


async def looks(workspace: Workspace, *batch_ids: str) -> list[PollResult | PollFailure]:
    return [step async for step in workspace.watch(batch_ids, QUICK)]


async def test_it_ends_when_all_have_ended(workspace: Workspace, other: BatchesClient) -> None:
    ids = [await create(other, count) for count in (1, 5)]
    steps = await looks(workspace, *ids, ids[0])
    last = steps[-1]
    assert isinstance(last, PollResult)
    assert [(batch.id, batch.is_ended) for batch in last.batches] == [(batch_id, True) for batch_id in ids]
    told = [batch for step in steps if isinstance(step, PollResult) for batch in step.changed]
    assert sorted(batch.id for batch in told if batch.is_ended) == sorted(ids)


async def test_a_cancelled_batch_is_followed_through_canceling(
    workspace: Workspace, other: BatchesClient
) -> None:
    batch_id = await create(other, 2000)
    seen = []
    async for step in workspace.watch([batch_id], QUICK):
        assert isinstance(step, PollResult)
        seen += [batch.status for batch in step.changed]
        if seen == ["in_progress"]:
            await other.cancel(batch_id)
    assert list(dict.fromkeys(seen)) == ["in_progress", "canceling", "ended"]


async def test_many_are_asked_about_by_one_call(workspace: Workspace, other: BatchesClient) -> None:
    ids = [await create(other) for _ in range(6)]
    for batch_id in ids:
        await ended(other, batch_id)
    (look,) = await looks(workspace, *ids)
    assert isinstance(look, PollResult)
    assert len(look.batches) == 6
    assert len([call for call in workspace.calls if "?limit" in call.path]) == 1
    assert len(workspace.calls) < 6


async def test_a_batch_that_is_gone_is_told_once(workspace: Workspace, other: BatchesClient) -> None:
    here, deleted = await create(other), await create(other)
    await ended(other, deleted)
    await other.delete(deleted)
    steps = await looks(workspace, deleted, "msgbatch_never", here)
    gone = [batch_id for step in steps if isinstance(step, PollResult) for batch_id in step.gone]
    assert gone == [deleted, "msgbatch_never"]
    last = steps[-1]
    assert isinstance(last, PollResult)
    assert [batch.id for batch in last.batches] == [here]


async def test_a_batch_that_was_seen_is_not_gone_after_one_404(tmp_path: Path) -> None:
    lost = error_answer("404 Not Found", "not_found_error", "Message batch not found")
    running, over = batch_answer("in_progress"), batch_answer("ended")
    async with canned_server(running, lost, running, lost, lost, over) as server:
        workspace = Workspace(server.profile, tmp_path, tmp_path / "data", attempts=1)
        steps = await looks(workspace, "msgbatch_1")
        await workspace.aclose()
    waits = [step for step in steps if isinstance(step, PollFailure)]
    looked = [step for step in steps if isinstance(step, PollResult)]
    assert ["msgbatch_1 was not found" in wait.reason for wait in waits] == [True, True]
    assert not any(look.gone for look in looked)
    assert [batch.is_ended for batch in looked[-1].batches] == [True]


def batch_answer(status: str) -> bytes:
    times = dict.fromkeys(("created_at", "expires_at"), "2026-11-20T10:00:00Z")
    absent = dict.fromkeys(("ended_at", "cancel_initiated_at", "archived_at", "results_url"))
    counts = dict.fromkeys(("processing", "succeeded", "errored", "canceled", "expired"), 1)
    facts = {"id": "msgbatch_1", "type": "message_batch", "processing_status": status}
    return answer("200 OK", json.dumps(facts | {"request_counts": counts} | times | absent).encode())


async def test_a_batch_that_stays_missing_is_gone_in_the_end(tmp_path: Path) -> None:
    lost = error_answer("404 Not Found", "not_found_error", "Message batch not found")
    async with canned_server(batch_answer("in_progress"), lost) as server:
        workspace = Workspace(server.profile, tmp_path, tmp_path / "data", attempts=1, not_found_seconds=0.05)
        steps = await looks(workspace, "msgbatch_1")
        await workspace.aclose()
    looked = [step for step in steps if isinstance(step, PollResult)]
    assert len(looked) > 3
    assert [batch_id for look in looked for batch_id in look.gone] == ["msgbatch_1"]


async def test_calls_that_fail_are_waited_out_ever_longer(
    sandbox_with: SandboxFactory, tmp_path: Path
) -> None:
    server = sandbox_with(batches=0, speed=200.0, faults=("529@list",))
    workspace = Workspace(profile_of(server), tmp_path, tmp_path / "data", attempts=1)
    waits = []
    async for step in workspace.watch([f"msgbatch_{n}" for n in range(4)], QUICK):
        assert isinstance(step, PollFailure)
        assert "Overloaded" in step.reason
        waits.append(step.seconds)
        if len(waits) == 4:
            break
    await workspace.aclose()
    assert all(after == before * 2 for before, after in pairwise(waits))


async def test_what_waiting_cannot_mend_is_raised(server: Embedded, tmp_path: Path) -> None:
    profile = Profile(name="x", base_url=server.base_url, credentials=Credentials(Secret("sk-no"), "key"))
    workspace = Workspace(profile, tmp_path, tmp_path / "data", attempts=1)
    with pytest.raises(NotAuthorized):
        await looks(workspace, "msgbatch_1")
    await workspace.aclose()
