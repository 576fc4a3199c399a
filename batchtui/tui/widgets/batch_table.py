"""The list of batches."""

from __future__ import annotations

import time
from collections.abc import Sequence

from batchtui.cache import Batch
from batchtui.tui.batch_text import row_cells
from batchtui.tui.widgets.columns import Cell, Column
from batchtui.tui.widgets.line_table import LineTable

COLUMNS = (
    Column("status", 13),
    Column("batch", 14, align="left", flexible=True, cut="front"),
    Column("requests", 8, align="right", drop=1),
    Column("ok", 7, align="right", drop=2),
    Column("err", 6, align="right", drop=3),
    Column("canc", 6, align="right", drop=7),
    Column("exp", 6, align="right", drop=6),
    Column("age", 4, align="right", drop=4),
    Column("left", 4, align="right", drop=5),
)


class BatchTable(LineTable):
    """Batches, newest first. The cursor stays on its batch whatever comes above it."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's own name
        super().__init__(COLUMNS, "Asking for the batches…", id=id)
        self._batches: Sequence[Batch] = ()
        self._last: Batch | None = None

    @property
    def current(self) -> Batch | None:
        """The batch under the cursor."""
        return self._batches[self.cursor_row] if self.cursor_row is not None else None

    def show(self, batches: Sequence[Batch]) -> None:
        """Shows these batches, and repaints only the lines that look different."""
        # After a filter that matched nothing, the cursor goes back to where it was.
        current = self._last = self.current or self._last
        self._batches = batches
        place = _place_of(current, batches)
        above = max(0, place - (self.cursor_row or 0)) if current else 0
        self.set_row_count(len(batches), above)
        self.move_to(place)
        self.refresh_rows()

    def cells(self, row: int) -> Sequence[Cell]:
        """What one line shows."""
        return row_cells(self._batches[row], time.time())


def _place_of(batch: Batch | None, batches: Sequence[Batch]) -> int:
    """Where a batch is now, or where it would be if it were still there."""
    if batch is None:
        return 0
    for place, other in enumerate(batches):
        if other.id == batch.id or other.created_at < batch.created_at:
            return place
    return max(0, len(batches) - 1)
