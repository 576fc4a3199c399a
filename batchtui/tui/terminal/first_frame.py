"""The first screen, drawn from the cache before Textual is imported, which is most of a start.

It uses the same lines at the same places as the widgets, so that nothing moves when Textual paints over it.
Textual adds the text of the pane and the keys, which work from then on.
"""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from operator import add
from pathlib import Path

from batchtui.cache import Batch
from batchtui.config import Profile
from batchtui.text import count
from batchtui.tui.colors import PALETTES
from batchtui.tui.format.batch import COLUMNS, row_cells
from batchtui.tui.format.cells import Cell, Line
from batchtui.tui.format.columns import MARKS, fit_columns, fit_row, fit_titles
from batchtui.tui.format.layout import CONNECTING, Room, badges, list_title, room_in, where
from batchtui.tui.format.lines import BOTTOM, SIDE, TABLE_EDGES, TOP, edge_line, row_line, title_line
from batchtui.tui.terminal.early_screen import EarlyScreen, early_screen
from batchtui.tui.terminal.escape_sequences import Brush
from batchtui.tui.widgets.viewport import Viewport
from batchtui.workspace import load_cached_batches

_MIN_ROWS = 4
"""Rows of the smallest list that shows a batch: two edges, the titles, a row."""
_NO_SCREEN = ("dumb", "unknown")


def show_first_frame(
    profile: Profile, cache_root: Path, theme: str
) -> AbstractContextManager[EarlyScreen | None]:
    """Show the cached batches, if there are any and the terminal can.

    Args:
        profile: The API to call, and its credentials.
        cache_root: The cache folder.
        theme: The name of the theme.

    Returns:
        A context manager that restores the terminal; its value is None if nothing is shown.
    """
    columns, rows = shutil.get_terminal_size((0, 0))
    room = room_in(columns, rows)
    if room.rows < _MIN_ROWS or not _can_draw(os.environ):
        return nullcontext()
    known, total = load_cached_batches(profile, cache_root, room.rows)
    if not known:
        return nullcontext()
    palette = next(palette for palette in PALETTES if palette["name"] == f"batchtui-{theme}")
    brush = Brush(palette, os.environ)
    no_keys = " " * columns
    title = _title(brush, profile, columns)
    return early_screen(brush.screen([title, *_body(brush, known, total, room), no_keys]))


def _can_draw(env: Mapping[str, str]) -> bool:
    """Return whether Textual can draw on this terminal."""
    return env.get("TERM", "dumb") not in _NO_SCREEN and sys.stderr.isatty()


def _title(brush: Brush, profile: Profile, columns: int) -> str:
    detail, labels = where(profile, is_demo=False), badges(profile, is_demo=False)
    return brush.line(title_line(("batchtui",), detail, labels, CONNECTING, columns))


def _body(brush: Brush, known: Sequence[Batch], total: int, room: Room) -> Iterator[str]:
    """Yield the lines of the list and of the empty pane beside or below it."""
    table = list(_table(brush, known, Viewport(total, room.rows - 3), room.columns - 2))
    title = list_title(f"{count(total)}+")
    beside = _panel(brush, room.beside, room.rows) if room.beside else [""] * room.rows
    yield from map(add, _panel(brush, room.columns, room.rows, table, title), beside)
    yield from _panel(brush, room.columns, room.below) if room.below else ()


def _panel(
    brush: Brush, columns: int, rows: int, inside: Sequence[str] = (), title: Line = ()
) -> Iterator[str]:
    """Yield the lines of a box. A box with content has the focus."""
    side, blank = brush.line([Cell(SIDE, "dim")]), brush.line([Cell(" " * (columns - 2))])
    yield brush.line(edge_line(TOP, title, columns, lit=bool(inside)))
    for y in range(rows - 2):
        yield side + (inside[y] if y < len(inside) else blank) + side
    yield brush.line(edge_line(BOTTOM, (), columns, lit=bool(inside)))


def _table(brush: Brush, known: Sequence[Batch], view: Viewport, columns: int) -> Iterator[str]:
    """Yield the titles and the visible rows, with the cursor on the first."""
    shape, now = (MARKS, *COLUMNS), time.time()
    widths = fit_columns(shape, columns - TABLE_EDGES)
    yield brush.line([Cell(" "), *fit_titles(shape, widths), Cell(" ")])
    for y, batch in enumerate(known[: view.height]):
        cells, lit = fit_row(shape, widths, (Cell(" "), *row_cells(batch, now))), y == view.cursor
        line = row_line(cells, columns, pointer="accent" if lit else None, thumb=y in view.thumb)
        yield brush.line(line, lit=lit)
