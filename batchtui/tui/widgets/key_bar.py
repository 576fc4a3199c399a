"""The line at the bottom: the keys that act now."""

from collections.abc import Callable, Sequence

from textual import events
from textual.message import Message
from textual.strip import Strip

from batchtui.config.keys import Key
from batchtui.tui.format.cells import Cell, width_of
from batchtui.tui.widgets.line_view import LineView

_GAP = Cell("  ")


class KeyBar(LineView):
    """Keys from the table, each with its word; the last one stands at the right.

    Those for which there is no room are left out, the pinned ones last.

    Args:
        keys: The keys, the most needed first.
        id: Id for CSS and queries.
    """

    DEFAULT_CSS = """
    KeyBar { height: 1; dock: bottom; }
    """
    """One line at the bottom of the screen."""

    class Clicked(Message):
        """A key of the bar was clicked."""

        def __init__(self, key: Key) -> None:
            self.key = key
            super().__init__()

    def __init__(self, keys: Sequence[Key] = (), *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._keys = [key for key in keys if key.show]
        self._asleep: set[str] = set()

    def show_keys(self, keys: Sequence[Key]) -> None:
        """Show other keys."""
        shown = [key for key in keys if key.show]
        if shown != self._keys:
            self._keys = shown
            self.repaint()

    def dim(self, is_asleep: Callable[[Key], object]) -> None:
        """Dim those keys that cannot act now."""
        self._asleep = {key.id for key in self._keys if is_asleep(key)}
        self.repaint()

    def line(self, y: int) -> Strip:
        """As many keys as there is room for."""
        return self.strip([cell for _, cells in self._layout() for cell in cells])

    def on_click(self, event: events.Click) -> None:
        """Tell which key was clicked."""
        x = 0
        for key, cells in self._layout():
            x += width_of(cells)
            if event.x < x:
                if key:
                    self.post_message(self.Clicked(key))
                return

    def _layout(self) -> list[tuple[Key | None, list[Cell]]]:
        """What stands side by side, from left to right: keys, and the blanks between them."""
        if not self._keys:
            return []
        *keys, last = self._keys
        end = self._cells(last)
        room = self.size.width - 2 - width_of(end)
        cells = {key: [*self._cells(key), _GAP] for key in keys}
        fitting: set[Key] = set()
        for key in sorted(keys, key=lambda key: not key.pinned):
            if width_of(cells[key]) <= room:
                fitting.add(key)
                room -= width_of(cells[key])
        shown = [(key, cells[key]) for key in keys if key in fitting]
        return [(None, [Cell(" ")]), *shown, (None, [Cell(" " * room)]), (last, end)]

    def _cells(self, key: Key) -> list[Cell]:
        if key.id in self._asleep:
            return [Cell(f"{key.shown} {key.label}", "dim")]
        return [Cell(key.shown, "accent"), Cell(f" {key.label}", "muted")]
