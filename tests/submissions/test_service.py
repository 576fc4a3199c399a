"""Submissions: duplicates, stored requests, attaching and resubmitting."""

from __future__ import annotations

import asyncio
import json
import os
import time
from typing import TYPE_CHECKING, Any

import pytest

from batchtui.api import ReadOnlySession
from batchtui.submissions import NotSubmitted, SubmissionError
from batchtui.submissions.request_store import DRAFT_SECONDS
from tests.results.wire import errored, jsonl
from tests.results.wire import results_of as results_here
from tests.submitting import Submitting, batches_on, ended, request, results_of, submitting, write

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from batchtui.sandbox import Embedded

    SandboxFactory = Callable[..., Embedded]

REQUESTS = [request(f"a-{n}", f"Item {n}.") for n in range(10)]


@pytest.fixture
def server(sandbox_with: SandboxFactory) -> Embedded:
    """A sandbox on which every fifth request fails the first time."""
    return sandbox_with(batches=0, faults=("overload:5",), speed=500.0)


@pytest.fixture
async def one(server: Embedded, tmp_path: Path) -> AsyncIterator[Submitting]:
    async with submitting(server, tmp_path / "data") as one:
        yield one


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return write(tmp_path / "file.jsonl", REQUESTS)


# Duplicates


async def test_duplicate_needs_confirmation(
    one: Submitting, server: Embedded, file: Path, tmp_path: Path
) -> None:
    (first,) = await one.create(file)
    copy = write(tmp_path / "copy.jsonl", REQUESTS)
    assert await one.create(copy) == []
    assert len(one.stored) == 1
    (second,) = await one.create(copy, allow_duplicate=True)
    assert [batch.id for batch in await batches_on(server)] == [second, first]


async def test_concurrent_duplicate_is_rejected(one: Submitting, server: Embedded, file: Path) -> None:
    async with submitting(server, one.folder) as two:
        first, second = (each.submissions.plan_file(file) for each in (one, two))
        assert not first.identical
        assert not second.identical
        (batch_id,) = (await one.submissions.submit(first)).batch_ids
        rejected = pytest.raises(
            SubmissionError, match=rf"submitted the same as {batch_id}\. Nothing was sent"
        )
        with rejected, second:
            await two.submissions.submit(second)
    assert [batch.id for batch in await batches_on(server)] == [batch_id]
    assert len(one.stored) == 1


async def test_submit_lock_is_exclusive(one: Submitting, server: Embedded, file: Path) -> None:
    async with submitting(server, one.folder) as two:
        sending = asyncio.create_task(one.submissions.submit(one.submissions.plan_file(file)))
        await asyncio.sleep(0)  # let it start
        busy = pytest.raises(SubmissionError, match="Another batchtui is submitting")
        with two.submissions.plan_file(file) as plan, busy:
            await two.submissions.submit(plan)
        await sending
    assert len(await batches_on(server)) == 1
    assert len(one.stored) == 1


async def test_read_only_client_sends_nothing(one: Submitting, server: Embedded, file: Path) -> None:
    batch = await one.client.create(REQUESTS)
    async with submitting(server, one.folder, read_only=True) as reader:
        with pytest.raises(NotSubmitted, match="read-only session"):
            await reader.create(file)
        for change in (
            reader.client.create(REQUESTS),
            reader.client.cancel(batch.id),
            reader.client.delete(batch.id),
        ):
            with pytest.raises(ReadOnlySession):
                await change
        assert reader.stored == []
    assert [listed.id for listed in await batches_on(server)] == [batch.id]


async def test_plan_does_not_change_another_plan(one: Submitting, file: Path) -> None:
    with one.submissions.plan_file(file) as before:
        await one.create(file)
        looked_up = one.submissions.with_identical(before)
        assert looked_up.identical
        assert not before.identical
        with pytest.raises(SubmissionError, match="just submitted the same"):
            await one.submissions.submit(before)


