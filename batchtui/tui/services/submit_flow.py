"""Submitting from the screens: a new file, or again what failed. It goes on whatever screen is open."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from textual.content import Content
from textual.worker import Worker, get_current_worker

from batchtui.api import ApiError
from batchtui.submissions import (
    CANNOT_READ,
    Found,
    Lost,
    NotSubmitted,
    Prepared,
    SendEvent,
    Sent,
    Submission,
    SubmissionError,
    estimate,
)
from batchtui.text import ago, count, long_duration, money, percent, plural, shorten_id, shown_path, size
from batchtui.tui.dialogs.confirm import Confirm
from batchtui.tui.dialogs.report import Report
from batchtui.tui.format.cells import Cell
from batchtui.tui.format.styled import content_of
from batchtui.tui.services.host import host_of
from batchtui.workspace import WorkspaceError

if TYPE_CHECKING:
    from textual.app import App

SHORT_ID = 14
FAULTS_SHOWN = 1_000
MODELS_SHOWN = 5
WIDTH = 100
FAILURES = (ApiError, WorkspaceError, SubmissionError, NotSubmitted, *CANNOT_READ)
"""What may go wrong on the way, each with a sentence."""


class Stopped(Exception):
    """The app is left in the middle of reading a file."""


class Submitting:
    """Checks, asks, sends, and says what became of it.

    Args:
        app: Whose workspace it goes to, and who shows the questions.
    """

    def __init__(self, app: App[None]) -> None:
        self._app = app
        self._host = host_of(app)
        self._submissions = self._host.workspace.submissions

    def file(self, path: Path) -> None:
        """Submits a file of somebody's, after checking and asking."""
        self._app.run_worker(self._file(path), group="submit")

    def again(self, batch_id: str, custom_ids: Sequence[str], notes: Sequence[str]) -> None:
        """Submits some requests of a batch again, after asking.

        Args:
            batch_id: The batch.
            custom_ids: Which of its requests.
            notes: What the person should know of those that are left out.
        """
        self._app.run_worker(self._again(batch_id, custom_ids, notes), group="submit")

    def look_for_lost(self) -> None:
        """Finds out what became of submissions whose answer was lost in an earlier run."""
        self._app.run_worker(self._look_for_lost(), group="look")

    async def _look_for_lost(self) -> None:
        try:
            open_ends = await self._host.network.call(self._submissions.find_all_lost)
        except (NotSubmitted, *CANNOT_READ) as error:
            self._host.tell(str(error), failed=True)
        except (ApiError, SubmissionError):
            pass  # the list cannot be had either, which is said there; or another batchtui is sending it now
        else:
            for why_wait in open_ends:
                if why_wait:
                    self._host.tell(f"A submission got no clear answer. {why_wait}", failed=True)
                else:
                    self._host.tell("An interrupted submission left no batch. Submit it again when you like.")

    async def _file(self, path: Path) -> None:
        self._show_sending(f"checking {path.name}")
        report = self._report_to(get_current_worker(), path.name)
        prepare = partial(self._submissions.prepare, path, report)
        await self._confirm_and_send(prepare, None, ())

    async def _again(self, batch_id: str, custom_ids: Sequence[str], notes: Sequence[str]) -> None:
        prepare = partial(self._submissions.prepare_again, batch_id, custom_ids)
        await self._confirm_and_send(prepare, batch_id, notes)

    async def _confirm_and_send(
        self, prepare: Callable[[], Prepared], parent: str | None, notes: Sequence[str]
    ) -> None:
        try:
            try:
                prepared = await asyncio.to_thread(prepare)
            finally:
                self._show_sending("")
            try:
                if prepared.fault_count:
                    await self._app.push_screen_wait(Report(_fault_lines(prepared), width=WIDTH))
                    return
                earlier = self._submissions.earlier(prepared, parent)
                if await self._is_allowed(prepared, parent, earlier, notes):
                    unfinished = earlier if earlier and not earlier.is_whole else None
                    await self._send(prepared, parent, unfinished)
            finally:
                self._submissions.discard(prepared)
        except Stopped:
            pass
        except FAILURES as error:
            self._host.tell(str(error), failed=True)

    async def _is_allowed(
        self, prepared: Prepared, parent: str | None, earlier: Submission | None, notes: Sequence[str]
    ) -> bool | None:
        """Asks; what would be paid for twice wants its number typed."""
        facts = await asyncio.to_thread(_facts, prepared)  # importing the table of prices takes half a second
        question = Confirm(
            f"Submit {_requests(prepared)} again?" if parent else f"Submit {_requests(prepared)}?",
            [*facts, *notes, *_about_earlier(earlier)],
            f"Submit {count(prepared.requests)}",
            prepared.requests if earlier and earlier.is_whole else None,
        )
        return await self._app.push_screen_wait(question)

    async def _send(self, prepared: Prepared, parent: str | None, unfinished: Submission | None) -> None:
        work = partial(
            self._host.workspace.submit,
            prepared,
            unfinished=unfinished,
            parent=parent,
            on_sent=self._tell_sent,
        )
        try:
            submission = await self._host.network.call(work)
        finally:
            self._show_sending("")
        names = ", ".join(shorten_id(batch_id, SHORT_ID) for batch_id in submission.batch_ids[:3])
        more = "…" if len(submission.batch_ids) > 3 else ""
        self._host.tell(f"Submitted {_requests(prepared)}: {names}{more}")
        self._host.go_to(submission.batch_ids)

    def _tell_sent(self, event: SendEvent) -> None:
        """On the network thread."""
        if isinstance(event, Lost):
            words = f"No clear answer: {event.why} Looking for the batch on the server."
            self._app.call_later(self._host.tell, words)
        elif isinstance(event, Found):
            words = f"Found: {shorten_id(event.batch_id, SHORT_ID)} has the custom_ids of these requests."
            self._app.call_later(self._host.tell, words)
        elif isinstance(event, Sent):
            which = f"batch {event.part + 1} of {event.parts} " if event.parts > 1 else ""
            words = f"sending {which}{percent(event.done, event.size)} of {size(event.size)}"
            self._app.call_later(self._show_sending, words)
        else:
            again = f"Trying again in {long_duration(event.seconds)}."
            self._app.call_later(self._host.tell, f"{event.why} {again}")
            self._app.call_later(self._show_sending, "refused, will try again")

    def _show_sending(self, words: str) -> None:
        self._host.show_sending(words)

    def _report_to(self, worker: Worker[object], name: str) -> Callable[[int], None]:
        """Says how far the reading of a file is, and stops it once the app is left."""

        def report(done: int) -> None:
            if worker.is_cancelled:
                raise Stopped
            words = f"checking {name}, {plural(done, 'request', 'requests')}"
            self._app.call_later(self._show_sending, words)

        return report


