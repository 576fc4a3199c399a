"""Writing results to a file from the results screen."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, cast

from textual import work
from textual.worker import get_current_worker

from batchtui.results import ExportCancelled, Format, Results, export_to_file
from batchtui.text import count, plural
from batchtui.tui.dialogs.ask import Ask
from batchtui.tui.screens.base import BaseScreen

if TYPE_CHECKING:
    from batchtui.tui.app import BatchtuiApp
    from batchtui.tui.widgets.result_table import ResultTable, Rows

FORMATS = {f".{form.value}": form for form in Format}
TELL_ROWS = 20_000
"""Results between two words of progress."""


class ExportingScreen(BaseScreen):
    """The part of the results screen that writes files."""

    _list: ResultTable
    _results: Results
    _rows: Rows

    @work
    async def action_export(self) -> None:
        """Asks for a file's name and writes what is marked, or else what is shown."""
        numbers = sorted(cast("set[int]", self._list.marked)) or self._rows.numbers
        which = "marked" if self._list.marked else "shown"
        question = f"Write {plural(len(numbers), 'result', 'results')} ({which}) to which file?"
        name = f"{self._results.files.batch_id[-12:]}.jsonl"
        hint = "The ending says in which form: .jsonl as they came, .csv, .json, .md"
        answer = await self.app.push_screen_wait(Ask(question, hint, name, objection_to))
        if answer is not None:
            self._write(answer, numbers)

    @work(thread=True, group="export")
    def _write(self, name: str, numbers: Sequence[int]) -> None:
        path = Path(name).expanduser()
        worker, app = get_current_worker(), cast("BatchtuiApp", self.app)

        def report(done: int) -> bool:
            if done % TELL_ROWS == 0:
                app.call_later(app.tell, f"{count(done)} of {count(len(numbers))} results written…")
            return not worker.is_cancelled

        try:
            # A reader of its own: the screen may be left, and close its one, while this goes on.
            with Results(self._results.files) as results:
                export_to_file(results, path, FORMATS[path.suffix], numbers, report=report)
        except ExportCancelled:
            return
        except OSError as error:
            app.call_later(app.tell, f"{path} was not written: {error.strerror or error}.", failed=True)
        else:
            app.call_later(app.tell, f"{plural(len(numbers), 'result', 'results')} written to {path}.")


def objection_to(answer: str) -> str:
    """What is wrong with a file's name; empty if it will do."""
    path = Path(answer).expanduser()
    if not answer.strip():
        return "Give a name, or leave with esc."
    if path.suffix not in FORMATS:
        return f"The name must end in {', '.join(FORMATS)}."
    if path.exists():
        return "That file exists already: choose another name."
    if not path.parent.is_dir():
        return f"There is no folder {path.parent}."
    return ""
