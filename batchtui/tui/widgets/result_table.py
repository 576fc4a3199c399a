"""The list of results of one batch."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Protocol

from textual.cache import LRUCache
from textual.message import Message

from batchtui.results import Query, ResultRow, Results
from batchtui.text import count
from batchtui.tui.format.cells import Cell
from batchtui.tui.format.columns import Column
from batchtui.tui.format.result import outcome_of
from batchtui.tui.widgets.markable_table import MarkableTable

COLUMNS = (
    Column("", 1),
    Column("custom_id", 14, flexible=True, cut="front"),
    Column("outcome", 14, drop=2),
    Column("in", 6, align="right", drop=4),
    Column("out", 6, align="right", drop=3),
    Column("preview", 7, flexible=True, drop=1),
)
BLOCK = 64
"""Rows that are read together."""


class Rows(Protocol):
    """Results in some order: what a query finds, or a search."""

    results: Results
    query: Query
    """The filter and the order that they have now."""

    def __len__(self) -> int:
        """How many there are."""
        ...

    @property
    def numbers(self) -> Sequence[int]:
        """Their numbers in the file."""
        ...

    def refresh(self) -> int:
        """Takes in what came since, and answers how many there are now."""
        ...

    def rows(self, start: int, stop: int) -> list[ResultRow]:
        """Those at some places."""
        ...

    def place(self, n: int) -> int | None:
        """Where a row is, by its number in the file."""
        ...


class ResultTable(MarkableTable):
    """Results in the order of a view. They are read from the index when they come in sight."""

    def __init__(self) -> None:
        super().__init__(COLUMNS, "Opening the results…")
        self._view: Rows | None = None
        self._appends = True
        self.follows_end = False
        """Whether the cursor stays on the last row as rows arrive, until it is moved."""
        self._blocks: LRUCache[int, list[tuple[ResultRow, str]]] = LRUCache(32)

    class EndWanted(Message):
        """The person goes to the end, also of what is not here yet."""

    def action_last(self) -> None:
        """Go to the last row, and follow the end while rows arrive."""
        super().action_last()
        self.follows_end = True
        self.post_message(self.EndWanted())

    @property
    def current(self) -> ResultRow | None:
        """The result under the cursor."""
        row = self.cursor_row
        return self._at(row)[0] if row is not None else None

    def show(self, view: Rows, *, appends: bool = True) -> None:
        """Shows another view, from its beginning.

        Args:
            view: The rows.
            appends: Whether what comes later comes at the end; not so in a view that is sorted.
        """
        self._view, self._appends, self.follows_end = view, appends, False
        self._blocks.clear()
        self.set_row_count(0)
        self.set_row_count(len(view))
        self.move_to(0)
        self.repaint()

    def grow(self, view: Rows) -> None:
        """Takes over the same view with what was found since; lines that stay as they are cost nothing."""
        before, current, now = self.row_count, self.current, len(view)
        self.follows_end = self.follows_end and self.is_at_end
        self._view = view
        if now < before:
            self.marked = set()  # the server sent other results: row numbers mean other requests now
            self.show(view, appends=self._appends)
        elif now > before and self._appends:
            self._blocks.discard(before - before % BLOCK)
            self.set_row_count(now)
        elif now > before:
            self._blocks.clear()
            self.set_row_count(now)
            self.move_to(view.place(current.n) or 0 if current else 0)
            self.refresh_rows()
        if self.follows_end:
            self.move_to(self.row_count - 1)

    def row_key(self, row: int) -> Hashable:
        """The number of the result in its file."""
        return self._view.numbers[row] if self._view else None

    def row_keys(self) -> set[Hashable]:
        """The numbers of all results that are shown; none of them has to be read."""
        return set(self._view.numbers) if self._view else set()

    def row_cells(self, row: int) -> Sequence[Cell]:
        """What one line shows."""
        result, preview = self._at(row)
        sign, words, tone = outcome_of(result)
        is_reply = result.outcome == "succeeded"
        return (
            Cell(sign, tone if not is_reply else ""),
            Cell(result.custom_id, tone if not is_reply else ""),
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
