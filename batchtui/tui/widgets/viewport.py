"""Which rows of a long list are in sight, and on which one the cursor is."""

from dataclasses import dataclass


@dataclass
class Viewport:
    """A window of some rows on a list of many; a cursor that moves is kept in sight.

    Args:
        count: Rows in the list.
        height: Rows that fit in the window.
        top: First row in sight.
        cursor: Row of the cursor; 0 in an empty list.
    """

    count: int = 0
    height: int = 0
    top: int = 0
    cursor: int = 0

    @property
    def last_visible(self) -> int:
        """Last row in sight; -1 in an empty list."""
        return min(self.top + self.height, self.count) - 1

    @property
    def near_end(self) -> bool:
        """Whether cursor or window are within a screenful of the last row."""
        return self.count > 0 and max(self.cursor, self.last_visible) + self.height >= self.count

    @property
    def thumb(self) -> range:
        """Lines of the window that a scrollbar's thumb covers; none when all rows are in sight."""
        if self.height <= 0 or self.count <= self.height:
            return range(0)
        size = max(1, self.height * self.height // self.count)
        start = round(self.top * (self.height - size) / (self.count - self.height))
        return range(start, start + size)

    def resize(self, height: int) -> None:
        """Give the window another height; the cursor stays in sight."""
        self.height = max(0, height)
        self.move(self.cursor)

    def resize_list(self, count: int, above: int = 0) -> None:
        """Give the list another length; rows in sight stay where they are.

        Args:
            count: Rows in the list now.
            above: How many of the new ones came before all others. A list at its very top shows them.
        """
        self.count = max(0, count)
        self.cursor = self._inside(self.cursor + above)
        self.scroll(above if self.top else 0)

    def move(self, row: int) -> None:
        """Put the cursor on a row, or the nearest there is, and bring it in sight."""
        self.cursor = self._inside(row)
        self.top = min(self.top, self.cursor)
        if self.height:
            self.top = max(self.top, self.cursor - self.height + 1)
        self.scroll(0)

    def page(self, pages: int) -> None:
        """Move window and cursor by whole pages, so that the cursor keeps its line."""
        self.scroll(pages * self.height)
        self.move(self.cursor + pages * self.height)

    def scroll(self, rows: int) -> None:
        """Move the window and leave the cursor."""
        self.top = max(0, min(self.top + rows, self.count - self.height))

    def scroll_to_line(self, line: int) -> None:
        """Move the window to where a thumb on this line would stand for."""
        self.top = line * (self.count - self.height) // max(1, self.height - 1)
        self.scroll(0)

    def _inside(self, row: int) -> int:
        return max(0, min(row, self.count - 1))
