"""The list of results of one batch."""

from __future__ import annotations

from collections.abc import Sequence

from textual.cache import LRUCache

from batchtui.results import ResultRow, View
from batchtui.text import count
from batchtui.tui.result_text import outcome_of
from batchtui.tui.widgets.cells import Cell
from batchtui.tui.widgets.columns import Column
from batchtui.tui.widgets.line_table import LineTable

COLUMNS = (
    Column("custom_id", 14, flexible=True, cut="front"),
    Column("outcome", 15, drop=2),
    Column("in", 6, align="right", drop=4),
    Column("out", 6, align="right", drop=3),
    Column("says", 8, flexible=True, drop=1),
)
BLOCK = 64
"""Rows that are read together."""


class ResultTable(LineTable):
    """Results in the order of a view. They are read from the index when they come in sight."""

    def __init__(self) -> None:
        super().__init__(COLUMNS, "Opening the results…")
        self._view: View | None = None
        self._blocks: LRUCache[int, list[tuple[ResultRow, str]]] = LRUCache(32)

    @property
    def current(self) -> ResultRow | None:
        """The result under the cursor."""
        row = self.cursor_row
        return self._at(row)[0] if row is not None else None

    def show(self, view: View) -> None:
        """Shows another view, from its beginning."""
        self._view = view
        self._blocks.clear()
        self.set_row_count(0)
        self.set_row_count(len(view))
        self.move_to(0)
        self.repaint()

    def grow(self) -> None:
        """Takes in what the view found since; lines in sight that stay as they are cost nothing."""
        if self._view is None:
            return
        before = self.row_count
        now = self._view.refresh()
        if now < before:
            self.show(self._view)
        elif now > before:
            self._blocks.discard(before // BLOCK)
            self.set_row_count(now)

    def cells(self, row: int) -> Sequence[Cell]:
        """What one line shows."""
        result, preview = self._at(row)
        sign, words, tone = outcome_of(result)
        is_reply = result.outcome == "succeeded"
        return (
            Cell(f"{sign} {result.custom_id}", tone if not is_reply else ""),
            Cell(words, "muted" if is_reply else tone),
            Cell(count(result.all_input_tokens) if is_reply else "–", "muted"),
            Cell(count(result.output_tokens) if is_reply else "–", "muted"),
            Cell(" ".join(preview.split()), "muted"),
        )

    def _at(self, row: int) -> tuple[ResultRow, str]:
        start = row - row % BLOCK
        block = self._blocks.get(start)
        if block is None or row - start >= len(block):
            block = self._blocks[start] = self._read(start)
        # Between two refreshes the server may have sent other results, and some rows be gone.
        return block[row - start] if row - start < len(block) else (ResultRow(row, 0, 0), "")

    def _read(self, start: int) -> list[tuple[ResultRow, str]]:
        if self._view is None:
            return []
        results = self._view.results
        return [(row, results.preview(row)) for row in self._view.rows(start, start + BLOCK)]
