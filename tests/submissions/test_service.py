"""Requests that are kept: tied to batches, sent again, and never paid for twice."""

from __future__ import annotations

import asyncio
import json
import os
import time
from typing import TYPE_CHECKING, Any

import pytest

from batchtui.submissions import NotSubmitted, SubmissionError
from batchtui.submissions.service import ORPHAN_SECONDS
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
    """A sandbox of one's own on which every fifth request fails the first time."""
    return sandbox_with(batches=0, faults=("overload:5",), speed=500.0)


@pytest.fixture
async def one(server: Embedded, tmp_path: Path) -> AsyncIterator[Submitting]:
    async with submitting(server, tmp_path / "data") as one:
        yield one


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return write(tmp_path / "file.jsonl", REQUESTS)


# Never twice


async def test_the_same_content_is_known_again_and_sent_only_when_told(
    one: Submitting, server: Embedded, file: Path, tmp_path: Path
) -> None:
    (first,) = await one.create(file)
    copy = write(tmp_path / "copy.jsonl", REQUESTS)
    assert await one.create(copy) == []
    assert len(one.kept) == 1
    (second,) = await one.create(copy, again=True)
    assert [batch.id for batch in await batches_on(server)] == [second, first]


async def test_two_that_start_at_the_same_time_make_one_batch(
    one: Submitting, server: Embedded, file: Path
) -> None:
    async with submitting(server, one.folder) as two:
        prepared = [each.submissions.prepare(file) for each in (one, two)]
        for each, what in zip((one, two), prepared, strict=True):
            assert each.submissions.earlier(what) is None
        (batch_id,) = (await one.submissions.submit(prepared[0])).batch_ids
        with pytest.raises(SubmissionError, match=f"submitted just now, as {batch_id}; nothing was sent"):
            await two.submissions.submit(prepared[1])
        two.submissions.discard(prepared[1])
    assert [batch.id for batch in await batches_on(server)] == [batch_id]
    assert len(one.kept) == 1


async def test_while_one_submits_another_is_refused(one: Submitting, server: Embedded, file: Path) -> None:
    async with submitting(server, one.folder) as two:
        prepared, other = one.submissions.prepare(file), two.submissions.prepare(file)
        sending = asyncio.create_task(one.submissions.submit(prepared))
        await asyncio.sleep(0)  # it begins
        with pytest.raises(SubmissionError, match="Another batchtui is submitting"):
            await two.submissions.submit(other)
        await sending
        two.submissions.discard(other)
    assert len(await batches_on(server)) == 1
    assert len(one.kept) == 1


# Requests that are kept


async def test_requests_of_a_batch_are_given_back_as_they_were_sent(one: Submitting, file: Path) -> None:
    (batch_id,) = await one.create(file)
    raw = one.submissions.request(batch_id, "a-7")
    assert raw
    assert json.loads(raw) == REQUESTS[7]
    assert one.submissions.request(batch_id, "none") is None
    assert one.submissions.request("msgbatch_other", "a-7") is None


async def test_a_file_is_tied_to_a_batch_that_was_made_elsewhere(
    one: Submitting, file: Path, tmp_path: Path
) -> None:
    batch = await one.client.create([*REQUESTS[2:], request("c")])
    assert not one.submissions.has_requests(batch.id)
    attached = one.submissions.attach(batch.id, file, requests=9)
    assert (attached.requests, attached.compared) == (10, False)

    with await results_of(one, batch.id) as results:
        attached = one.submissions.attach(batch.id, file, requests=9, results=results)
        assert (attached.missing, sorted(attached.extra)) == (["c"], ["a-0", "a-1"])
        stranger = write(tmp_path / "stranger", [request("x")])
        with pytest.raises(SubmissionError, match="has no custom_id of"):
            one.submissions.attach(batch.id, stranger, requests=9, results=results)
    assert one.submissions.request(batch.id, "a-3") is not None


async def test_what_was_submitted_here_keeps_its_own_requests(one: Submitting, file: Path) -> None:
    (batch_id,) = await one.create(file)
    with pytest.raises(SubmissionError, match="was submitted from here"):
        one.submissions.attach(batch_id, file, requests=10)
    assert len(one.kept) == 1


async def test_a_file_that_holds_no_requests_is_tied_to_nothing(one: Submitting, tmp_path: Path) -> None:
    batch = await one.client.create(REQUESTS)
    with pytest.raises(SubmissionError, match=r"line 1: .* Nothing was done"):
        one.submissions.attach(batch.id, write(tmp_path / "odd", ["x"]), requests=10)
    assert one.kept == []


async def test_old_drafts_are_removed(one: Submitting, file: Path) -> None:
    await one.create(file)
    young, old = one.submissions.prepare(file), one.submissions.prepare(file)
    for path in one.folder.rglob("*.*"):
        if path.name.split(".")[0] != young.kept.name:
            os.utime(path, (0, time.time() - ORPHAN_SECONDS - 1))
    one.submissions.discard(one.submissions.prepare(file))
    assert not old.kept.data.exists()
    assert not old.kept.index.exists()
    assert young.kept.data.exists()
    assert len(one.kept) == 1


