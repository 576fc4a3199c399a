"""Submits request files and failed requests from the screens, whichever screen is open."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from textual.content import Content
from textual.worker import Worker, get_current_worker

from batchtui.api import ApiError
from batchtui.submissions import (
    UNREADABLE,
    Failures,
    NotSubmitted,
    Plan,
    Retrying,
    SendEvent,
    SubmissionError,
    Uploaded,
)
from batchtui.text import count, percent, plural, shorten_id, shown_path, size
from batchtui.tui.dialogs.confirm import Confirm
from batchtui.tui.dialogs.report import Report
from batchtui.tui.format.cells import Cell
from batchtui.tui.format.styled import content_of
from batchtui.tui.services.host import host_of
from batchtui.workspace import WorkspaceError

if TYPE_CHECKING:
    from textual.app import App

MAX_ERRORS = 1_000
MAX_MODELS = 5
WIDTH = 100
SUBMIT_ERRORS = (ApiError, WorkspaceError, SubmissionError, NotSubmitted, *UNREADABLE)
"""Errors whose message is shown to the user."""


class Stopped(Exception):
    """The app was closed while a file was read."""


class SubmitFlow:
    """Plans, confirms and sends submissions, and reports the result.

    Args:
        app: Its workspace is submitted to, and it shows the dialogs.
    """

    def __init__(self, app: App[None]) -> None:
        self._app = app
        self._host = host_of(app)
        self._workspace = self._host.workspace

    def file(self, path: Path) -> None:
        """Submit a request file."""
        self._app.run_worker(self._file(path), group="submit")

    def resubmit(self, batch_id: str, failures: Failures, scope: Sequence[str]) -> None:
        """Resubmit failed requests of a batch.

        Args:
            batch_id: The batch.
            failures: Its failed requests.
            scope: Notes for the confirmation on which results these are.
        """
        plan = partial(self._workspace.plan_resubmission, batch_id, failures)
        self._app.run_worker(self._submit(plan, scope), group="submit")

    def find_lost(self) -> None:
        """Look for batches whose response was lost in an earlier session."""
        self._app.run_worker(self._find_lost(), group="look")

    async def _find_lost(self) -> None:
        try:
            missing = await self._host.network.call(self._workspace.submissions.find_all_lost)
        except (NotSubmitted, *UNREADABLE) as error:
            self._host.tell(str(error), failed=True)
        except (ApiError, SubmissionError):
            pass  # the list reports that the server cannot be reached; or another batchtui is sending it now
        else:
            for why_wait in missing:
                if why_wait:
                    self._host.tell(f"A submission got no clear response. {why_wait}", failed=True)
                else:
                    self._host.tell("The interrupted submission created no batch. You can submit it again.")

    async def _file(self, path: Path) -> None:
        self._host.show_sending(f"checking {path.name}")
        on_progress = self._checking(get_current_worker(), path.name)
        await self._submit(partial(self._workspace.plan_file, path, on_progress))

    async def _submit(self, make_plan: Callable[[], Plan], scope: Sequence[str] = ()) -> None:
        try:
            try:
                plan = await asyncio.to_thread(make_plan)
            finally:
                self._host.show_sending("")
            with plan:
                if plan.errors:
                    await self._app.push_screen_wait(Report(_error_lines(plan), width=WIDTH))
                elif await self._is_confirmed(plan, scope):
                    await self._send(plan)
        except Stopped:
            pass
        except SUBMIT_ERRORS as error:
            self._host.tell(str(error), failed=True)

    async def _is_confirmed(self, plan: Plan, scope: Sequence[str]) -> bool | None:
        """Ask; paying twice requires typing the number of requests."""
        lines = await asyncio.to_thread(_plan_lines, plan)  # imports the price table
        again = " again" if plan.parent else ""
        question = Confirm(
            f"Submit {plan.requests_text}{again}?",
            [*lines, *scope, *plan.notes, *filter(None, [plan.identical_text])],
            f"Submit {count(plan.requests)}",
            plan.requests if plan.duplicate else None,
        )
        return await self._app.push_screen_wait(question)

    async def _send(self, plan: Plan) -> None:
        try:
            submission = await self._host.network.call(
                partial(self._workspace.submit, plan, on_event=self._show_event)
            )
        finally:
            self._host.show_sending("")
        ids = ", ".join(shorten_id(batch_id) for batch_id in submission.batch_ids[:3])
        more = "…" if len(submission.batch_ids) > 3 else ""
        self._host.tell(f"Submitted {plan.requests_text}: {ids}{more}")
        self._host.go_to(submission.batch_ids)

    def _show_event(self, event: SendEvent) -> None:
        """Show progress; called on the network thread."""
        if isinstance(event, Uploaded):
            which = f"batch {event.part + 1} of {event.parts} " if event.parts > 1 else ""
            progress = f"sending {which}{percent(event.done, event.size)} of {size(event.size)}"
            self._app.call_later(self._host.show_sending, progress)
            return
        self._app.call_later(self._host.tell, str(event))
        if isinstance(event, Retrying):
            self._app.call_later(self._host.show_sending, "refused, will retry")

    def _checking(self, worker: Worker[object], name: str) -> Callable[[int], None]:
        """Return a callback that shows progress, and stops reading once the app is closed."""

        def on_progress(done: int) -> None:
            if worker.is_cancelled:
                raise Stopped
            progress = f"checking {name}, {plural(done, 'request', 'requests')}"
            self._app.call_later(self._host.show_sending, progress)

        return on_progress


def _plan_lines(plan: Plan) -> list[str]:
    """Return what would be sent, and the estimated cost."""
    models = plan.model_lines
    more = [f"and {count(len(models) - MAX_MODELS)} more models"] if len(models) > MAX_MODELS else []
    source = f"{shown_path(Path(plan.source))}, {size(plan.bytes)}"
    return [source, *models[:MAX_MODELS], *more, plan.estimate.text]


def _error_lines(plan: Plan) -> list[Content]:
    """Return the errors of a file."""
    lines = [content_of([Cell(plan.errors_text, "strong")]), Content("")]
    lines += [
        content_of([Cell(f"{error.place or 'the file'}  ", "accent"), Cell(error.message)])
        for error in plan.errors[:MAX_ERRORS]
    ]
    left = plan.prepared.error_count - MAX_ERRORS
    if left > 0:
        lines.append(content_of([Cell(f"and {count(left)} more: run `batchtui create --dry-run`", "muted")]))
    return lines
