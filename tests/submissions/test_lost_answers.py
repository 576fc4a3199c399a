"""A create whose answer was lost: what may exist is not sent again, what is not confirmed is not adopted."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from batchtui.submissions import Found, NotSubmitted, PartState, SubmissionError
from tests.submitting import (
    PATIENTLY,
    SLOW,
    Submitting,
    batches_on,
    ended,
    record_of,
    request,
    results_of,
    submitting,
    write,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from batchtui.sandbox import Embedded

    SandboxFactory = Callable[..., Embedded]

REQUESTS = [request(f"a-{n}") for n in range(5)]
OTHERS = [request(f"b-{n}") for n in range(5)]
MAY_APPEAR = r"may still appear on the server: .* Run it again after \d\d:\d\d \(in (10|9) min\)\.$"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return write(tmp_path / "file.jsonl", REQUESTS)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


async def start_with_another(one: Submitting) -> None:
    """A batch of another size, so that faults at every second create hit the next one."""
    await one.client.create([request("x")])


async def refused(one: Submitting, file: Path) -> str:
    """The sentence with which `create` refuses to send."""
    with pytest.raises(NotSubmitted) as caught:
        await one.create(file)
    return str(caught.value)


def state(one: Submitting) -> PartState:
    """How far the only submission has come."""
    (kept,) = one.kept
    (part,) = one.submissions.parts(kept)
    return part.state


def lose_requests(one: Submitting) -> None:
    Path(one.folder, "requests", f"{one.kept[0]}.jsonl").unlink()


# Number of batches, whatever becomes of the answer


@pytest.mark.parametrize(
    "fault", ["drop-after-accept", "502-after-accept", "408-after-accept", "409-after-accept", "timeout"]
)
async def test_a_batch_as_large_is_probable_until_its_custom_ids_are_compared(
    sandbox_with: SandboxFactory, data: Path, file: Path, fault: str
) -> None:
    sandbox = sandbox_with(batches=2, faults=(fault,), speed=10)
    async with submitting(sandbox, data, create_seconds=0.2, look_seconds=PATIENTLY) as one:
        sentence = await refused(one, file)
        newest = (await batches_on(sandbox))[0]
        assert sentence.startswith(f"Probably {newest.id}: same size, created since. Not confirmed.")
        assert await refused(one, file) == sentence
        assert not one.submissions.has_requests(newest.id)
        assert one.submissions.estimate(newest.id) is None
        assert one.submissions.origin(newest.id) is None

        await ended(one.client, newest.id)
        assert await one.create(file) == [newest.id]
        assert one.told[-1] == Found(newest.id)
        assert one.submissions.has_requests(newest.id)
        assert await one.create(file) == []
    assert len(await batches_on(sandbox)) == 3


async def test_a_batch_that_appears_late_is_found_and_not_sent_again(
    sandbox_with: SandboxFactory, data: Path, file: Path
) -> None:
    sandbox = sandbox_with(batches=0, faults=("late",), speed=10)  # listed after 2.5 s, ended after 2
    async with submitting(sandbox, data) as one:
        for _ in range(2):
            with pytest.raises(NotSubmitted, match=MAY_APPEAR):
                await one.create(file)
            assert await batches_on(sandbox) == []
        async with asyncio.timeout(30):
            while not (listed := await batches_on(sandbox)):  # each call takes its time
                pass
        assert await one.create(file) == [listed[0].id]
    assert len(await batches_on(sandbox)) == 1


@pytest.mark.parametrize("fault", ["refuse", "500"])
async def test_what_does_not_appear_is_sent_again_only_after_the_time_has_passed(
    sandbox_with: SandboxFactory, data: Path, file: Path, fault: str
) -> None:
    sandbox = sandbox_with(batches=0, faults=(f"{fault}:2@create",), speed=SLOW)
    async with submitting(sandbox, data) as one:
        await start_with_another(one)
        for _ in range(3):
            with pytest.raises(NotSubmitted, match=MAY_APPEAR):
                await one.create(file)
        assert len(await batches_on(sandbox)) == 1
    async with submitting(sandbox, data, unknown_seconds=0) as later:
        (batch_id,) = await later.create(file)
    assert [batch.id for batch in await batches_on(sandbox)][:-1] == [batch_id]


async def test_again_sends_what_may_exist(sandbox_with: SandboxFactory, data: Path, file: Path) -> None:
    sandbox = sandbox_with(batches=0, faults=("drop-after-accept:2",), speed=SLOW)
    async with submitting(sandbox, data) as one:
        await start_with_another(one)
        await refused(one, file)
        (batch_id,) = await one.create(file, again=True)
        assert one.submissions.has_requests(batch_id)
    assert len(await batches_on(sandbox)) == 3


@pytest.mark.parametrize("jump", [3600.0, -3600.0, 365 * 86400.0])
async def test_a_clock_that_is_set_does_not_change_the_time_to_wait(
    sandbox_with: SandboxFactory, data: Path, file: Path, monkeypatch: pytest.MonkeyPatch, jump: float
) -> None:
    sandbox = sandbox_with(batches=0, faults=("refuse@create",), speed=SLOW)
    async with submitting(sandbox, data) as one:
        await refused(one, file)
        now = time.time
        monkeypatch.setattr("batchtui.submissions.moment.time.time", lambda: now() + jump)
        with pytest.raises(NotSubmitted, match=MAY_APPEAR):
            await one.create(file)


# Batches of others


async def test_a_strangers_batch_is_dropped_by_its_custom_ids_and_ours_is_sent(
    sandbox_with: SandboxFactory, data: Path, file: Path
) -> None:
    sandbox = sandbox_with(batches=0, faults=("stranger:2", "refuse:2"), speed=10)
    async with submitting(sandbox, data) as one:
        await start_with_another(one)
        sentence = await refused(one, file)
        stranger, another = await batches_on(sandbox)
        assert sentence.startswith(f"Probably {stranger.id}:")
        await ended(one.client, stranger.id)
        for _ in range(2):
            with pytest.raises(NotSubmitted, match=MAY_APPEAR):
                await one.create(file)
        assert state(one) is PartState.ABSENT
    async with submitting(sandbox, data, unknown_seconds=0) as later:
        (batch_id,) = await later.create(file)
        assert not later.submissions.has_requests(stranger.id)
    assert [batch.id for batch in await batches_on(sandbox)] == [batch_id, stranger.id, another.id]


@pytest.mark.parametrize("order", ["before", "after"])
async def test_of_a_strangers_batch_and_ours_ours_is_found(
    sandbox_with: SandboxFactory, data: Path, file: Path, order: str
) -> None:
    faults = ("stranger:2", "drop-after-accept:2") if order == "before" else ("drop-after-accept:2",)
    sandbox = sandbox_with(batches=0, faults=faults, speed=1000)
    async with submitting(sandbox, data) as one:
        await start_with_another(one)
        with suppress(NotSubmitted):  # unless both have ended already
            await one.create(file)
        if order == "after":
            await one.client.create(OTHERS)
        newer, older, _ = await batches_on(sandbox)
        for batch in (newer, older):
            await ended(one.client, batch.id)
        with suppress(NotSubmitted):
            await one.create(file)
        ours, stranger = (newer, older) if order == "before" else (older, newer)
        assert one.submissions.has_requests(ours.id)
        assert not one.submissions.has_requests(stranger.id)
        assert await one.create(file) == []
    assert len(await batches_on(sandbox)) == 3


async def test_a_dropped_batch_is_not_taken_for_ours_again(
    sandbox_with: SandboxFactory, data: Path, file: Path
) -> None:
    sandbox = sandbox_with(batches=0, faults=("stranger:2", "drop-after-accept:2"), speed=SLOW)
    async with submitting(sandbox, data) as one:
        await start_with_another(one)
        with pytest.raises(NotSubmitted, match="is not known"):
            await one.create(file)
        ours, stranger, _ = await batches_on(sandbox)
        batch = record_of(stranger)
        assert one.submissions.may_be_ours(batch)
        one.submissions.compare(batch, ["stranger-0"])
        assert not one.submissions.may_be_ours(batch)
        assert (await refused(one, file)).startswith(f"Probably {ours.id}:")
        one.submissions.compare(record_of(ours), ["a-3", "a-0"])
        assert await one.create(file) == []
        with pytest.raises(SubmissionError, match="was submitted from here"):
            one.submissions.attach(ours.id, file, requests=5)


async def test_what_was_lost_and_attached_by_mistake_is_lost_again_once_another_file_is_attached(
    sandbox_with: SandboxFactory, data: Path, file: Path, tmp_path: Path
) -> None:
    sandbox = sandbox_with(batches=0, faults=("stranger:2", "refuse:2"), speed=SLOW)
    theirs = write(tmp_path / "theirs.jsonl", OTHERS)
    async with submitting(sandbox, data) as one:
        await start_with_another(one)
        await refused(one, file)
        stranger, _ = await batches_on(sandbox)
        one.submissions.attach(stranger.id, file, requests=5)
        assert await one.create(file) == []
        assert one.submissions.attach(stranger.id, theirs, requests=5).replaced == str(file)
        assert await one.create(theirs) == []
        with pytest.raises(NotSubmitted, match=MAY_APPEAR):
            await one.create(file)
    async with submitting(sandbox, data, unknown_seconds=0) as later:
        assert len(await later.create(file)) == 1
    assert len(await batches_on(sandbox)) == 3


async def test_a_batch_that_may_be_any_of_several_parts_is_attached_only_by_its_results(
    sandbox_with: SandboxFactory, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("batchtui.submissions.preparing.MOST_REQUESTS", 5)
    sandbox = sandbox_with(batches=0, faults=("drop-after-accept:2",), speed=10)
    both = write(tmp_path / "both.jsonl", [*REQUESTS, *OTHERS])
    async with submitting(sandbox, data) as one:
        await start_with_another(one)
        await refused(one, both)
        with pytest.raises(NotSubmitted):
            await one.create(both, again=True)  # the first part once more, and the second one
        newest = (await batches_on(sandbox))[0]
        with pytest.raises(SubmissionError, match="may be any of several parts"):
            one.submissions.attach(newest.id, both, requests=5)
        with await results_of(one, newest.id) as results:
            one.submissions.attach(newest.id, both, requests=5, results=results)
        assert await one.create(both) == []
        assert one.submissions.request(newest.id, "b-3") is not None
    assert len(await batches_on(sandbox)) == 4


async def test_results_undo_an_attachment_that_cannot_be_right(
    sandbox_with: SandboxFactory, data: Path, file: Path
) -> None:
    sandbox = sandbox_with(batches=0, faults=("stranger:2", "refuse:2"), speed=10)
    async with submitting(sandbox, data) as one:
        await start_with_another(one)
        await refused(one, file)
        stranger, _ = await batches_on(sandbox)
        one.submissions.attach(stranger.id, file, requests=5)
        undone = pytest.raises(SubmissionError, match=r"has no custom_id .* attached before is undone")
        with await results_of(one, stranger.id) as results, undone:
            one.submissions.attach(stranger.id, file, requests=5, results=results)
        with pytest.raises(NotSubmitted, match=MAY_APPEAR):
            await one.create(file)


async def test_kept_requests_that_are_gone_neither_confirm_nor_drop(
    sandbox_with: SandboxFactory, data: Path, file: Path
) -> None:
    sandbox = sandbox_with(batches=0, faults=("drop-after-accept",), speed=SLOW)
    async with submitting(sandbox, data) as one:
        sentence = await refused(one, file)
        lose_requests(one)
        (ours,) = await batches_on(sandbox)
        one.submissions.compare(record_of(ours), ["a-3"])
        one.submissions.compare(record_of(ours), ["b-3"])
        assert await refused(one, file) == sentence


async def test_a_probable_batch_that_is_deleted_is_no_candidate_any_more(
    sandbox_with: SandboxFactory, data: Path, file: Path
) -> None:
    sandbox = sandbox_with(batches=0, faults=("stranger:2", "refuse:2"), speed=10)
    async with submitting(sandbox, data) as one:
        await start_with_another(one)
        await refused(one, file)
        stranger, _ = await batches_on(sandbox)
        await ended(one.client, stranger.id)
        await one.client.delete(stranger.id)
        with pytest.raises(NotSubmitted, match=MAY_APPEAR):
            await one.create(file)
    async with submitting(sandbox, data, unknown_seconds=0) as later:
        assert await later.create(file)


async def test_attach_confirms_a_probable_batch_by_hand(
    sandbox_with: SandboxFactory, data: Path, file: Path
) -> None:
    sandbox = sandbox_with(batches=0, faults=("drop-after-accept",), speed=SLOW)
    async with submitting(sandbox, data) as one:
        await refused(one, file)
        (ours,) = await batches_on(sandbox)
        one.submissions.attach(ours.id, file, requests=5)
        assert await one.create(file) == []
        assert one.submissions.has_requests(ours.id)
    assert len(await batches_on(sandbox)) == 1
