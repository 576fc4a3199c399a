"""An app of our widgets that a test runs in a terminal of its own, to count what it sends.

Run as a program. The key `0` paints the next number in the last line, after all that was asked for before.
"""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.reactive import Reactive
from textual.screen import Screen
from textual.strip import Strip
from textual.widget import Widget

from batchtui.tui.format.cells import Cell
from batchtui.tui.terminal.painted_app import PaintedApp
from batchtui.tui.theme import THEMES
from batchtui.tui.widgets.line_view import LineView
from batchtui.tui.widgets.panel import Panel
from batchtui.tui.widgets.title_bar import TitleBar
from tests.tui.widgets.table import Table

ROWS = 100_000


def mark(number: int) -> str:
    """What is painted for a number: so different from the one before that all of it is sent."""
    return f"{'mark' if number % 2 else 'MARK'} {number}"


class Mark(LineView):
    """A number in the last line of the screen; its first and last letter are others each time."""

    DEFAULT_CSS = "Mark { height: 1; dock: bottom; }"

    number = 100

    def line(self, y: int) -> Strip:
        return self.strip([Cell(mark(self.number))])


class ByteScreen(Screen[None]):
    """Two tables in panels under a title."""

    focused: Reactive[Widget | None] = Reactive(None, repaint=False)

    def __init__(self) -> None:
        super().__init__()
        self.title_bar = TitleBar(detail="prod · example.org", badges=("SANDBOX",))
        self.table = Table()
        self.mark = Mark()
        self.panel = Panel(self.table, title="Batches")

    def compose(self) -> ComposeResult:
        yield self.title_bar
        with Horizontal():
            yield self.panel
            yield Panel(Table(), title="Detail")
        yield self.mark

    def on_mount(self) -> None:
        self.table.set_row_count(ROWS)

    def key_0(self) -> None:
        """The next number."""
        self.mark.number += 1
        self.mark.repaint()

    def key_1(self) -> None:
        """One row changes."""
        self.table.rows[2] = (Cell("✗", "error"), Cell("changed"), Cell("1"), Cell("4m", "muted"))
        self.table.refresh_row(2)

    def key_2(self) -> None:
        """All is said again, and nothing changed."""
        self.table.refresh_rows()
        self.table.set_row_count(self.table.row_count)
        self.title_bar.show_status("")
        self.panel.show_title("Batches")

    def key_3(self) -> None:
        """More rows arrive."""
        self.table.set_row_count(self.table.row_count + 100)

    def key_4(self) -> None:
        """Title and status change."""
        self.title_bar.show_status([Cell("3 running   "), Cell("live", "success")])
        self.panel.show_title("Batches  240+")


class ByteApp(PaintedApp[None]):
    """Nothing but that screen."""

    def on_mount(self) -> None:
        for theme in THEMES:
            self.register_theme(theme)
        self.theme = THEMES[0].name
        self.push_screen(ByteScreen())


if __name__ == "__main__":
    ByteApp().run()
