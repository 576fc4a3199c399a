"""Every call to the API, newest first."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence

from batchtui.api import Call
from batchtui.tui.dialogs.choose import Choose
from batchtui.tui.widgets.cells import Cell, Tone
from batchtui.tui.widgets.columns import Column

COLUMNS = (
    Column("at", 8),
    Column("", 6, drop=3),
    Column("path", 30, flexible=True),
    Column("status", 6, align="right"),
    Column("ms", 6, align="right", drop=1),
    Column("request id", 28, drop=2),
)
WIDTH = 116
LOOK_SECONDS = 1.0
"""How often new calls are looked for."""


class Log(Choose):
    """The newest calls; there is no key among them. Enter closes it, as esc does.

    Args:
        calls: The calls, oldest first.
    """

    def __init__(self, calls: Sequence[Call]) -> None:
        super().__init__("Calls to the API, newest first", COLUMNS, _rows(calls), width=WIDTH)
        self._calls = calls
        self._newest = calls[-1] if calls else None

    def on_mount(self) -> None:
        """Follow the calls."""
        self.set_interval(LOOK_SECONDS, self._look)

    def _look(self) -> None:
        newest = self._calls[-1] if self._calls else None
        if newest is not self._newest:
            self._newest = newest
            self.table.show(_rows(self._calls))


def _rows(calls: Iterable[Call]) -> list[list[Cell]]:
    return [_cells(call) for call in calls][::-1]


def _cells(call: Call) -> list[Cell]:
    is_fine = call.status is not None and call.status < 400
    tone: Tone = "" if is_fine else "error"
    return [
        Cell(time.strftime("%H:%M:%S", time.localtime(call.at)), "muted"),
        Cell(call.method, "muted"),
        Cell(call.error or call.path, tone),
        Cell(str(call.status or "–"), tone),
        Cell(f"{call.seconds * 1000:,.0f}", "muted"),
        Cell(call.request_id, "muted"),
    ]
