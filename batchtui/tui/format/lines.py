"""The lines that make up a screen, as cells: what is drawn alike by widgets and by the first frame."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from batchtui.tui.format.cells import Cell, Line, Tone, cells_of, fit_cells, width_of

TABLE_EDGES = 2
"""Columns of a table that are not for its cells: the pointer on the left and the scrollbar on the right."""
TOP, BOTTOM, SIDE = ("╭", "╮"), ("╰", "╯"), "│"
"""Of a panel: the corners of its edges, and what is between them."""
TEXT_AT = 3
"""Column of an edge's text, from 0."""
_POINTER = "▸"
_THUMB = "▐"
_TITLE_GAP = 3


def title_line(
    path: Sequence[str], detail: str, badges: Sequence[str], status: Line, width: int
) -> list[Cell]:
    """The line at the top of a screen, cut in its middle where it is too long.

    Args:
        path: From the app's name to this screen.
        detail: Follows the path.
        badges: Words that stand out.
        status: How things stand, at the right; this is what stays where there is little room.
        width: Of the line.
    """
    end = cells_of(status)
    left = cells_of(_left_of_title(path, detail, badges))
    room = max(0, width - 1 - width_of(end))
    if end and width_of(left) > room - _TITLE_GAP:
        left = [*fit_cells(left, max(0, room - _TITLE_GAP)), Cell(" " * min(room, _TITLE_GAP))]
    return [*fit_cells(left, room), *end]


def _left_of_title(path: Sequence[str], detail: str, badges: Sequence[str]) -> list[Cell]:
    name, *rest = path
    cells = [Cell(" "), Cell(name, "accent")]
    for step in rest:
        cells += [Cell(" › ", "muted"), Cell(step)]
    if detail:
        cells += [Cell("  "), Cell(detail, "muted")]
    for badge in badges:
        cells += [Cell("  "), Cell(badge, "warning")]
    return cells


def edge_line(corners: Sequence[str], text: Line, width: int, *, lit: bool) -> list[Cell]:
    """The top or bottom edge of a panel, from corner to corner.

    Args:
        corners: The two characters at its ends.
        text: What it says.
        width: Of the line.
        lit: Whether it stands out.
    """
    left, right = corners
    tone: Tone = "accent" if lit else "dim"
    room = max(0, width - 4)
    said = [Cell(" "), *cells_of(text), Cell(" ")] if text else []
    said = fit_cells(said, min(room, width_of(said)))
    line = Cell("─" * (room - width_of(said)), tone)
    return [Cell(left + "─", tone), *said, line, Cell("─" + right, tone)]


def row_line(cells: Iterable[Cell], width: int, *, pointer: Tone | None, thumb: bool) -> list[Cell]:
    """A row of a table between its edges.

    Args:
        cells: The row, from `fit_row`.
        width: Of the line.
        pointer: Tone of the pointer; None where the cursor is not.
        thumb: Whether the thumb of the scrollbar is beside it.
    """
    first = Cell(_POINTER, pointer) if pointer else Cell(" ")
    bar = Cell(_THUMB if thumb else " ", "dim")
    return [*fit_cells([first, *cells], width - 1), bar]
