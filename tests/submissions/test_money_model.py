"""A stateful model: no request is paid for twice without confirmation, and none is lost.

Two processes submit from one folder to a counting server while responses are lost, batches appear late,
others submit batches of the same size, processes are killed, records are lost and clocks change. Longer runs:

    BATCHTUI_MODEL_EXAMPLES=3000 python -m pytest tests/submissions/test_money_model.py
"""

from __future__ import annotations

import asyncio
import json
import os
import tempfile
from collections import Counter
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest import mock

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from batchtui.api import ApiError
from batchtui.submissions import (
    Attachment,
    JournalError,
    NotSubmitted,
    Plan,
    SubmissionError,
    preparing,
)
from tests.submissions.money_server import (
    ACCEPTING,
    LATE_SECONDS,
    NOT_ACCEPTING,
    Accepted,
    Clock,
    CountingServer,
    Killed,
    Process,
    killable,
    repeatable,
    run_as,
    set_times,
)
from tests.submitting import record_of, request, write

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

EXAMPLES = os.environ.get("BATCHTUI_MODEL_EXAMPLES")
MAX_REQUESTS = 2
FILES = {
    "one": [request("a-0"), request("a-1")],
    "as large": [request("b-0"), request("b-1")],
    "same ids": [request("a-0", "Other."), request("a-1", "Other.")],
    "two parts": [request(f"c-{n}") for n in range(4)],
}
TWINS = ("one", "same ids")
"""Files whose batches have the same custom_ids."""
MEMORY = Path("/dev/shm")
"""A folder without disk access, on Linux."""
LONG = 1e8
"""More seconds than any clock is changed by."""
REFUSED = (NotSubmitted, SubmissionError, JournalError, ApiError)
"""Errors that are shown to the user."""

processes = st.sampled_from([0, 1])
files = st.sampled_from(sorted(FILES))
outcomes = st.lists(st.sampled_from([*ACCEPTING, *NOT_ACCEPTING]), max_size=3)
list_failures = st.one_of(st.builds(list[bool]), st.lists(st.booleans(), max_size=4))
kill_steps = st.one_of(st.none(), st.none(), st.integers(0, 40))
yes = st.sampled_from([False, False, False, False, True])
LOSSES = (
    "delete journal",
    "empty journal",
    "overwrite journal",
    "flip journal",
    "delete receipts",
    "empty receipts",
    "flip receipt",
    "delete all",
)
losses = st.sampled_from(LOSSES)
places = st.integers(0, 1 << 16)