def _requests(prepared: Prepared) -> str:
    parts = len(prepared.parts)
    number = plural(prepared.requests, "request", "requests")
    return number if parts == 1 else f"{number} as {count(parts)} batches"


def _facts(prepared: Prepared) -> list[str]:
    """What would be sent, and what it may cost."""
    lines = [f"{shown_path(Path(prepared.source))}, {size(prepared.size)}"]
    models = prepared.models()
    for load in models[:MODELS_SHOWN]:
        tokens = f"about {count(load.input_tokens)} tokens in, at most {count(load.max_tokens)} out"
        lines.append(f"{count(load.requests)} to {load.model}: {tokens}")
    if len(models) > MODELS_SHOWN:
        lines.append(f"and to {count(len(models) - MODELS_SHOWN)} more models")
    found = estimate(prepared.loads)
    if found.most is None:
        lines.append("What it costs is unknown: there is no price for one of the models.")
    else:
        longest = "" if found.is_bound else " with the longest answers"
        lines.append(
            f"About {money(found.least)} for the input, {found.most_words} in all{longest} (an estimate)."
        )
    return lines


def _about_earlier(earlier: Submission | None) -> list[str]:
    if earlier is None:
        return []
    when = ago(time.time() - earlier.created_at)
    if earlier.is_unrecorded:
        return [f"The same may have been submitted {when}: its record was lost. You may pay for it twice."]
    if earlier.is_whole:
        return [f"The very same was submitted {when}: you would pay for it twice."]
    done = f"{len(earlier.batch_ids)} of {count(len(earlier.parts))} batches"
    return [f"It was begun {when}, and {done} were made: this goes on with the rest."]


def _fault_lines(prepared: Prepared) -> list[Content]:
    """All that is wrong with a file."""
    faults = plural(prepared.fault_count, "fault", "faults")
    title = f"{faults} in {shown_path(Path(prepared.source))}; nothing was sent."
    lines = [content_of([Cell(title, "strong")]), Content("")]
    for fault in prepared.faults[:FAULTS_SHOWN]:
        where = f"line {count(fault.line)}" if fault.line else "the file"
        whose = f" ({fault.custom_id})" if fault.custom_id else ""
        lines.append(content_of([Cell(f"{where}{whose}  ", "accent"), Cell(fault.fault)]))
    left = prepared.fault_count - FAULTS_SHOWN
    if left > 0:
        lines.append(
            content_of([Cell(f"and {count(left)} more: `batchtui create --dry-run` lists all", "muted")])
        )
    return lines
