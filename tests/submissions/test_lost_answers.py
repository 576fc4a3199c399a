"""Lost responses: a batch that may exist is not sent again, and an unconfirmed one is not accepted."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from batchtui.submissions import BatchFound, NotSubmitted, PartState, SubmissionError
from tests.submitting import (
    LONG_DELAYS,
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
MAY_APPEAR = r"may still appear on the server: .* Run the command again after \d\d:\d\d \(in (10|9) min\)\.$"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return write(tmp_path / "file.jsonl", REQUESTS)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


async def start_with_another(one: Submitting) -> None:
    """Create a batch of another size, so that faults at every second create hit the next one."""
    await one.client.create([request("x")])


async def refused(one: Submitting, file: Path) -> str:
    """Return the message with which `create` refuses to send."""
    with pytest.raises(NotSubmitted) as caught:
        await one.create(file)
    return str(caught.value)


def state(one: Submitting) -> PartState:
    """Return the state of the only submission."""
    (kept,) = one.stored
    (part,) = one.submissions.parts(kept)
    return part.state


def lose_requests(one: Submitting) -> None:
    Path(one.folder, "requests", f"{one.stored[0]}.jsonl").unlink()


# Own batches


@pytest.mark.parametrize(
    "fault", ["drop-after-accept", "502-after-accept", "408-after-accept", "409-after-accept", "timeout"]
)
async def test_batch_of_same_size_is_probable_until_compared(
    sandbox_with: SandboxFactory, data: Path, file: Path, fault: str
) -> None:
    sandbox = sandbox_with(batches=2, faults=(fault,), speed=10)
    async with submitting(sandbox, data, create_seconds=0.2, lookup_delays=LONG_DELAYS) as one:
        sentence = await refused(one, file)
        newest = (await batches_on(sandbox))[0]
        assert sentence.startswith(f"Probably {newest.id}: same size, created since. Not confirmed.")
        assert await refused(one, file) == sentence
        assert not one.submissions.has_requests(newest.id)
        assert one.submissions.estimate(newest.id) is None
        assert one.submissions.origin(newest.id) is None

        await ended(one.client, newest.id)
        assert await one.create(file) == [newest.id]
        assert one.events[-1] == BatchFound(newest.id)
        assert one.submissions.has_requests(newest.id)
        assert await one.create(file) == []
    assert len(await batches_on(sandbox)) == 3


async def test_late_batch_is_found(sandbox_with: SandboxFactory, data: Path, file: Path) -> None:
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
async def test_missing_batch_is_sent_again_after_timeout(
    sandbox_with: SandboxFactory, data: Path, file: Path, fault: str
) -> None:
    sandbox = sandbox_with(batches=0, faults=(f"{fault}:2@create",), speed=SLOW)
    async with submitting(sandbox, data) as one:
        await start_with_another(one)
        for _ in range(3):
            with pytest.raises(NotSubmitted, match=MAY_APPEAR):
                await one.create(file)
        assert len(await batches_on(sandbox)) == 1
    async with submitting(sandbox, data, appear_seconds=0) as later:
        (batch_id,) = await later.create(file)
    assert [batch.id for batch in await batches_on(sandbox)][:-1] == [batch_id]


async def test_allow_duplicate_sends_unknown_part(
    sandbox_with: SandboxFactory, data: Path, file: Path
) -> None:
    sandbox = sandbox_with(batches=0, faults=("drop-after-accept:2",), speed=SLOW)
    async with submitting(sandbox, data) as one:
        await start_with_another(one)
        await refused(one, file)
        (batch_id,) = await one.create(file, allow_duplicate=True)
        assert one.submissions.has_requests(batch_id)
    assert len(await batches_on(sandbox)) == 3


@pytest.mark.parametrize("jump", [3600.0, -3600.0, 365 * 86400.0])
async def test_changed_clock_does_not_change_wait(
    sandbox_with: SandboxFactory, data: Path, file: Path, monkeypatch: pytest.MonkeyPatch, jump: float
) -> None:
    sandbox = sandbox_with(batches=0, faults=("refuse@create",), speed=SLOW)
    async with submitting(sandbox, data) as one:
        await refused(one, file)
        now = time.time
        monkeypatch.setattr("batchtui.submissions.moment.time.time", lambda: now() + jump)
        with pytest.raises(NotSubmitted, match=MAY_APPEAR):
            await one.create(file)


# Foreign batches


async def test_foreign_batch_is_rejected_by_custom_ids(
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
    async with submitting(sandbox, data, appear_seconds=0) as later:
        (batch_id,) = await later.create(file)
        assert not later.submissions.has_requests(stranger.id)
    assert [batch.id for batch in await batches_on(sandbox)] == [batch_id, stranger.id, another.id]


@pytest.mark.parametrize("order", ["before", "after"])
async def test_own_batch_is_found_next_to_foreign_batch(
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


async def test_rejected_batch_stays_rejected(sandbox_with: SandboxFactory, data: Path, file: Path) -> None:
    sandbox = sandbox_with(batches=0, faults=("stranger:2", "drop-after-accept:2"), speed=SLOW)
    async with submitting(sandbox, data) as one:
        await start_with_another(one)
        with pytest.raises(NotSubmitted, match="Several batches may be"):
            await one.create(file)
        ours, stranger, _ = await batches_on(sandbox)
        batch = record_of(stranger)
        assert one.submissions.may_be_ours(batch)
        one.submissions.compare(batch, ["stranger-0"])
        assert not one.submissions.may_be_ours(batch)
        assert (await refused(one, file)).startswith(f"Probably {ours.id}:")
        one.submissions.compare(record_of(ours), ["a-3", "a-0"])
        assert await one.create(file) == []
        with pytest.raises(SubmissionError, match="batchtui submitted"):
            one.submissions.attach(ours.id, file, requests=5)


async def test_replacing_attachment_restores_lost_part(
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
    async with submitting(sandbox, data, appear_seconds=0) as later:
        assert len(await later.create(file)) == 1
    assert len(await batches_on(sandbox)) == 3


async def test_attach_needs_results_if_several_parts_match(
    sandbox_with: SandboxFactory, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("batchtui.submissions.preparing.MAX_REQUESTS", 5)
    sandbox = sandbox_with(batches=0, faults=("drop-after-accept:2",), speed=10)
    both = write(tmp_path / "both.jsonl", [*REQUESTS, *OTHERS])
    async with submitting(sandbox, data) as one:
        await start_with_another(one)
        await refused(one, both)
        with pytest.raises(NotSubmitted):
            await one.create(both, allow_duplicate=True)  # the first part once more, and the second one
        newest = (await batches_on(sandbox))[0]
        with pytest.raises(SubmissionError, match=r"Several parts of .* match"):
            one.submissions.attach(newest.id, both, requests=5)
        with await results_of(one, newest.id) as results:
            one.submissions.attach(newest.id, both, requests=5, results=results)
        assert await one.create(both) == []
        assert one.submissions.request(newest.id, "b-3") is not None
    assert len(await batches_on(sandbox)) == 4


async def test_results_undo_wrong_attachment(sandbox_with: SandboxFactory, data: Path, file: Path) -> None:
    sandbox = sandbox_with(batches=0, faults=("stranger:2", "refuse:2"), speed=10)
    async with submitting(sandbox, data) as one:
        await start_with_another(one)
        await refused(one, file)
        stranger, _ = await batches_on(sandbox)
        one.submissions.attach(stranger.id, file, requests=5)
        undone = pytest.raises(SubmissionError, match=r"No matching custom_ids .* now detached")
        with await results_of(one, stranger.id) as results, undone:
            one.submissions.attach(stranger.id, file, requests=5, results=results)
        with pytest.raises(NotSubmitted, match=MAY_APPEAR):
            await one.create(file)


async def test_missing_requests_neither_accept_nor_reject(
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


async def test_deleted_batch_is_no_candidate(sandbox_with: SandboxFactory, data: Path, file: Path) -> None:
    sandbox = sandbox_with(batches=0, faults=("stranger:2", "refuse:2"), speed=10)
    async with submitting(sandbox, data) as one:
        await start_with_another(one)
        await refused(one, file)
        stranger, _ = await batches_on(sandbox)
        await ended(one.client, stranger.id)
        await one.client.delete(stranger.id)
        with pytest.raises(NotSubmitted, match=MAY_APPEAR):
            await one.create(file)
    async with submitting(sandbox, data, appear_seconds=0) as later:
        assert await later.create(file)


async def test_attach_confirms_probable_batch(sandbox_with: SandboxFactory, data: Path, file: Path) -> None:
    sandbox = sandbox_with(batches=0, faults=("drop-after-accept",), speed=SLOW)
    async with submitting(sandbox, data) as one:
        await refused(one, file)
        (ours,) = await batches_on(sandbox)
        one.submissions.attach(ours.id, file, requests=5)
        assert await one.create(file) == []
        assert one.submissions.has_requests(ours.id)
    assert len(await batches_on(sandbox)) == 1