class Money(RuleBasedStateMachine):
    """Events in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        memory = MEMORY if MEMORY.is_dir() else None
        self.folder = Path(self.stack.enter_context(tempfile.TemporaryDirectory(dir=memory)))
        self.data = self.folder / "data"
        self.data.mkdir(0o700)
        self.clock = Clock()
        self.stack.enter_context(self.clock.set())
        self.stack.enter_context(killable())
        self.stack.enter_context(repeatable(self.data / "requests"))
        self.stack.enter_context(mock.patch.object(preparing, "MAX_REQUESTS", MAX_REQUESTS))
        self.runner = self.stack.enter_context(asyncio.Runner())
        self.server = CountingServer(self.clock)
        self.runner.run(self.server.start())
        self.processes = [self.new_process(n) for n in range(2)]
        self.plans: dict[int, tuple[str, Plan]] = {}
        self.allowed = Counter[tuple[str, str]]()
        """How often a duplicate was allowed, by intent and custom_id."""
        self.tried: set[str] = set()
        self.has_flipped = False
        for name, requests in FILES.items():
            write(self.path(name), requests)

    def path(self, name: str) -> Path:
        return self.folder / f"{name}.jsonl"

    def new_process(self, number: int) -> Process:
        process = Process(self.server.base_url, self.data, f"sk-process-{number}")
        self.server.processes[process.key] = process
        return process

    def end_process(self, number: int) -> None:
        self.plans.pop(number, None)
        self.processes[number].submissions.close()
        self.runner.run(self.processes[number].client.aclose())

    def restart(self, number: int) -> None:
        self.end_process(number)
        self.processes[number] = self.new_process(number)

    def run(self, number: int, work: Callable[[Process], Awaitable[object]]) -> object:
        """Run work as a process; return its result or its error."""
        process = self.processes[number]

        async def alive() -> object:
            run_as(process)
            try:
                return await work(process)
            except (*REFUSED, Killed) as told:
                return told

        result = self.runner.run(alive())
        process.steps_left = None
        if process.is_dead or isinstance(result, Killed):
            self.restart(number)
        self.set_times()
        return result

    def set_times(self) -> None:
        drafts = self.data / "drafts"
        if drafts.exists():
            set_times(drafts, self.clock.wall())

    def send(
        self,
        number: int,
        intent: str,
        make_plan: Callable[[Process], Plan],
        *,
        again: bool = False,
        parent: str | None = None,
    ) -> object:
        """Submit like `create` and `resubmit`."""
        arrived = self.server.arrived
        custom_ids = list[str]()

        async def work(process: Process) -> object:
            process.intent = intent
            if parent and not again:
                await process.submissions.find_lost(parent)
            with make_plan(process) as plan:
                custom_ids.extend(plan.prepared.file.custom_ids(plan.prepared.span))
                return await process.submitting.send(plan, allow_duplicate=again)

        result = self.run(number, work)
        if again and self.server.arrived > arrived:
            self.allowed.update((intent, custom_id) for custom_id in custom_ids)
        self.server.creates.clear()
        self.server.is_list_broken.clear()
        self.server.on_create = lambda: None
        return result

    # User actions

    @rule(number=processes, name=files, outcomes=outcomes, lists=list_failures, kill=kill_steps, again=yes)
    def create(
        self, number: int, name: str, outcomes: list[str], lists: list[bool], kill: int | None, again: bool
    ) -> None:
        self.tried.add(name)
        self.server.creates.extend(outcomes)
        self.server.is_list_broken.extend(lists)
        self.processes[number].steps_left = kill
        self.send(number, name, lambda process: process.submissions.plan_file(self.path(name)), again=again)

    @precondition(lambda self: self.tried)
    @rule(number=processes, data=st.data(), outcomes=outcomes)
    def run_the_same_command_again(self, number: int, data: st.DataObject, outcomes: list[str]) -> None:
        name = data.draw(st.sampled_from(sorted(self.tried)))
        self.server.creates.extend(outcomes)
        self.send(number, name, lambda process: process.submissions.plan_file(self.path(name)))

    @rule(number=processes, name=files, outcomes=outcomes, loss=losses, place=places)
    def create_while_records_are_lost(
        self, number: int, name: str, outcomes: list[str], loss: str, place: int
    ) -> None:
        self.tried.add(name)
        self.server.creates.extend(outcomes)
        self.server.on_create = lambda: self.lose(loss, place)
        self.send(number, name, lambda process: process.submissions.plan_file(self.path(name)))

    @rule(number=processes, name=files)
    def plan(self, number: int, name: str) -> None:
        """Plan a submission that is confirmed later."""
        self.discard_plan(number)

        async def work(process: Process) -> Plan:
            return process.submissions.plan_file(self.path(name))

        plan = self.run(number, work)
        if isinstance(plan, Plan):
            self.plans[number] = name, plan

    @precondition(lambda self: self.plans)
    @rule(data=st.data(), outcomes=outcomes, kill=kill_steps)
    def submit_plan(self, data: st.DataObject, outcomes: list[str], kill: int | None) -> None:
        """Confirm a plan, without knowing what has happened since."""
        number = data.draw(st.sampled_from(sorted(self.plans)))
        name, plan = self.plans.pop(number)
        if plan.identical:
            plan.prepared.discard()
            return
        self.tried.add(name)
        self.server.creates.extend(outcomes)
        self.processes[number].steps_left = kill

        async def work(process: Process) -> object:
            process.intent = name
            with plan:
                return await process.submissions.submit(plan)

        self.run(number, work)
        self.server.creates.clear()

    def discard_plan(self, number: int) -> None:
        if number in self.plans:
            self.plans.pop(number)[1].prepared.discard()

    @rule(names=st.tuples(files, files), outcomes=outcomes)
    def create_both_at_once(self, names: tuple[str, str], outcomes: list[str]) -> None:
        self.tried.update(names)
        self.server.creates.extend(outcomes)

        async def create(process: Process, name: str) -> None:
            run_as(process)
            process.intent = name
            with suppress(*REFUSED, Killed):
                await process.submitting.create(self.path(name))

        async def both() -> None:
            await asyncio.gather(*map(create, self.processes, names))

        self.runner.run(both())
        self.server.creates.clear()
        for number, process in enumerate(self.processes):
            if process.is_dead:
                self.restart(number)
        self.set_times()

    @property
    def failed(self) -> list[Accepted]:
        """Our batches with failed requests."""
        return [one for one in self.server.batches if one.intent is not None and one.failed]

    @precondition(lambda self: self.failed)
    @rule(number=processes, data=st.data(), outcomes=outcomes, kill=kill_steps, again=yes)
    def resubmit(
        self, number: int, data: st.DataObject, outcomes: list[str], kill: int | None, again: bool
    ) -> None:
        parent = data.draw(st.sampled_from(self.failed))
        custom_ids = data.draw(
            st.lists(st.sampled_from(sorted(parent.failed or ())), min_size=1, unique=True)
        )
        if not self.processes[number].submissions.has_requests(parent.id):
            return
        self.server.creates.extend(outcomes)
        self.processes[number].steps_left = kill

        def make_plan(process: Process) -> Plan:
            return process.submitting.plan_resubmission(parent.id, custom_ids)

        self.send(number, parent.id, make_plan, again=again, parent=parent.id)

    @precondition(lambda self: self.attachable)
    @rule(number=processes, data=st.data(), kill=kill_steps)
    def attach(self, number: int, data: st.DataObject, kill: int | None) -> None:
        """Attach the file that a batch came from."""
        batch = data.draw(st.sampled_from(self.attachable))
        custom_ids = None if batch.failed is None else list(batch.requests)
        self.processes[number].steps_left = kill

        async def work(process: Process) -> None:
            with process.submissions.read_requests(self.path(str(batch.intent))) as prepared:
                size = len(batch.requests)
                Attachment(process.submissions.store, batch.id, size, custom_ids).attach(prepared)

        self.run(number, work)

    @property
    def attachable(self) -> list[Accepted]:
        """Listed batches of files or of their parts."""
        return [one for one in self.server.listed if one.intent in FILES]

    @rule(number=processes)
    def watch(self, number: int) -> None:
        """Compare ended batches like `watch` and the screens."""

        async def work(process: Process) -> None:
            async for batch in process.client.iterate():
                await process.submissions.compare_ended(record_of(batch))

        self.run(number, work)

    @rule(number=processes)
    def look_for_what_was_lost(self, number: int) -> None:
        """Look for lost batches like the screens on start."""
        self.run(number, lambda process: process.submissions.find_all_lost())

    # Events

    @rule(number=processes)
    def kill(self, number: int) -> None:
        self.restart(number)

    @rule(seconds=st.sampled_from([10, 300, LATE_SECONDS, 700]))
    def time_passes(self, seconds: float) -> None:
        self.clock.passed += seconds

    @rule(size=st.integers(1, 2), late=st.booleans())
    def somebody_else_submits(self, size: int, late: bool) -> None:
        requests = [request(f"stranger-{n}") for n in range(size)]
        self.server.add(requests, None, late=late)

    @rule(data=st.data())
    def batches_end(self, data: st.DataObject) -> None:
        for batch in self.server.listed:
            if batch.failed is None and data.draw(st.booleans()):
                batch.failed = data.draw(st.sets(st.sampled_from(sorted(batch.requests))))

    @rule(offset=st.sampled_from([0.0, -3600.0, 3600.0, -1e7, 1e7]))
    def this_machines_clock_is_set(self, offset: float) -> None:
        self.clock.wall_offset = offset

    @rule(offset=st.sampled_from([None, 0.0, -3600.0, 3600.0, -1e7, 1e7]))
    def the_servers_clock_is_set(self, offset: float | None) -> None:
        self.clock.server_offset = offset

    @rule()
    def this_machine_restarts(self) -> None:
        self.clock.booted = self.clock.passed
        for number in range(2):
            self.restart(number)

    @rule(loss=losses, place=places)
    def records_are_lost(self, loss: str, place: int) -> None:
        self.lose(loss, place)

    def lose(self, loss: str, place: int) -> None:
        journal = self.data / "journal.db"
        receipts = sorted(self.data.glob("requests/*.receipt.json"))
        what, _, where = loss.partition(" ")
        self.has_flipped |= what == "flip"
        picked = receipts[place % len(receipts) :][:1] if where == "receipt" and receipts else []
        targets = {"journal": [journal], "receipts": receipts, "receipt": picked, "all": [journal, *receipts]}
        for path in targets[where]:
            if path.exists():
                damage(path, what, place)

    # Invariants

    @invariant()
    def nothing_is_paid_for_twice(self) -> None:
        paid = Counter(
            (one.intent, custom_id)
            for one in self.server.batches
            if one.intent is not None
            for custom_id in one.requests
        )
        for what, times in paid.items():
            assert times <= 1 + self.allowed[what], f"{what} is paid for {times} times"

    @invariant()
    def no_request_that_was_accepted_is_lost(self) -> None:
        kept = {
            canonical(json.loads(line))
            for copy in self.data.glob("requests/*.jsonl")
            for line in copy.read_bytes().splitlines()
        }
        for batch in self.server.batches:
            if batch.intent is not None:
                assert kept.issuperset(map(canonical, batch.requests.values())), batch.id

    @rule(number=processes)
    def only_our_batches_are_known(self, number: int) -> None:
        """Check that stored requests match what was sent."""
        submissions = self.processes[number].submissions
        for batch in self.server.batches:
            for custom_id, sent in batch.requests.items():
                raw = submissions.request(batch.id, custom_id)
                assert raw is None or json.loads(raw) == sent, batch.id
            assert batch.intent is not None or batch.id not in submissions.known_batches()

    def teardown(self) -> None:
        try:
            self.no_request_that_was_accepted_is_lost()
            for number in range(2):
                self.only_our_batches_are_known(number)
            self.everything_can_be_sent_in_the_end()
        finally:
            self.stop()

    def everything_can_be_sent_in_the_end(self) -> None:
        self.clock.passed += LONG
        for batch in self.server.batches:
            batch.failed = batch.failed or set()
        self.restart(0)
        for name in sorted(self.tried):
            result = self.create_in_the_end(name)
            self.nothing_is_paid_for_twice()
            if isinstance(result, JournalError) and self.has_flipped:
                continue  # its version looks newer
            if isinstance(result, NotSubmitted) and name in TWINS and self.tried.issuperset(TWINS):
                continue
            if self.is_unrecorded(name):
                result = self.create_in_the_end(name, again=True)
            assert isinstance(result, list), (name, result)
            assert self.is_accepted(name), name
        self.only_our_batches_are_known(0)
        self.no_request_that_was_accepted_is_lost()

    def create_in_the_end(self, name: str, *, again: bool = False) -> object:
        return self.send(0, name, lambda process: process.submissions.plan_file(self.path(name)), again=again)

    def is_accepted(self, name: str) -> bool:
        """Return whether all requests of a file were accepted."""
        sent = [one for batch in self.server.batches if batch.intent == name for one in batch.requests]
        return {one["custom_id"] for one in FILES[name]} == set(sent)

    def is_unrecorded(self, name: str) -> bool:
        """Return whether the record of a file, or of some of its parts, was lost."""
        earlier = self.processes[0].submitting.newest_identical(self.path(name))
        if earlier is None:
            return False
        unknown = [part for part in earlier.parts if part.batch_id is None]
        return earlier.is_unrecorded or any(part.is_unrecorded for part in unknown)

    def stop(self) -> None:
        for number in range(2):
            self.end_process(number)
        self.runner.run(self.server.stop())
        self.stack.close()


def canonical(value: Any) -> str:  # noqa: ANN401 - JSON
    return json.dumps(value, sort_keys=True)


def damage(path: Path, how: str, place: int) -> None:
    if how == "delete":
        path.unlink()
    elif how == "empty":
        os.truncate(path, 0)
    elif how == "overwrite":
        path.write_bytes(b"not a database, " * 100)
    elif data := bytearray(path.read_bytes()):
        data[place % len(data)] ^= 1 << place % 8
        path.write_bytes(data)


@pytest.fixture
def model() -> Iterator[Money]:
    """A model for a sequence that once broke an invariant; all are checked at the end."""
    model = Money()
    yield model
    model.teardown()


def create(model: Money, name: str, outcome: str, *, allow_duplicate: bool = False) -> None:
    model.create(number=0, name=name, outcomes=[outcome], lists=[], kill=None, again=allow_duplicate)


def files_after_some_steps() -> list[tuple[str, int, float]]:
    """Return names and sizes of all files, and the times of stored requests and drafts."""
    model = Money()
    try:
        create(model, "two parts", "accept, drop, list late")
        model.plan(number=1, name="one")
        model.lose("delete receipts", 0)
        model.this_machines_clock_is_set(offset=-3600.0)
        create(model, "one", "accept, kill")
        return [
            (str(path.relative_to(model.data)), status.st_size, status.st_mtime * (path.suffix == ".jsonl"))
            for path in sorted(model.data.rglob("*.*"))
            for status in [path.stat()]
        ]
    finally:
        model.stop()


def test_same_steps_leave_the_same_files() -> None:
    """Otherwise a failure could not be reproduced."""
    assert files_after_some_steps() == files_after_some_steps()


def test_refused_duplicate_keeps_unknown_requests(model: Money) -> None:
    create(model, "one", "accept, drop, list late")
    create(model, "one", "400", allow_duplicate=True)


def test_late_batch_is_not_mistaken_for_later_one(model: Money) -> None:
    model.somebody_else_submits(size=1, late=False)
    create(model, "same ids", "accept, drop, list late")
    create(model, "one", "504")


def test_batch_of_earlier_attempt_is_not_mistaken(model: Money) -> None:
    create(model, "one", "accept, drop, list late")
    create(model, "same ids", "504")
    model.time_passes(LATE_SECONDS)
    create(model, "one", "accept", allow_duplicate=True)


@pytest.mark.parametrize("ends", ["before the command runs again", "in the screens"])
def test_batch_of_unrecorded_requests_is_not_mistaken(model: Money, ends: str) -> None:
    create(model, "one", "accept, drop, list late")
    create(model, "same ids", "504")
    model.lose("delete all", 0)
    create(model, "same ids", "504", allow_duplicate=True)
    model.time_passes(LATE_SECONDS)
    if ends == "in the screens":
        for batch in model.server.batches:
            batch.failed = set()
        model.watch(0)


TestMoney = Money.TestCase
TestMoney.settings = settings(
    max_examples=int(EXAMPLES or 60),
    stateful_step_count=30 if EXAMPLES else 12,
    derandomize=not EXAMPLES,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