# Stored requests


async def test_requests_are_stored_as_sent(one: Submitting, file: Path) -> None:
    (batch_id,) = await one.create(file)
    raw = one.submissions.request(batch_id, "a-7")
    assert raw
    assert json.loads(raw) == REQUESTS[7]
    assert one.submissions.request(batch_id, "none") is None
    assert one.submissions.request("msgbatch_other", "a-7") is None


async def test_attach_file_to_foreign_batch(one: Submitting, file: Path, tmp_path: Path) -> None:
    batch = await one.client.create([*REQUESTS[2:], request("c")])
    assert not one.submissions.has_requests(batch.id)
    attached = one.submissions.attach(batch.id, file, requests=9)
    assert (attached.requests, attached.compared) == (10, False)

    with await results_of(one, batch.id) as results:
        attached = one.submissions.attach(batch.id, file, requests=9, results=results)
        assert (attached.missing, sorted(attached.extra)) == (["c"], ["a-0", "a-1"])
        stranger = write(tmp_path / "stranger", [request("x")])
        with pytest.raises(SubmissionError, match="No matching custom_ids"):
            one.submissions.attach(batch.id, stranger, requests=9, results=results)
    assert one.submissions.request(batch.id, "a-3") is not None


async def test_attach_rejects_submitted_batch(one: Submitting, file: Path) -> None:
    (batch_id,) = await one.create(file)
    with pytest.raises(SubmissionError, match="batchtui submitted"):
        one.submissions.attach(batch_id, file, requests=10)
    assert len(one.stored) == 1


async def test_attach_rejects_file_without_requests(one: Submitting, tmp_path: Path) -> None:
    batch = await one.client.create(REQUESTS)
    with pytest.raises(SubmissionError, match=r"line 1: .* Nothing was changed"):
        one.submissions.attach(batch.id, write(tmp_path / "odd", ["x"]), requests=10)
    assert one.stored == []


async def test_old_drafts_are_removed(one: Submitting, file: Path) -> None:
    await one.create(file)
    young, old = (one.submissions.plan_file(file).prepared for _ in range(2))
    for path in one.folder.rglob("*.*"):
        if path.name.split(".")[0] != young.file.name:
            os.utime(path, (0, time.time() - DRAFT_SECONDS - 1))
    one.submissions.plan_file(file).prepared.discard()
    assert not old.file.data.exists()
    assert not old.file.index.exists()
    assert young.file.data.exists()
    assert len(one.stored) == 1


async def test_repeated_attach_stores_one_copy(one: Submitting, file: Path, tmp_path: Path) -> None:
    batch = await one.client.create(REQUESTS)
    for _ in range(2):
        one.submissions.attach(batch.id, file, requests=10)
    assert len(one.stored) == 1
    assert one.submissions.family(batch.id) == ([batch.id], [])


async def test_attach_replaces_earlier_file(one: Submitting, file: Path, tmp_path: Path) -> None:
    batch = await one.client.create(REQUESTS)
    wrong = write(tmp_path / "wrong.jsonl", [request(f"b-{n}") for n in range(10)])
    one.submissions.attach(batch.id, wrong, requests=10)
    assert await one.create(wrong) == []
    assert one.submissions.attach(batch.id, file, requests=10).replaced == str(wrong)
    assert one.submissions.request(batch.id, "a-3") is not None
    assert await one.create(file) == []
    assert len(one.stored) == 1
    assert len(await one.create(wrong)) == 1, "it was never sent"


async def test_attach_rejects_less_complete_file(one: Submitting, file: Path, tmp_path: Path) -> None:
    batch = await one.client.create(REQUESTS)
    one.submissions.attach(batch.id, file, requests=10)
    short = write(tmp_path / "short.jsonl", REQUESTS[:9])
    with pytest.raises(SubmissionError, match=rf"has 9 of 10 requests of .*{file} has 10\. Attach a file"):
        one.submissions.attach(batch.id, short, requests=10)
    assert one.submissions.request(batch.id, "a-9") is not None


