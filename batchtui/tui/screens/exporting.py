"""Writing results to a file from the results screen."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, cast

from textual import work
from textual.worker import get_current_worker

from batchtui.results import ExportCancelled, Fetcher, Format, Results, export_to_file
from batchtui.text import count, plural
from batchtui.tui.dialogs.ask import Ask
from batchtui.tui.screens.base import BaseScreen

if TYPE_CHECKING:
    from batchtui.tui.widgets.result_table import ResultTable, Rows

FORMATS = {f".{form.value}": form for form in Format}
WAIT_SECONDS = 0.1
TELL_ROWS = 20_000
"""Results between two words of progress."""


class ExportingScreen(BaseScreen):
    """The part of the results screen that writes files."""

    _list: ResultTable
    _results: Results
    _rows: Rows
    _fetcher: Fetcher
    _exports: set[Path]
    """The files that are being written."""
    _is_leave_confirmed = False

    async def action_export(self) -> None:
        """Asks for a file's name and writes what is marked, or else what is shown, once all of it is here."""
        marked = sorted(cast("set[int]", self._list.marked))
        self._fetcher.want_all()
        is_all_here = self._fetcher.progress.is_final or bool(marked)
        number = plural(len(marked or self._rows.numbers), "result", "results")
        which = (
            self._list.marks_words()
            if marked
            else "shown"
            if is_all_here
            else "so far; the rest is waited for"
        )
        question = f"Write {number} ({which}) to which file?"
        name = f"{self._results.files.batch_id[-12:]}.jsonl"
        hint = "The ending says in which form: .jsonl as they came, .csv, .json, .md"
        ask = Ask(question, hint, name, self._objection_to)

        def answered(name: str | None) -> None:
            if name:
                path = Path(name).expanduser().absolute()
                when = f"{number} to {path}" if is_all_here else f"to {path} when the download ends"
                self.batchtui.tell(f"Exporting {when}…")
                self._exports.add(path)
                self._is_leave_confirmed = False
                self._write(path, marked)

        await self.app.push_screen(ask, answered)

    def _objection_to(self, answer: str) -> str:
        if objection := objection_to(answer):
            return objection
        is_running = Path(answer).expanduser().absolute() in self._exports
        return "An export to this file is running. Choose another name." if is_running else ""

    def leave(self) -> None:
        """Go back to the batches. While an export runs, ask for the key a second time."""
        if self._exports and not self._is_leave_confirmed:
            self._is_leave_confirmed = True
            names = ", ".join(sorted(path.name for path in self._exports))
            self.batchtui.tell(f"Still exporting to {names}. Press again to stop the export and leave.")
        else:
            super().leave()

    @work(thread=True, group="export")
    def _write(self, path: Path, marked: Sequence[int]) -> None:
        worker, app, tell = get_current_worker(), self.app, self.batchtui.tell

        def report(done: int) -> bool:
            if done and done % TELL_ROWS == 0:
                app.call_later(tell, f"{count(done)} results written…")
            return not worker.is_cancelled

        try:
            numbers = list(marked) or self._all_shown(lambda: worker.is_cancelled)
            # A reader of its own: the screen may be left, and close its one, while this goes on.
            with Results(self._results.files) as results:
                export_to_file(results, path, FORMATS[path.suffix], numbers, report=report)
        except ExportCancelled:
            app.call_later(tell, f"Export to {path} stopped. No file was written.", failed=True)
        except (OSError, RuntimeError, sqlite3.Error) as error:
            app.call_later(tell, f"{path} was not written: {error}.", failed=True)
        else:
            app.call_later(tell, f"{plural(len(numbers), 'result', 'results')} written to {path}.")
        finally:
            self._exports.discard(path)

    def _all_shown(self, is_cancelled: Callable[[], bool]) -> list[int]:
        """The numbers of the rows that are shown, once everything that was asked for is here."""
        rows = self._rows
        while not (self._fetcher.progress.is_final and getattr(rows, "is_over", True)):
            if is_cancelled():
                raise ExportCancelled
            time.sleep(WAIT_SECONDS)
        rows.refresh()
        return list(rows.numbers)


def objection_to(answer: str) -> str:
    """What is wrong with a file's name; empty if it will do."""
    if not answer.strip():
        return "Give a name, or leave with esc."
    try:
        return _objection_to_path(Path(answer).expanduser())
    except (OSError, RuntimeError, ValueError) as error:
        return f"That cannot be the name of a file: {error}."


def _objection_to_path(path: Path) -> str:
    if path.suffix not in FORMATS:
        return f"The name must end in {', '.join(FORMATS)}."
    if path.exists():
        return "That file exists already: choose another name."
    if not path.parent.is_dir():
        return f"There is no folder {path.parent}."
    return ""
