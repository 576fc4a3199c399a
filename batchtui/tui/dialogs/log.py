"""Every call to the API, newest first."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from itertools import takewhile

from textual import on
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from batchtui.api import Call
from batchtui.tui.dialogs.choose import Choose
from batchtui.tui.format.cells import Cell, Tone
from batchtui.tui.format.columns import Column
from batchtui.tui.format.styled import content_of
from batchtui.tui.widgets.line_table import LineTable

COLUMNS = (
    Column("time", 8),
    Column("method", 6),
    Column("path", 30, flexible=True, cut="middle"),
    Column("status", 6, align="right"),
    Column("ms", 6, align="right"),
    Column("request id or error", 28, drop=1),
)
WIDTH = 116
LOOK_SECONDS = 1.0
"""How often new calls are looked for."""


class Log(Choose):
    """The newest calls, and the one under the cursor in full; there is no key among them.

    Enter closes it, as esc does.

    Args:
        calls: The calls, oldest first.
    """

    BELOW_ROWS = 5

    DEFAULT_CSS = """
    Log {
        & #call { height: 4; margin-top: 1; }
        &.-short #call { height: 2; margin-top: 0; }
    }
    """
    """Room for a long path and a long error."""

    def __init__(self, calls: Sequence[Call]) -> None:
        self._calls = calls
        self._shown = list(calls)  # at once: the network thread adds to it
        super().__init__("Calls to the API, newest first", COLUMNS, _rows(self._shown), width=WIDTH)
        self._call = Static(id="call")

    def below(self) -> Iterable[Widget]:
        """The call under the cursor."""
        yield self._call

    def on_mount(self) -> None:
        """Follow the calls."""
        self.set_interval(LOOK_SECONDS, self._look)

    def _look(self) -> None:
        newest = self._shown[-1] if self._shown else None
        calls = list(self._calls)
        new = sum(1 for _ in takewhile(lambda call: call is not newest, reversed(calls)))
        if new:
            self._shown = calls
            is_following = not self.table.cursor_row
            self.show(_rows(self._shown), above=0 if is_following else new)
            self._show_call()

    @on(LineTable.CursorMoved)
    def _show_call(self) -> None:
        row = self.table.cursor_row
        if row is not None:
            call = self._shown[-1 - row]
            path = content_of([Cell(call.method, "muted"), Cell(f" {call.path}")])
            answer = Cell(f"request id {call.request_id or '–'}", "muted")
            if call.error:
                answer = Cell(call.error, "error")
            self._call.update(Content("\n").join([path, content_of([answer])]))


def _rows(calls: Iterable[Call]) -> list[list[Cell]]:
    return [_cells(call) for call in calls][::-1]


def _cells(call: Call) -> list[Cell]:
    is_fine = call.status is not None and call.status < 400
    tone: Tone = "" if is_fine else "error"
    return [
        Cell(time.strftime("%H:%M:%S", time.localtime(call.at)), "muted"),
        Cell(call.method, "muted"),
        Cell(call.path, tone),
        Cell(str(call.status or "failed"), tone),
        Cell(f"{call.seconds * 1000:,.0f}", "muted"),
        Cell(call.error, tone) if call.error else Cell(call.request_id, "muted"),
    ]
