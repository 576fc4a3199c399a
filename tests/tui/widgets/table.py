"""A table of plain rows for tests, in an app that notes what the table says."""

from __future__ import annotations

from collections.abc import Sequence

from textual import on
from textual.app import App, ComposeResult
from textual.strip import Strip

from batchtui.tui.format.cells import Cell
from batchtui.tui.format.columns import Column
from batchtui.tui.theme import THEMES
from batchtui.tui.widgets.line_table import LineTable

COLUMNS = (
    Column("si", 2),
    Column("name", 10, flexible=True),
    Column("number", 8, align="right", drop=1),
    Column("age", 5, align="right", drop=2),
)


class Table(LineTable):
    """Rows come from a list, and are made up beyond its end."""

    def __init__(self, rows: Sequence[Sequence[Cell]] = ()) -> None:
        super().__init__(COLUMNS, "nothing here")
        self.rows = dict(enumerate(rows))
        self.asked: list[int] = []
        self.painted: list[int] = []

    def cells(self, row: int) -> Sequence[Cell]:
        self.asked.append(row)
        made_up = (Cell("✓", "success"), Cell(f"row {row}"), Cell(f"{row:,}"), Cell("3m", "muted"))
        return self.rows.get(row, made_up)

    def render_line(self, y: int) -> Strip:
        self.painted.append(y)
        return super().render_line(y)

    @property
    def lines(self) -> list[str]:
        """What is on the screen."""
        return [self.line(y).text for y in range(self.size.height)]


class TableApp(App[None]):
    """The table alone on the screen."""

    def __init__(self, rows: Sequence[Sequence[Cell]] = ()) -> None:
        super().__init__()
        self.table = Table(rows)
        self.said: list[tuple[str, int]] = []

    def compose(self) -> ComposeResult:
        yield self.table

    def on_mount(self) -> None:
        for theme in THEMES:
            self.register_theme(theme)
        self.theme = THEMES[0].name

    @on(LineTable.CursorMoved)
    @on(LineTable.EndNeared)
    @on(LineTable.RowOpened)
    def _note(self, event: LineTable.CursorMoved) -> None:
        self.said.append((type(event).__name__, event.row))