async def test_the_same_content_is_kept_once_however_often_it_is_attached(
    one: Submitting, file: Path, tmp_path: Path
) -> None:
    batch = await one.client.create(REQUESTS)
    for _ in range(2):
        one.submissions.attach(batch.id, file, requests=10)
    assert len(one.kept) == 1
    assert one.submissions.family(batch.id) == ([batch.id], [])


async def test_attaching_another_file_replaces_what_was_attached_before(
    one: Submitting, file: Path, tmp_path: Path
) -> None:
    batch = await one.client.create(REQUESTS)
    wrong = write(tmp_path / "wrong.jsonl", [request(f"b-{n}") for n in range(10)])
    one.submissions.attach(batch.id, wrong, requests=10)
    assert await one.create(wrong) == []
    assert one.submissions.attach(batch.id, file, requests=10).replaced == str(wrong)
    assert one.submissions.request(batch.id, "a-3") is not None
    assert await one.create(file) == []
    assert len(one.kept) == 1
    assert len(await one.create(wrong)) == 1, "it was never sent"


async def test_a_file_with_fewer_requests_does_not_replace_a_whole_one(
    one: Submitting, file: Path, tmp_path: Path
) -> None:
    batch = await one.client.create(REQUESTS)
    one.submissions.attach(batch.id, file, requests=10)
    short = write(tmp_path / "short.jsonl", REQUESTS[:9])
    with pytest.raises(SubmissionError, match=rf"has 9 of 10 requests of .*{file}.* has 10\. Attach a file"):
        one.submissions.attach(batch.id, short, requests=10)
    assert one.submissions.request(batch.id, "a-9") is not None


async def test_a_right_file_replaces_a_longer_one_once_there_are_results_to_compare(
    one: Submitting, file: Path, tmp_path: Path
) -> None:
    batch = await one.client.create(REQUESTS[:4])
    wrong = write(tmp_path / "wrong.jsonl", [request("a-0"), *(request(f"b-{n}") for n in range(3))])
    one.submissions.attach(batch.id, wrong, requests=4)
    with await results_of(one, batch.id) as results:
        short = write(tmp_path / "short.jsonl", REQUESTS[:2])
        assert one.submissions.attach(batch.id, short, requests=4, results=results).replaced == str(wrong)
        assert one.submissions.attach(batch.id, file, requests=4, results=results).replaced == str(short)
        with pytest.raises(SubmissionError, match=r"has no custom_id of .* not attached to it\.$"):
            stranger = write(tmp_path / "stranger.jsonl", [request("x")])
            one.submissions.attach(batch.id, stranger, requests=4, results=results)
    assert len(one.kept) == 1


async def test_content_that_was_attached_to_a_batch_is_known_again(one: Submitting, file: Path) -> None:
    batch = await one.client.create(REQUESTS)
    one.submissions.attach(batch.id, file, requests=10)
    assert await one.create(file) == []
    assert len(await one.create(file, again=True)) == 1


# Sending again what failed


async def again(one: Submitting, batch_id: str, **wanted: Any) -> list[str]:  # noqa: ANN401 (of `failures`)
    """As `batchtui resubmit ID --yes`; answers the ids of the new batches."""
    await one.submissions.find_lost(batch_id)
    with await results_of(one, batch_id) as results:
        failures = one.submissions.failures(batch_id, results, **wanted)
    if not failures.again:
        return []
    prepared = one.submissions.prepare_again(batch_id, failures.again, wanted.get("mended"))
    try:
        return await one.send(prepared, parent=batch_id)
    finally:
        one.submissions.discard(prepared)


async def test_what_failed_is_sent_again_once(one: Submitting, server: Embedded, file: Path) -> None:
    (batch_id,) = await one.create(file)
    (child,) = await again(one, batch_id)
    assert [batch.request_counts.total for batch in await batches_on(server)] == [2, 10]
    assert await again(one, batch_id) == []
    with await results_of(one, batch_id) as results:
        failures = one.submissions.failures(batch_id, results)
    assert {child_id: sorted(ids) for child_id, ids in failures.sent_already.items()} == {
        child: ["a-4", "a-9"]
    }
    raw = one.submissions.request(child, "a-9")
    assert raw
    assert json.loads(raw) == REQUESTS[9]
    assert one.submissions.family(child) == ([batch_id], [child])


async def test_picked_ones_are_sent_first_and_the_rest_later(one: Submitting, file: Path) -> None:
    (batch_id,) = await one.create(file)
    (first,) = await again(one, batch_id, custom_ids=["a-9", "a-1"])
    (rest,) = await again(one, batch_id)
    assert one.submissions.request(first, "a-9")
    assert one.submissions.request(rest, "a-4")
    assert one.submissions.request(rest, "a-9") is None
    assert one.submissions.family(rest) == ([batch_id], [first, rest])


