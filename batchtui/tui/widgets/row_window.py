"""A window on a long list that scrolls by wheel and by a scrollbar of its own."""

from textual import events

from batchtui.tui.widgets.line_view import LineView
from batchtui.tui.widgets.viewport import Viewport

_WHEEL_ROWS = 3


class RowWindow(LineView):
    """What scrolls below a line of titles; subclasses draw the thumb in the last column of their lines.

    It is no ScrollView: that lays out the screen and repaints its scrollbar each time it grows.
    """

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's own name
        super().__init__(id=id)
        self.view = Viewport()

    @property
    def cursor_row(self) -> int | None:
        """Row of the cursor; None while there are no rows."""
        return self.view.cursor if self.view.count else None

    def settle(self, before: int | None) -> None:
        """Repaint and tell what happened, after anything that may have moved cursor or window.

        Args:
            before: Where the cursor was.
        """
        raise NotImplementedError

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Take hold of the scrollbar."""
        if event.x == self.size.width - 1 and self.view.thumb:
            self.capture_mouse()
            self.view.scroll_to_line(event.y - 1)
            self.settle(self.cursor_row)

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Drag the scrollbar."""
        if self.app.mouse_captured is self:
            self.view.scroll_to_line(event.y - 1)
            self.settle(self.cursor_row)

    def on_mouse_up(self) -> None:
        """Let go of the scrollbar."""
        self.release_mouse()

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Scroll and leave the cursor where it is."""
        event.stop()
        self._scroll(-_WHEEL_ROWS)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Scroll and leave the cursor where it is."""
        event.stop()
        self._scroll(_WHEEL_ROWS)

    def _scroll(self, rows: int) -> None:
        self.view.scroll(rows)
        self.settle(self.cursor_row)
