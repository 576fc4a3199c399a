"""Exactly one batch, whatever becomes of the answer: counted on the server by somebody else."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from batchtui.api import BatchesClient
from batchtui.config import private_dir
from batchtui.sandbox import SandboxOptions, embedded
from batchtui.submissions import UNKNOWN_SECONDS, NotSubmitted, PartState, preparing
from tests.canned_server import answer, canned_server, error_answer
from tests.submitting import (
    AT_ONCE,
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


async def test_a_server_that_is_away_leaves_nothing_behind(tmp_path: Path, file: Path) -> None:
    with embedded(SandboxOptions(batches=0)) as sandbox:
        pass
    async with submitting(sandbox, tmp_path / "data") as one:
        with pytest.raises(NotSubmitted, match=r"was not sent: .* cannot be reached"):
            await one.create(file)
        assert one.kept == []


async def test_a_lost_answer_while_the_list_is_away_is_looked_for_later(
    sandbox_with: SandboxFactory, tmp_path: Path, file: Path
) -> None:
    sandbox = sandbox_with(batches=1, faults=("drop-after-accept", "500:2@list"), speed=SLOW)
    async with submitting(sandbox, tmp_path / "data") as one:
        with pytest.raises(NotSubmitted, match="Whether the batch was created is not known"):
            await one.create(file)
        with pytest.raises(NotSubmitted, match="Probably msgbatch_"):
            await one.create(file)
    assert len(await batches_on(sandbox)) == 2


async def create_elsewhere(sandbox: Embedded, count: int) -> MessageBatch:
    async with BatchesClient(profile_of(sandbox)) as client:
        return await client.create([request(f"b-{n}") for n in range(count)])


async def test_batches_of_before_are_not_taken_for_ours(
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


async def test_several_that_it_may_be_are_named_and_attach_settles_it(
    sandbox_with: SandboxFactory, tmp_path: Path, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox = sandbox_with(batches=1, faults=("drop-after-accept:2",))
    create_from = BatchesClient.create_from

    async def create_while_another_does(client: BatchesClient, body: object) -> MessageBatch:
        await create_elsewhere(sandbox, len(REQUESTS))
        return await create_from(client, body)  # type: ignore[arg-type]

    monkeypatch.setattr(BatchesClient, "create_from", create_while_another_does)
    async with submitting(sandbox, tmp_path / "data") as one:
        with pytest.raises(NotSubmitted, match=f"is not known; .*batchtui attach ID {file}") as first:
            await one.create(file)
        ours, others, _ = await batches_on(sandbox)
        assert ours.id in str(first.value)
        assert others.id in str(first.value)
        with pytest.raises(NotSubmitted, match="is not known"):
            await one.create(file)
        assert len(await batches_on(sandbox)) == 3

        attached = one.submissions.attach(ours.id, file, requests=len(REQUESTS))
        assert attached.requests == len(REQUESTS)
        assert await one.create(file) == []
        assert len(one.kept) == 1
        assert one.submissions.request(ours.id, "a-3") is not None
    assert len(await batches_on(sandbox)) == 3


async def test_of_two_as_large_that_were_lost_none_is_taken_for_the_other(
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
            with pytest.raises(NotSubmitted, match=f"is not known; .*: {theirs.id}. Look"):
                await one.create(path)
        one.submissions.attach(theirs.id, other, requests=5)
        assert await one.create(other) == []
    async with submitting(sandbox, tmp_path / "data", unknown_seconds=0) as later:
        (ours,) = await later.create(file)
    assert [batch.id for batch in await batches_on(sandbox)][:-1] == [ours, theirs.id]


async def test_the_newest_batch_of_before_may_be_deleted_meanwhile(
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


async def test_several_batches_are_gone_on_with_where_it_stopped(
    sandbox_with: SandboxFactory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preparing, "MOST_REQUESTS", 100)
    sandbox = sandbox_with(batches=0, faults=("500:2@create",), speed=SLOW)
    file = write(tmp_path / "file.jsonl", (request(f"a-{n}") for n in range(201)))
    async with submitting(sandbox, tmp_path / "data", unknown_seconds=0) as one:
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


async def test_the_kept_requests_are_synced_and_the_journal_written_before_a_byte_goes_out(
    sandbox_with: SandboxFactory, tmp_path: Path, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox = sandbox_with(batches=0)

    async def die(client: BatchesClient, body: RequestBody) -> MessageBatch:
        async for _ in body:
            (part,) = two.submissions.parts(one.kept[0])
            seen.append(part.state)
        raise SystemExit

    seen: list[PartState] = []
    async with submitting(sandbox, tmp_path / "data") as one, submitting(sandbox, tmp_path / "data") as two:
        with monkeypatch.context() as patch:
            patch.setattr(BatchesClient, "create_from", die)
            with pytest.raises(SystemExit):
                await one.create(file)
    assert (seen[0], seen[-1]) == (PartState.UPLOADING, PartState.SENDING)
    async with submitting(sandbox, tmp_path / "data", unknown_seconds=0) as two:
        (kept,) = two.kept
        (part,) = two.submissions.parts(kept)
        assert part.may_exist
        (batch_id,) = await two.create(file)
        assert two.kept == [kept]
    assert [batch.id for batch in await batches_on(sandbox)] == [batch_id]


@pytest.mark.parametrize("message", ["requests.2.params: Input should be an object", "No such parameter"])
async def test_a_request_that_the_server_names_is_found_in_the_file(tmp_path: Path, message: str) -> None:
    page = {"data": [], "has_more": False, "first_id": None, "last_id": None}
    listed = answer("200 OK", json.dumps(page).encode())
    refused = error_answer("400 Bad Request", "invalid_request_error", message)
    file = tmp_path / "file.jsonl"
    file.write_text("\n\n".join(map(json.dumps, REQUESTS)))
    async with (
        canned_server(listed, refused) as server,
        BatchesClient(server.profile, retry=ONE_TRY) as client,
    ):
        one = Submitting(client, private_dir(tmp_path / "data"), AT_ONCE, UNKNOWN_SECONDS)
        with pytest.raises(NotSubmitted) as told:
            await one.create(file)
        one.submissions.close()
    place = f" requests.2 is line 5 of {file}, custom_id a-2."
    assert str(told.value).endswith(place) == message.startswith("requests.2")
    assert str(told.value).startswith(f"The batch was not created: {message} (400")


async def test_what_broke_off_before_its_last_bytes_is_sent_at_once(
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