async def test_attach_with_results_replaces_wrong_file(one: Submitting, file: Path, tmp_path: Path) -> None:
    batch = await one.client.create(REQUESTS[:4])
    wrong = write(tmp_path / "wrong.jsonl", [request("a-0"), *(request(f"b-{n}") for n in range(3))])
    one.submissions.attach(batch.id, wrong, requests=4)
    with await results_of(one, batch.id) as results:
        short = write(tmp_path / "short.jsonl", REQUESTS[:2])
        assert one.submissions.attach(batch.id, short, requests=4, results=results).replaced == str(wrong)
        assert one.submissions.attach(batch.id, file, requests=4, results=results).replaced == str(short)
        with pytest.raises(SubmissionError, match=r"No matching custom_ids in .* Not attached\.$"):
            stranger = write(tmp_path / "stranger.jsonl", [request("x")])
            one.submissions.attach(batch.id, stranger, requests=4, results=results)
    assert len(one.stored) == 1


async def test_attached_content_counts_as_submitted(one: Submitting, file: Path) -> None:
    batch = await one.client.create(REQUESTS)
    one.submissions.attach(batch.id, file, requests=10)
    assert await one.create(file) == []
    assert len(await one.create(file, allow_duplicate=True)) == 1


# Resubmitting


async def again(one: Submitting, batch_id: str, **wanted: Any) -> list[str]:  # noqa: ANN401 (of `failures`)
    """Resubmit like `batchtui resubmit ID --yes`; return the ids of the new batches."""
    await one.submissions.find_lost(batch_id)
    with await results_of(one, batch_id) as results:
        failures = one.submissions.failures(batch_id, results, **wanted)
    if not failures.resubmittable:
        return []
    with one.submissions.plan_resubmission(batch_id, failures, wanted.get("corrected")) as plan:
        return await one.send(plan)


async def test_failures_are_resubmitted_once(one: Submitting, server: Embedded, file: Path) -> None:
    (batch_id,) = await one.create(file)
    (child,) = await again(one, batch_id)
    assert [batch.request_counts.total for batch in await batches_on(server)] == [2, 10]
    assert await again(one, batch_id) == []
    with await results_of(one, batch_id) as results:
        failures = one.submissions.failures(batch_id, results)
    assert {child_id: sorted(ids) for child_id, ids in failures.already_resubmitted.items()} == {
        child: ["a-4", "a-9"]
    }
    raw = one.submissions.request(child, "a-9")
    assert raw
    assert json.loads(raw) == REQUESTS[9]
    assert one.submissions.family(child) == ([batch_id], [child])


async def test_selected_failures_are_resubmitted_first(one: Submitting, file: Path) -> None:
    (batch_id,) = await one.create(file)
    (first,) = await again(one, batch_id, custom_ids=["a-9", "a-1"])
    (rest,) = await again(one, batch_id)
    assert one.submissions.request(first, "a-9")
    assert one.submissions.request(rest, "a-4")
    assert one.submissions.request(rest, "a-9") is None
    assert one.submissions.family(rest) == ([batch_id], [first, rest])


async def test_concurrent_resubmission_is_rejected(one: Submitting, server: Embedded, file: Path) -> None:
    (batch_id,) = await one.create(file)
    plan = one.plan_resubmission(batch_id, ["a-4"])
    wider = one.plan_resubmission(batch_id, ["a-4", "a-9"])
    assert not plan.identical
    assert not wider.identical
    (child,) = (await one.submissions.submit(plan)).batch_ids
    with pytest.raises(SubmissionError, match=f"just resubmitted some of them as {child}"):
        await one.submissions.submit(wider)
    assert len(await batches_on(server)) == 2


