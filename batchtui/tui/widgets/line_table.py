"""A table that asks only for the rows in sight, however many there are."""

import textwrap
from collections.abc import Sequence

from rich.cells import cell_len
from textual import events
from textual.cache import LRUCache
from textual.geometry import Size
from textual.message import Message
from textual.strip import Strip

from batchtui.text import clean_line
from batchtui.tui.format.cells import Cell, Tone
from batchtui.tui.format.columns import Column, fit_columns, fit_row, fit_titles
from batchtui.tui.format.lines import TABLE_EDGES, row_line
from batchtui.tui.keys import bindings
from batchtui.tui.widgets.row_window import RowWindow


class LineTable(RowWindow, can_focus=True):
    """A list of rows with a cursor. Subclasses answer `cells`; whoever owns the rows calls `set_row_count`.

    Args:
        columns: The columns, left to right.
        placeholder: Shown in the middle while there are no rows.
        id: Id for CSS and queries.
    """

    BINDINGS = bindings("list")
    """Moving and opening."""

    DEFAULT_CSS = """
    LineTable { width: 1fr; height: 1fr; }
    """
    """Takes the room there is."""

    class CursorMoved(Message):
        """The cursor is on another row now."""

        def __init__(self, table: "LineTable", row: int) -> None:
            self.table = table
            self.row = row
            super().__init__()

        @property
        def control(self) -> "LineTable":
            """The table, for `@on` with a selector."""
            return self.table

    class RowOpened(CursorMoved):
        """Enter was pressed on a row, or it was clicked twice."""

    class EndNeared(CursorMoved):
        """Cursor or window are within a screenful of the last row; `row` is the last one in sight.

        Sent once for each row count.
        """

    def __init__(self, columns: Sequence[Column], placeholder: str = "", *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._columns = columns
        self._fitted = Size()
        self._widths = fit_columns(columns, 0)
        self._placeholder = placeholder
        self._strips: LRUCache[tuple[int, bool, bool], Strip] = LRUCache(512)
        self._end_told = False

    # What the owner of the rows calls

    def cells(self, row: int) -> Sequence[Cell]:
        """One cell for each column; asked only for rows in sight, and again only after `refresh_rows`."""
        raise NotImplementedError

    @property
    def row_count(self) -> int:
        """How many rows there are."""
        return self.view.count

    @property
    def is_at_end(self) -> bool:
        """Whether the cursor is on the last row."""
        return self.view.cursor >= self.row_count - 1

    @property
    def placeholder(self) -> str:
        """Shown in the middle while there are no rows."""
        return self._placeholder

    @placeholder.setter
    def placeholder(self, text: str) -> None:
        if text != self._placeholder:
            self._placeholder = text
            self.repaint()

    def set_row_count(self, count: int, above: int = 0) -> None:
        """Say how many rows there are now; cursor and window stay on their rows.

        Args:
            count: Rows.
            above: How many of the new ones came before all others.
        """
        if above or count < self.row_count:
            self._strips.clear()
        if count != self.row_count:
            self._end_told = False
        before = self.cursor_row
        self.view.resize_list(count, above)
        self.settle(before)

    def refresh_row(self, row: int) -> None:
        """Ask for a row again and repaint its line if it looks different."""
        self.refresh_rows(row, row)

    def refresh_rows(self, first: int = 0, last: int | None = None) -> None:
        """Ask for rows again and repaint the lines that look different.

        Args:
            first: First row.
            last: Last row, itself included; None for all that follow.
        """
        for key in list(self._strips.keys()):
            if key[0] >= first and (last is None or key[0] <= last):
                self._strips.discard(key)
        self.repaint()

    def move_to(self, row: int) -> None:
        """Put the cursor on a row, or the nearest there is, and bring it in sight."""
        before = self.cursor_row
        self.view.move(row)
        self.settle(before)

    # Keys and mouse

    def action_cursor_up(self) -> None:
        """One row up."""
        self.move_to(self.view.cursor - 1)

    def action_cursor_down(self) -> None:
        """One row down."""
        self.move_to(self.view.cursor + 1)

    def action_page_up(self) -> None:
        """One page up."""
        self._page(-1)

    def action_page_down(self) -> None:
        """One page down."""
        self._page(1)

    def action_first(self) -> None:
        """To the first row."""
        self.move_to(0)

    def action_last(self) -> None:
        """To the last row."""
        self.move_to(self.row_count - 1)

    async def action_open(self) -> None:
        """Open the row of the cursor."""
        if self.row_count:
            self.post_message(self.RowOpened(self, self.view.cursor))

    async def on_click(self, event: events.Click) -> None:
        """Put the cursor on the row that was clicked; open it when clicked twice."""
        row = self.view.top + event.y - 1
        if event.y < 1 or row >= self.row_count or event.x >= self.size.width - 1:
            return
        self.move_to(row)
        if event.chain == 2:
            await self.run_action("open")

    def _page(self, pages: int) -> None:
        before = self.cursor_row
        self.view.page(pages)
        self.settle(before)

    def on_resize(self, event: events.Resize) -> None:
        """Fit columns and window into the new size."""
        self._fit(event.size)
        self.settle(self.cursor_row)

    def _fit(self, size: Size) -> None:
        if size != self._fitted:
            self._fitted = size
            self._strips.clear()
            self._widths = fit_columns(self._columns, size.width - TABLE_EDGES)
            self.view.resize(size.height - 1)

    def forget_styles(self) -> None:
        """Forget the rows painted in the styles of before."""
        super().forget_styles()
        self._strips.clear()

    def line(self, y: int) -> Strip:
        """The titles, a row, or the placeholder."""
        self._fit(self.size)  # the first paint comes before Textual tells of the size
        row = self.view.top + y - 1
        if y == 0:
            return self.strip([Cell(" "), *fit_titles(self._columns, self._widths)])
        if row < self.row_count:
            return self._row_line(row, y - 1 in self.view.thumb)
        return self.strip([]) if self.row_count else self._placeholder_line(y)

    def _placeholder_line(self, y: int) -> Strip:
        """One line of the placeholder, which stands in the middle and is wrapped where it is long."""
        lines = textwrap.wrap(clean_line(self._placeholder), max(1, self.size.width - 4))
        place = y - max(1, (self.size.height - len(lines) + 1) // 2)
        if not 0 <= place < len(lines):
            return self.strip([])
        left = (self.size.width - cell_len(lines[place])) // 2
        return self.strip([Cell(" " * left + lines[place], "muted")])

    def _row_line(self, row: int, thumb: bool) -> Strip:
        at_cursor = row == self.view.cursor
        key = (row, at_cursor, thumb)
        if key not in self._strips:
            pointer: Tone = "accent" if self.has_focus else "muted"
            line = row_line(
                fit_row(self._columns, self._widths, self.cells(row)),
                self.size.width,
                pointer=pointer if at_cursor else None,
                thumb=thumb,
            )
            self._strips[key] = self.strip(line, lit=at_cursor)
        return self._strips[key]

    def settle(self, before: int | None) -> None:
        """Repaint and tell what happened, after anything that may have moved cursor or window."""
        self.repaint()
        if self.cursor_row is not None and self.cursor_row != before:
            self.post_message(self.CursorMoved(self, self.cursor_row))
        if self.view.height and self.view.near_end and not self._end_told:
            self._end_told = True
            self.post_message(self.EndNeared(self, self.view.last_visible))
