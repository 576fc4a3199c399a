"""Lets one line of a list be chosen."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterable, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from batchtui.tui.dialogs.dialog import Dialog
from batchtui.tui.format.cells import Cell
from batchtui.tui.format.columns import Column
from batchtui.tui.format.styled import content_of
from batchtui.tui.keys import bindings
from batchtui.tui.widgets.line_table import LineTable

_SIDES, _EDGES = 6, 4
"""Columns and lines of the box that are for its border and padding."""


class ChoiceTable(LineTable):
    """The lines to choose from.

    Args:
        columns: The columns.
        rows: The lines.
        start: The one under the cursor at first.
        choose: Called with the place of the one that is chosen.
        placeholder: Shown while there are no lines.
    """

    def __init__(
        self,
        columns: Sequence[Column],
        rows: Sequence[Sequence[Cell]],
        start: int,
        choose: Callable[[int], object],
        placeholder: str,
    ) -> None:
        super().__init__(columns, placeholder)
        self._rows = rows
        self._start = start
        self._choose = choose

    def on_mount(self) -> None:
        """Shows the lines."""
        self.show(self._rows)
        self.move_to(self._start)

    def show(self, rows: Sequence[Sequence[Cell]], above: int = 0) -> None:
        """Show other lines.

        Args:
            rows: The lines.
            above: How many of them are new and come before all others; the cursor stays on its line.
        """
        self._rows = rows
        self.set_row_count(len(rows), above)
        self.refresh_rows()
        self.move_to(self.view.cursor)

    def cells(self, row: int) -> Sequence[Cell]:
        """One line."""
        return self._rows[row]

    async def action_open(self) -> None:
        """Chooses at once: a key typed right behind enter is not for this list any more."""
        if self.cursor_row is not None:
            self._choose(self.cursor_row)


class Choose(Dialog[int | None]):
    """A list in a box; answers the place of what was chosen, None if nothing was.

    Args:
        title: What is to be chosen.
        columns: The columns of the list.
        rows: Its lines; may come from outside.
        width: Of the box, in cells.
        start: The line under the cursor at first.
        placeholder: Shown while there are no lines.
    """

    BINDINGS = bindings("choose")
    """Leaving; the list has its own keys."""

    BELOW_ROWS: ClassVar[int] = 0
    """Lines that `below` takes."""

    def __init__(
        self,
        title: str,
        columns: Sequence[Column],
        rows: Sequence[Sequence[Cell]],
        *,
        width: int = 64,
        start: int = 0,
        placeholder: str = "Nothing to choose from",
    ) -> None:
        super().__init__()
        self._words = title
        self._title = Static()
        self._box = Vertical(classes="box")
        self.table = ChoiceTable(columns, rows, start, self.choose, placeholder)
        self._width = width

    def compose(self) -> ComposeResult:
        """The title, the list, and what is below it."""
        with self._box as box:
            box.styles.width = self._width
            self._fit()  # before the first paint, which would show a box as high as the screen
            box.border_subtitle = Content("↑↓ enter · esc close")
            yield self._title
            yield self.table
            yield from self.below()

    def below(self) -> Iterable[Widget]:
        """What else is in the box."""
        return ()

    def on_resize(self) -> None:
        """Make the box as high as it needs; the list scrolls where there is less room."""
        self._fit()

    def _fit(self) -> None:
        inside = max(1, min(self._width, self.app.size.width) - _SIDES)
        titles = len(textwrap.wrap(self._words, inside))
        self._title.update(content_of([Cell(self._words, "strong")]))
        self._box.styles.height = titles + 1 + max(1, self.table.row_count) + self.BELOW_ROWS + _EDGES

    def fill(self, title: str, rows: Sequence[Sequence[Cell]]) -> None:
        """Shows other lines, under another title."""
        self._words = title
        self.show(rows)

    def show(self, rows: Sequence[Sequence[Cell]], above: int = 0) -> None:
        """Show other lines; see `ChoiceTable.show`."""
        self.table.show(rows, above)
        self._fit()

    def choose(self, place: int) -> None:
        """Close with the line that was chosen."""
        self.dismiss(place)

    def action_close(self) -> None:
        """Chooses nothing."""
        self.dismiss(None)
