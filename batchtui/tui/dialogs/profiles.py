"""Lets another profile be chosen."""

from __future__ import annotations

from collections.abc import Sequence

from batchtui.tui.dialogs.choose import Choose
from batchtui.tui.format.cells import Cell
from batchtui.tui.format.columns import Column

COLUMNS = (Column("", 1), Column("", 20, flexible=True), Column("", 7))
WIDTH = 40


class Profiles(Choose):
    """The profiles; the current one is marked, and the cursor starts on it.

    Args:
        names: Of the profiles.
        current: The one in use, which need not be among them.
    """

    def __init__(self, names: Sequence[str], current: str) -> None:
        rows = [_cells(name, is_current=name == current) for name in names]
        start = names.index(current) if current in names else 0
        super().__init__("Switch profile", COLUMNS, rows, width=WIDTH, start=start)


def _cells(name: str, *, is_current: bool) -> list[Cell]:
    if is_current:
        return [Cell("✓", "accent"), Cell(name), Cell("current", "muted")]
    return [Cell(""), Cell(name), Cell("")]