async def test_wholly_failed_batch_is_resubmitted(
    sandbox_with: SandboxFactory, tmp_path: Path, file: Path
) -> None:
    async with submitting(sandbox_with(batches=0, faults=("overload:1",), speed=500.0), tmp_path) as one:
        (batch_id,) = await one.create(file)
        (child,) = await again(one, batch_id)
        with await results_of(one, child) as results:
            assert results.counts("outcome") == {"succeeded": 10}


async def test_lost_resubmission_is_found_first(
    sandbox_with: SandboxFactory, tmp_path: Path, file: Path
) -> None:
    faults = "overload:2", "drop-after-accept:2", "500:4@list"
    server = sandbox_with(batches=0, faults=faults, speed=500.0)
    async with submitting(server, tmp_path) as one:
        (batch_id,) = await one.create(file)
        await one.client.list()
        with pytest.raises(NotSubmitted, match="may have been created"):
            await again(one, batch_id, custom_ids=["a-1", "a-3"])
        await ended(one.client, (await batches_on(server))[0].id)  # so that custom_ids can be compared
        await again(one, batch_id, custom_ids=["a-3", "a-5"])
    counts = [batch.request_counts.total for batch in await batches_on(server)]
    assert counts == [1, 2, 10]


async def test_invalid_requests_need_correction(one: Submitting, server: Embedded, tmp_path: Path) -> None:
    bad = [request(f"a-{n}") for n in range(4)]
    for n in (0, 1):
        bad[n]["params"]["store"] = True
    batch = await one.client.create(bad)
    one.submissions.attach(batch.id, write(tmp_path / "bad", bad), requests=4)
    with await results_of(one, batch.id) as results:
        failures = one.submissions.failures(batch.id, results)
        assert failures.resubmittable == []
        assert sorted(failures.invalid) == [
            (f"a-{n}", "store: Extra inputs are not permitted") for n in (0, 1)
        ]
        assert sorted(one.submissions.failures(batch.id, results, include_invalid=True).resubmittable) == [
            "a-0",
            "a-1",
        ]

    same_with_other_key_order = dict(reversed(bad[0].items()))
    corrected = one.submissions.read_requests(
        write(tmp_path / "corrected", [same_with_other_key_order, request("a-1", "Corrected.")])
    )
    (child,) = await again(one, batch.id, corrected=corrected)
    corrected.discard()
    raw = one.submissions.request(child, "a-1")
    assert raw
    assert json.loads(raw) == request("a-1", "Corrected.")
    assert one.submissions.request(child, "a-0") is None
    first = one.submissions.request(batch.id, "a-1")
    assert first
    assert json.loads(first) == bad[1]  # the sent request is unchanged
    with await results_of(one, child) as results:
        assert results.counts("outcome") == {"succeeded": 1}


async def test_missing_requests_are_listed(one: Submitting) -> None:
    batch = await one.client.create(REQUESTS)
    with await results_of(one, batch.id) as results:
        failures = one.submissions.failures(batch.id, results)
    assert (failures.resubmittable, sorted(failures.missing)) == ([], ["a-4", "a-9"])


def test_retired_model_is_invalid_and_billing_is_counted(one: Submitting, tmp_path: Path) -> None:
    failed = [
        ("a-0", "not_found_error", "model: claude-3-sonnet-20240229"),
        ("a-1", "billing_error", "Your credit balance is too low to access the API."),
        ("a-2", "invalid_request_error", "Your credit balance is too low to access the API."),
        ("a-3", "overloaded_error", "Overloaded"),
    ]
    one.submissions.attach("b1", write(tmp_path / "sent", REQUESTS[:4]), requests=4)
    with results_here(jsonl(*(errored(*each) for each in failed))) as results:
        failures = one.submissions.failures("b1", results)
    assert failures.invalid == [("a-0", "model: claude-3-sonnet-20240229")]
    assert (failures.resubmittable, failures.needs_account) == (["a-1", "a-2", "a-3"], 2)
