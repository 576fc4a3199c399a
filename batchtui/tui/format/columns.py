"""Columns of a table: how wide each is, which ones give way, and how the cells of a row fit in."""

from collections.abc import Sequence
from dataclasses import dataclass

from batchtui.tui.format.cells import Align, Cell, Cut, Tone, fit_text

__all__ = ["GAP", "Cell", "Column", "Tone", "fit_columns", "fit_row", "fit_titles"]

GAP = 1
"""Cells between two columns."""


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Args:
        title: Shown in the header.
        width: In terminal cells; of a flexible column the least.
        align: Where its texts stand.
        cut: Which part a text too long loses; ids differ at their ends.
        flexible: Whether it shares the room that is left.
        drop: Where there is no room for all, the column with the highest number goes first; 0 never goes.
    """

    title: str
    width: int
    align: Align = "left"
    cut: Cut = "end"
    flexible: bool = False
    drop: int = 0


MARKS = Column("", 1)
"""Comes before all others where rows can be marked."""


def fit_columns(columns: Sequence[Column], room: int) -> list[int]:
    """Width of each column in a line of `room` cells; 0 for those that had to go."""
    shown = list(range(len(columns)))
    while (spare := room - _needed([columns[index] for index in shown])) < 0:
        first = max(shown, key=lambda index: columns[index].drop)
        if columns[first].drop == 0:
            break
        shown.remove(first)
    widths = [column.width if index in shown else 0 for index, column in enumerate(columns)]
    flexible = [index for index in shown if columns[index].flexible]
    for place, index in enumerate(flexible):
        share = spare // (len(flexible) - place)
        widths[index] = max(1, widths[index] + share)
        spare -= share
    return widths


def fit_row(columns: Sequence[Column], widths: Sequence[int], cells: Sequence[Cell]) -> list[Cell]:
    """The cells of a row, each cut or padded to its column.

    Args:
        columns: The columns.
        widths: Width of each, from `fit_columns`.
        cells: One for each column; texts may come from outside.
    """
    row: list[Cell] = []
    for column, width, cell in zip(columns, widths, cells, strict=True):
        if width:
            gap = " " * (GAP if row else 0)
            row.append(Cell(gap + fit_text(cell.text, width, column.align, column.cut), cell.tone))
    return row


def fit_titles(columns: Sequence[Column], widths: Sequence[int]) -> list[Cell]:
    """The titles of the columns, above their texts; always cut at their ends."""
    titles = [
        Cell(fit_text(column.title, width, column.align), "muted")
        for column, width in zip(columns, widths, strict=True)
    ]
    return fit_row(columns, widths, titles)


def _needed(columns: Sequence[Column]) -> int:
    return sum(column.width for column in columns) + GAP * max(0, len(columns) - 1)
