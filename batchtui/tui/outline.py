"""Where things stand on the first screen, said once for Textual's layout and for the first frame."""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import urlsplit

from batchtui.config import Profile
from batchtui.tui.widgets.cells import Cell, Line

BREAKPOINTS = [(0, "-narrow"), (80, "-medium"), (110, "-wide")]
"""From how many columns on: one pane at a time, below each other, beside each other."""
PANE_COLUMNS, PANE_ROWS = 50, 13
"""What the pane takes beside the list, or below it; the list has the rest."""
BARS = 2
"""The title line and the line of keys."""

CONNECTING: Line = [Cell("connecting…", "muted")]
"""How things stand before the API was asked."""


class Room(NamedTuple):
    """The sizes of list and pane, edges included.

    Args:
        columns: Of the list.
        rows: Of the list.
        beside: Columns of the pane on its right.
        below: Rows of the pane below it.
    """

    columns: int
    rows: int
    beside: int = 0
    below: int = 0


def room_in(columns: int, rows: int) -> Room:
    """How a terminal is shared out before a key is pressed."""
    (_, form) = max(point for point in BREAKPOINTS if columns >= point[0])
    if form == "-wide":
        return Room(columns - PANE_COLUMNS, rows - BARS, beside=PANE_COLUMNS)
    if form == "-medium":
        return Room(columns, rows - BARS - PANE_ROWS, below=PANE_ROWS)
    return Room(columns, rows - BARS)


def where(profile: Profile, *, is_demo: bool) -> str:
    """What the title line says of the place."""
    return profile.name if is_demo else f"{profile.name} · {urlsplit(profile.base_url).netloc}"


def badges(profile: Profile, *, is_demo: bool) -> list[str]:
    """The words that stand out in the title line."""
    return [*(["SANDBOX"] if is_demo else []), *(["READ-ONLY"] if profile.read_only else [])]


def list_title(number: str) -> list[Cell]:
    """The title of the list.

    Args:
        number: Of batches, in words.
    """
    return [Cell("Batches", "strong"), Cell(f"  {number}", "muted")]
