"""Exactly one batch, whatever becomes of the answer: counted on the server by somebody else."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from batchtui.api import BatchesClient
from batchtui.config import private_dir
from batchtui.requests import Found, Lost, NotSubmitted, preparing
from batchtui.sandbox import SandboxOptions, embedded
from tests.canned_server import answer, canned_server, error_answer
from tests.submitting import (
    AT_ONCE,
    ONE_TRY,
    PATIENTLY,
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

    SandboxFactory = Callable[..., Embedded]

REQUESTS = [request(f"a-{n}") for n in range(5)]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return write(tmp_path / "file.jsonl", REQUESTS)


@pytest.mark.parametrize(
    ("fault", "before"), [("drop-after-accept", 0), ("502-after-accept", 3), ("timeout", 3)]
)
async def test_a_lost_answer_is_found_out(
    sandbox_with: SandboxFactory, tmp_path: Path, file: Path, fault: str, before: int
) -> None:
    sandbox = sandbox_with(batches=before, faults=(fault,))
    data = tmp_path / "data"
    async with submitting(sandbox, data, create_seconds=0.2, look_seconds=PATIENTLY) as one:
        ids = await one.create(file)
        assert [type(told) for told in one.told[-2:]] == [Lost, Found]
        assert await one.create(file) == []
    batches = await batches_on(sandbox)
    assert [batch.id for batch in batches if batch.request_counts.total == 5] == ids
    assert len(batches) == before + 1


@pytest.mark.parametrize("fault", ["refuse", "500", "529"])
async def test_what_is_not_on_the_server_is_said_to_be_absent_and_sent_when_asked_again(
    sandbox_with: SandboxFactory, tmp_path: Path, file: Path, fault: str
) -> None:
    sandbox = sandbox_with(batches=2, faults=(f"{fault}:2@create",))
    other = write(tmp_path / "other.jsonl", [request("b")])
    async with submitting(sandbox, tmp_path / "data") as one:
        await one.create(other)
        with pytest.raises(NotSubmitted, match=r"is not on the server.* Run the same command again"):
            await one.create(file)
        assert len(await batches_on(sandbox)) == 3
        (batch_id,) = await one.create(file)
    batches = await batches_on(sandbox)
    assert (len(batches), batches[0].id) == (4, batch_id)


@pytest.mark.parametrize("fault", ["429", "spend-limit"])
async def test_a_refusal_leaves_nothing_behind(
    sandbox_with: SandboxFactory, tmp_path: Path, file: Path, fault: str
) -> None:
    sandbox = sandbox_with(batches=0, faults=(f"{fault}@create",))
    async with submitting(sandbox, tmp_path / "data") as one:
        with pytest.raises(NotSubmitted, match=r"The batch was not created: .*limit"):
            await one.create(file)
        assert one.kept == []
    assert await batches_on(sandbox) == []


async def test_a_server_that_is_away_leaves_nothing_behind(tmp_path: Path, file: Path) -> None:
    with embedded(SandboxOptions(batches=0)) as sandbox:
        pass
    async with submitting(sandbox, tmp_path / "data") as one:
        with pytest.raises(NotSubmitted, match=r"was not sent: .* cannot be reached"):
            await one.create(file)
        assert one.kept == []


async def test_a_lost_answer_while_the_list_is_away_is_found_out_later(
    sandbox_with: SandboxFactory, tmp_path: Path, file: Path
) -> None:
    sandbox = sandbox_with(batches=1, faults=("drop-after-accept", "500:2@list"))
    async with submitting(sandbox, tmp_path / "data") as one:
        with pytest.raises(NotSubmitted, match="Whether the batch was created is not known"):
            await one.create(file)
        (batch_id,) = await one.create(file)
    assert [batch.id for batch in await batches_on(sandbox)][:-1] == [batch_id]


async def create_elsewhere(sandbox: Embedded, count: int) -> MessageBatch:
    async with BatchesClient(profile_of(sandbox)) as client:
        return await client.create([request(f"b-{n}") for n in range(count)])


async def test_batches_of_others_are_not_taken_for_ours(
    sandbox_with: SandboxFactory, tmp_path: Path, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox = sandbox_with(batches=0, faults=("drop-after-accept:2",))
    older = await create_elsewhere(sandbox, len(REQUESTS))
    async with submitting(sandbox, tmp_path / "data") as one:
        (batch_id,) = await one.create(file)
    assert [batch.id for batch in await batches_on(sandbox)] == [batch_id, older.id]


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

    async def die_before(client: BatchesClient, body: object) -> MessageBatch:
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
        (ours,) = await one.create(file)
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
        (batch_id,) = await one.create(file)
    assert [batch.id for batch in await batches_on(sandbox)] == [batch_id, older.id]


async def test_several_batches_are_gone_on_with_where_it_stopped(
    sandbox_with: SandboxFactory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preparing, "MOST_REQUESTS", 100)
    sandbox = sandbox_with(batches=0, faults=("529:2@create",))
    file = write(tmp_path / "file.jsonl", (request(f"a-{n}") for n in range(201)))
    async with submitting(sandbox, tmp_path / "data") as one:
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

    async def die(client: BatchesClient, body: object) -> MessageBatch:
        raise SystemExit

    async with submitting(sandbox, tmp_path / "data") as one:
        with monkeypatch.context() as patch:
            patch.setattr(BatchesClient, "create_from", die)
            with pytest.raises(SystemExit):
                await one.create(file)
    async with submitting(sandbox, tmp_path / "data") as two:
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
        one = Submitting(client, private_dir(tmp_path / "data"), AT_ONCE)
        with pytest.raises(NotSubmitted) as told:
            await one.create(file)
        one.submissions.close()
    place = f" requests.2 is line 5 of {file}, custom_id a-2."
    assert str(told.value).endswith(place) == message.startswith("requests.2")
    assert str(told.value).startswith(f"The batch was not created: {message} (400")