async def test_two_that_send_the_same_again_at_the_same_time(
    one: Submitting, server: Embedded, file: Path
) -> None:
    (batch_id,) = await one.create(file)
    prepared = one.submissions.prepare_again(batch_id, ["a-4"])
    wider = one.submissions.prepare_again(batch_id, ["a-4", "a-9"])
    for what in (prepared, wider):
        assert one.submissions.earlier(what, batch_id) is None
    (child,) = (await one.submissions.submit(prepared, parent=batch_id)).batch_ids
    with pytest.raises(SubmissionError, match=f"submitted again just now, as {child}; nothing was sent"):
        await one.submissions.submit(wider, parent=batch_id)
    assert len(await batches_on(server)) == 2


async def test_a_batch_that_failed_as_a_whole_can_be_sent_again(
    sandbox_with: SandboxFactory, tmp_path: Path, file: Path
) -> None:
    async with submitting(sandbox_with(batches=0, faults=("overload:1",), speed=500.0), tmp_path) as one:
        (batch_id,) = await one.create(file)
        (child,) = await again(one, batch_id)
        with await results_of(one, child) as results:
            assert results.counts("outcome") == {"succeeded": 10}


async def test_a_lost_answer_of_what_was_sent_again_is_found_before_more_is_sent(
    sandbox_with: SandboxFactory, tmp_path: Path, file: Path
) -> None:
    faults = "overload:2", "drop-after-accept:2", "500:4@list"
    server = sandbox_with(batches=0, faults=faults, speed=500.0)
    async with submitting(server, tmp_path) as one:
        (batch_id,) = await one.create(file)
        await one.client.list()
        with pytest.raises(NotSubmitted, match="is not known"):
            await again(one, batch_id, custom_ids=["a-1", "a-3"])
        await ended(one.client, (await batches_on(server))[0].id)  # so that custom_ids can be compared
        await again(one, batch_id, custom_ids=["a-3", "a-5"])
    counts = [batch.request_counts.total for batch in await batches_on(server)]
    assert counts == [1, 2, 10]


async def test_what_was_invalid_is_left_out_until_it_is_mended(
    one: Submitting, server: Embedded, tmp_path: Path
) -> None:
    bad = [request(f"a-{n}") for n in range(4)]
    for n in (0, 1):
        bad[n]["params"]["store"] = True
    batch = await one.client.create(bad)
    one.submissions.attach(batch.id, write(tmp_path / "bad", bad), requests=4)
    with await results_of(one, batch.id) as results:
        failures = one.submissions.failures(batch.id, results)
        assert failures.again == []
        assert sorted(failures.to_fix) == [
            (f"a-{n}", "store: Extra inputs are not permitted") for n in (0, 1)
        ]
        assert sorted(one.submissions.failures(batch.id, results, with_invalid=True).again) == ["a-0", "a-1"]

    same_in_other_words = dict(reversed(bad[0].items()))
    mended = one.submissions.read(
        write(tmp_path / "mended", [same_in_other_words, request("a-1", "Mended.")])
    )
    (child,) = await again(one, batch.id, mended=mended)
    one.submissions.discard(mended)
    raw = one.submissions.request(child, "a-1")
    assert raw
    assert json.loads(raw) == request("a-1", "Mended.")
    assert one.submissions.request(child, "a-0") is None
    first = one.submissions.request(batch.id, "a-1")
    assert first
    assert json.loads(first) == bad[1]  # what was sent stays what was sent
    with await results_of(one, child) as results:
        assert results.counts("outcome") == {"succeeded": 1}


async def test_requests_that_are_not_kept_are_named(one: Submitting) -> None:
    batch = await one.client.create(REQUESTS)
    with await results_of(one, batch.id) as results:
        failures = one.submissions.failures(batch.id, results)
    assert (failures.again, sorted(failures.no_request)) == ([], ["a-4", "a-9"])


def test_a_retired_model_is_left_out_and_an_empty_balance_is_told(one: Submitting, tmp_path: Path) -> None:
    failed = [
        ("a-0", "not_found_error", "model: claude-3-sonnet-20240229"),
        ("a-1", "billing_error", "Your credit balance is too low to access the API."),
        ("a-2", "invalid_request_error", "Your credit balance is too low to access the API."),
        ("a-3", "overloaded_error", "Overloaded"),
    ]
    one.submissions.attach("b1", write(tmp_path / "sent", REQUESTS[:4]), requests=4)
    with results_here(jsonl(*(errored(*each) for each in failed))) as results:
        failures = one.submissions.failures("b1", results)
    assert failures.to_fix == [("a-0", "model: claude-3-sonnet-20240229")]
    assert (failures.again, failures.needs_account) == (["a-1", "a-2", "a-3"], 2)
