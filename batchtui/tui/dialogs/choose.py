"""Lets one line of a list be chosen."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Static

from batchtui.tui.dialogs.dialog import Dialog
from batchtui.tui.keys import bindings
from batchtui.tui.widgets.cells import Cell
from batchtui.tui.widgets.columns import Column
from batchtui.tui.widgets.line_table import LineTable
from batchtui.tui.widgets.styled import content_of


class ChoiceTable(LineTable):
    """The lines to choose from.

    Args:
        columns: The columns.
        rows: The lines.
        start: The one under the cursor at first.
        choose: Called with the place of the one that is chosen.
    """

    def __init__(
        self,
        columns: Sequence[Column],
        rows: Sequence[Sequence[Cell]],
        start: int,
        choose: Callable[[int], object],
    ) -> None:
        super().__init__(columns, "Nothing to choose from.")
        self._rows = rows
        self._start = start
        self._choose = choose

    def on_mount(self) -> None:
        """Shows the lines."""
        self.show(self._rows)
        self.move_to(self._start)

    def show(self, rows: Sequence[Sequence[Cell]]) -> None:
        """Shows other lines."""
        self._rows = rows
        self.styles.height = len(rows) + 1
        self.set_row_count(len(rows))
        self.refresh_rows()

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
    """

    BINDINGS = bindings("choose")
    """Leaving; the list has its own keys."""

    def __init__(
        self,
        title: str,
        columns: Sequence[Column],
        rows: Sequence[Sequence[Cell]],
        *,
        width: int = 64,
        start: int = 0,
    ) -> None:
        super().__init__()
        self._title = Static(content_of([Cell(title, "strong")]))
        self.table = ChoiceTable(columns, rows, start, self.dismiss)
        self._width = width

    def compose(self) -> ComposeResult:
        """The title and the list."""
        with Vertical(classes="box") as box:
            box.styles.width = self._width
            yield self._title
            yield self.table

    def fill(self, title: str, rows: Sequence[Sequence[Cell]]) -> None:
        """Shows other lines, under another title."""
        self._title.update(content_of([Cell(title, "strong")]))
        self.table.show(rows)

    def action_close(self) -> None:
        """Chooses nothing."""
        self.dismiss(None)
