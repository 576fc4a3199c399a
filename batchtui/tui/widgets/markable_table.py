"""A table whose rows can be marked, to do something to several at once."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from batchtui.text import count
from batchtui.tui.format.cells import Cell
from batchtui.tui.format.columns import MARKS, Column
from batchtui.tui.widgets.line_table import LineTable

_MARK = "◆"


class MarkableTable(LineTable):
    """Marks belong to what a row stands for, not to its place: they stay where rows move or are hidden.

    Args:
        columns: The columns, without that of the marks.
        placeholder: Shown in the middle while there are no rows.
        id: Id for CSS and queries.
    """

    def __init__(self, columns: Sequence[Column], placeholder: str = "", *, id: str | None = None) -> None:  # noqa: A002
        super().__init__([MARKS, *columns], placeholder, id=id)
        self.marked: set[Hashable] = set()
        """The keys of the rows that are marked."""

    def row_key(self, row: int) -> Hashable:
        """What a row stands for."""
        raise NotImplementedError

    def row_keys(self) -> set[Hashable]:
        """What all rows stand for."""
        return {self.row_key(row) for row in range(self.row_count)}

    def marks_words(self, hidden: str = "hidden by the filter") -> str:
        """Return how many rows are marked, and how many of them are not in the list; empty if none is marked.

        Args:
            hidden: What marked rows are that are not in the list.
        """
        if not self.marked:
            return ""
        unseen = len(self.marked - self.row_keys())
        return f"{count(len(self.marked))} marked" + (f", {count(unseen)} {hidden}" if unseen else "")

    def row_cells(self, row: int) -> Sequence[Cell]:
        """The cells of a row, without that of the mark."""
        raise NotImplementedError

    def cells(self, row: int) -> Sequence[Cell]:
        """The mark, then the cells."""
        mark = _MARK if self.marked and self.row_key(row) in self.marked else " "
        return [Cell(mark, "accent"), *self.row_cells(row)]

    def toggle_mark(self) -> None:
        """Marks the row under the cursor, or takes its mark away, and goes on to the next."""
        if self.cursor_row is None:
            return
        self.marked ^= {self.row_key(self.cursor_row)}
        self.refresh_row(self.cursor_row)
        self.action_cursor_down()

    def toggle_all(self) -> None:
        """Marks all rows that are shown; takes the marks away if they are all marked."""
        shown = self.row_keys()
        self.marked = self.marked - shown if shown <= self.marked else self.marked | shown
        self.refresh_rows()

    def clear_marks(self) -> None:
        """Takes all marks away."""
        self.marked = set()
        self.refresh_rows()
