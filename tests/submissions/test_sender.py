"""Sending creates exactly one batch, whatever happens to the response."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from batchtui.api import BatchesClient
from batchtui.config import private_dir
from batchtui.sandbox import SandboxOptions, embedded
from batchtui.submissions import APPEAR_SECONDS, NotSubmitted, PartState, preparing
from tests.canned_server import answer, canned_server, error_answer
from tests.submitting import (
    NO_DELAYS,
    ONE_TRY,
    SLOW,
    Submitting,
    batches_on,
    ended,
    profile_of,
    request,
    submitting,
    write,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from batchtui.api import MessageBatch
    from batchtui.sandbox import Embedded
    from batchtui.submissions import RequestBody

    SandboxFactory = Callable[..., Embedded]

REQUESTS = [request(f"a-{n}") for n in range(5)]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return write(tmp_path / "file.jsonl", REQUESTS)


async def test_unreachable_server_leaves_nothing(tmp_path: Path, file: Path) -> None:
    with embedded(SandboxOptions(batches=0)) as sandbox:
        pass
    async with submitting(sandbox, tmp_path / "data") as one:
        with pytest.raises(NotSubmitted, match=r"was not sent: .* cannot be reached"):
            await one.create(file)
        assert one.stored == []


async def test_lost_response_is_looked_up_later(
    sandbox_with: SandboxFactory, tmp_path: Path, file: Path
) -> None:
    sandbox = sandbox_with(batches=1, faults=("drop-after-accept", "500:2@list"), speed=SLOW)
    async with submitting(sandbox, tmp_path / "data") as one:
        with pytest.raises(NotSubmitted, match="The batch may have been created"):
            await one.create(file)
        with pytest.raises(NotSubmitted, match="Probably msgbatch_"):
            await one.create(file)
    assert len(await batches_on(sandbox)) == 2


async def create_elsewhere(sandbox: Embedded, count: int) -> MessageBatch:
    async with BatchesClient(profile_of(sandbox)) as client:
        return await client.create([request(f"b-{n}") for n in range(count)])


async def test_earlier_batches_are_not_candidates(
    sandbox_with: SandboxFactory, tmp_path: Path, file: Path
) -> None:
    sandbox = sandbox_with(batches=0, faults=("drop-after-accept:2",), speed=SLOW)
    older = await create_elsewhere(sandbox, len(REQUESTS))
    async with submitting(sandbox, tmp_path / "data") as one:
        with pytest.raises(NotSubmitted, match="Probably msgbatch_") as caught:
            await one.create(file)
    newer, *before = await batches_on(sandbox)
    assert [batch.id for batch in before] == [older.id]
    assert f"Probably {newer.id}:" in str(caught.value)


async def test_attach_resolves_several_candidates(
    sandbox_with: SandboxFactory, tmp_path: Path, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox = sandbox_with(batches=1, faults=("drop-after-accept:2",))
    create_from = BatchesClient.create_from

    async def create_while_another_does(client: BatchesClient, body: object) -> MessageBatch:
        await create_elsewhere(sandbox, len(REQUESTS))
        return await create_from(client, body)  # type: ignore[arg-type]

    monkeypatch.setattr(BatchesClient, "create_from", create_while_another_does)
    async with submitting(sandbox, tmp_path / "data") as one:
        with pytest.raises(
            NotSubmitted, match=f"Several batches may be .*batchtui attach ID {file}"
        ) as first:
            await one.create(file)
        ours, others, _ = await batches_on(sandbox)
        assert ours.id in str(first.value)
        assert others.id in str(first.value)
        with pytest.raises(NotSubmitted, match="Several batches may be"):
            await one.create(file)
        assert len(await batches_on(sandbox)) == 3

        attached = one.submissions.attach(ours.id, file, requests=len(REQUESTS))
        assert attached.requests == len(REQUESTS)
        assert await one.create(file) == []
        assert len(one.stored) == 1
        assert one.submissions.request(ours.id, "a-3") is not None
    assert len(await batches_on(sandbox)) == 3


async def test_two_lost_parts_are_not_mixed_up(
    sandbox_with: SandboxFactory, tmp_path: Path, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox = sandbox_with(batches=1)
    other = write(tmp_path / "other.jsonl", [request(f"b-{n}") for n in range(5)])
    create_from = BatchesClient.create_from

    async def die_before(client: BatchesClient, body: RequestBody) -> MessageBatch:
        async for _ in body:
            pass  # all of it is on its way
        raise SystemExit

    async def die_after(client: BatchesClient, body: object) -> MessageBatch:
        await create_from(client, body)  # type: ignore[arg-type]
        raise SystemExit

    async with submitting(sandbox, tmp_path / "data") as one:
        for path, die in ((file, die_before), (other, die_after)):
            monkeypatch.setattr(BatchesClient, "create_from", die)
            with pytest.raises(SystemExit):
                await one.create(path)
        monkeypatch.undo()
        theirs, _ = await batches_on(sandbox)
        for path in (file, other):
            with pytest.raises(NotSubmitted, match=f"Several batches may be .*: {theirs.id}. Nothing"):
                await one.create(path)
        one.submissions.attach(theirs.id, other, requests=5)
        assert await one.create(other) == []
    async with submitting(sandbox, tmp_path / "data", appear_seconds=0) as later:
        (ours,) = await later.create(file)
    assert [batch.id for batch in await batches_on(sandbox)][:-1] == [ours, theirs.id]


async def test_newest_batch_may_be_deleted_before_lookup(
    sandbox_with: SandboxFactory, tmp_path: Path, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox = sandbox_with(batches=0, faults=("drop-after-accept:3",), speed=1000.0)
    older = await create_elsewhere(sandbox, len(REQUESTS))
    newest = await create_elsewhere(sandbox, 3)
    create_from = BatchesClient.create_from

    async def create_while_another_deletes(client: BatchesClient, body: object) -> MessageBatch:
        await ended(client, newest.id)
        await client.delete(newest.id)
        return await create_from(client, body)  # type: ignore[arg-type]

    monkeypatch.setattr(BatchesClient, "create_from", create_while_another_deletes)
    async with submitting(sandbox, tmp_path / "data") as one:
        with suppress(NotSubmitted):  # unless it has ended already
            await one.create(file)
        ours, *before = await batches_on(sandbox)
        assert [batch.id for batch in before] == [older.id]
        await ended(one.client, ours.id)
        assert await one.create(file) in ([ours.id], [])
    assert len(await batches_on(sandbox)) == 2


async def test_split_submission_is_resumed(
    sandbox_with: SandboxFactory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preparing, "MAX_REQUESTS", 100)
    sandbox = sandbox_with(batches=0, faults=("500:2@create",), speed=SLOW)
    file = write(tmp_path / "file.jsonl", (request(f"a-{n}") for n in range(201)))
    async with submitting(sandbox, tmp_path / "data", appear_seconds=0) as one:
        with pytest.raises(NotSubmitted, match=r"^Batch 2 of 3 is not on the server"):
            await one.create(file)
        (first,) = [batch.id for batch in await batches_on(sandbox)]
        with pytest.raises(NotSubmitted, match=r"^Batch 3 of 3 is not on the server"):
            await one.create(file)
        ids = await one.create(file)
        assert await one.create(file) == []
        assert one.submissions.family(ids[1]) == (ids, [])
    batches = await batches_on(sandbox)
    assert ids[0] == first
    assert [(batch.id, batch.request_counts.total) for batch in reversed(batches)] == list(
        zip(ids, [100, 100, 1], strict=True)
    )


async def test_journal_is_written_before_sending(
    sandbox_with: SandboxFactory, tmp_path: Path, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox = sandbox_with(batches=0)

    async def die(client: BatchesClient, body: RequestBody) -> MessageBatch:
        async for _ in body:
            (part,) = two.submissions.parts(one.stored[0])
            seen.append(part.state)
        raise SystemExit

    seen: list[PartState] = []
    async with submitting(sandbox, tmp_path / "data") as one, submitting(sandbox, tmp_path / "data") as two:
        with monkeypatch.context() as patch:
            patch.setattr(BatchesClient, "create_from", die)
            with pytest.raises(SystemExit):
                await one.create(file)
    assert (seen[0], seen[-1]) == (PartState.UPLOADING, PartState.SENDING)
    async with submitting(sandbox, tmp_path / "data", appear_seconds=0) as two:
        (kept,) = two.stored
        (part,) = two.submissions.parts(kept)
        assert part.may_exist
        (batch_id,) = await two.create(file)
        assert two.stored == [kept]
    assert [batch.id for batch in await batches_on(sandbox)] == [batch_id]


@pytest.mark.parametrize("message", ["requests.2.params: Input should be an object", "No such parameter"])
async def test_request_named_by_server_is_located(tmp_path: Path, message: str) -> None:
    page = {"data": [], "has_more": False, "first_id": None, "last_id": None}
    listed = answer("200 OK", json.dumps(page).encode())
    refused = error_answer("400 Bad Request", "invalid_request_error", message)
    file = tmp_path / "file.jsonl"
    file.write_text("\n\n".join(map(json.dumps, REQUESTS)))
    async with (
        canned_server(listed, refused) as server,
        BatchesClient(server.profile, retry=ONE_TRY) as client,
    ):
        one = Submitting(client, private_dir(tmp_path / "data"), NO_DELAYS, APPEAR_SECONDS)
        with pytest.raises(NotSubmitted) as told:
            await one.create(file)
        one.submissions.close()
    place = f" requests.2 is line 5 of {file}, custom_id a-2."
    assert str(told.value).endswith(place) == message.startswith("requests.2")
    assert str(told.value).startswith(f"The batch was not created: {message} (400")


async def test_incomplete_upload_is_sent_immediately(
    sandbox_with: SandboxFactory, tmp_path: Path, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox = sandbox_with(batches=0)

    async def die(client: BatchesClient, body: RequestBody) -> MessageBatch:
        async for _ in body:
            raise SystemExit
        raise AssertionError

    async with submitting(sandbox, tmp_path / "data") as one:
        with monkeypatch.context() as patch:
            patch.setattr(BatchesClient, "create_from", die)
            with pytest.raises(SystemExit):
                await one.create(file)
        assert await one.create(file) == [batch.id for batch in await batches_on(sandbox)]
    assert len(await batches_on(sandbox)) == 1
