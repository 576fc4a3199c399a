"""The list of batches."""

from __future__ import annotations

import time
from collections.abc import Hashable, Mapping, Sequence
from math import inf
from typing import TYPE_CHECKING

from textual.message import Message

from batchtui.cache import Batch
from batchtui.tui.format.batch import COLUMNS, row_cells, until_row_changes
from batchtui.tui.format.cells import Cell
from batchtui.tui.widgets.markable_table import MarkableTable

if TYPE_CHECKING:
    from batchtui.tui.format.batch import Price


class BatchTable(MarkableTable):
    """Batches. The cursor stays on its batch whatever comes above it, and so do marks."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's own name
        super().__init__(COLUMNS, "Asking for the batches…", id=id)
        self._batches: Sequence[Batch] = ()
        self._last: Batch | None = None
        self.prices: Mapping[str, Price] = {}
        """What batches cost or may cost, by their ids, as far as known."""

    class EndWanted(Message):
        """The person goes to the end, also of what is not loaded yet."""

    def action_last(self) -> None:
        """To the last row, and on to those that are not loaded yet."""
        super().action_last()
        self.post_message(self.EndWanted())

    @property
    def current(self) -> Batch | None:
        """The batch under the cursor."""
        return self._batches[self.cursor_row] if self.cursor_row is not None else None

    @property
    def shown(self) -> Sequence[Batch]:
        """The batches that the filter lets through, in their order."""
        return self._batches

    @property
    def shown_ids(self) -> set[str]:
        """The ids of the batches that the filter lets through."""
        return {batch.id for batch in self._batches}

    def show(self, batches: Sequence[Batch], keep: Batch | None = None) -> None:
        """Show these batches, repainting only the lines that look different.

        Args:
            batches: The batches.
            keep: The batch to put the cursor on, or on the first row if it is not shown. By default the
                cursor stays on its batch.
        """
        # After a filter that matched nothing, the cursor goes back to where it was.
        current = self._last = keep or self.current or self._last
        self._batches = batches
        place = _place_of(current, batches, 0 if keep else self.cursor_row or 0)
        above = max(0, place - (self.cursor_row or 0)) if current else 0
        self.set_row_count(len(batches), above)
        self.move_to(place)
        self.refresh_rows()

    async def action_open(self) -> None:
        """Has the screen open the results, before another key is read."""
        await self.app.run_action("results", self.screen)

    def until_ages_change(self) -> float:
        """Seconds until an age or a time left of the rows in sight reads differently."""
        now = time.time()
        in_sight = self._batches[self.view.top : self.view.last_visible + 1]
        return min((until_row_changes(batch, now) for batch in in_sight), default=inf)

    def row_key(self, row: int) -> Hashable:
        """The id of a batch."""
        return self._batches[row].id

    def row_cells(self, row: int) -> Sequence[Cell]:
        """What one line shows."""
        batch = self._batches[row]
        return row_cells(batch, time.time(), self.prices.get(batch.id))


def _place_of(batch: Batch | None, batches: Sequence[Batch], before: int) -> int:
    """Where a batch is now; where it was before if it is not there any more."""
    if batch is None:
        return 0
    places = (place for place, other in enumerate(batches) if other.id == batch.id)
    return next(places, min(before, max(0, len(batches) - 1)))
