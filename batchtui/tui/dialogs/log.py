"""Every call to the API, newest first."""

from __future__ import annotations

import time
from collections.abc import Iterable

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


class Log(Choose):
    """The newest calls; there is no key among them. Enter closes it, as esc does.

    Args:
        calls: The calls, oldest first.
    """

    def __init__(self, calls: Iterable[Call]) -> None:
        rows = [_cells(call) for call in calls][::-1]
        super().__init__("Calls to the API, newest first", COLUMNS, rows, width=WIDTH)


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
