"""Where things stand on the first screen, said once for Textual's layout and for the first frame."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple
from urllib.parse import urlsplit

from batchtui.config import Profile
from batchtui.tui.format.cells import Cell, Line

BREAKPOINTS = [(0, "-narrow"), (80, "-medium"), (110, "-wide")]
"""From how many columns on: one pane at a time, below each other, beside each other."""
LOW_BREAKPOINTS = [(0, "-low"), (18, "-high")]
"""From how many lines on there is room for a pane below the list."""
PANE_COLUMNS, PANE_ROWS = 50, 9
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
    form, height = reached(BREAKPOINTS, columns), reached(LOW_BREAKPOINTS, rows)
    if form == "-wide":
        return Room(columns - PANE_COLUMNS, rows - BARS, beside=PANE_COLUMNS)
    if form == "-medium" and height == "-high":
        return Room(columns, rows - BARS - PANE_ROWS, below=PANE_ROWS)
    return Room(columns, rows - BARS)


def reached(breakpoints: Sequence[tuple[int, str]], length: int) -> str:
    """The class of the last breakpoint that so many columns or lines reach."""
    return [name for least, name in breakpoints if length >= least][-1]


def where(profile: Profile, *, is_demo: bool) -> str:
    """What the title line says of the place."""
    return profile.name if is_demo else f"{profile.name} · {urlsplit(profile.base_url).netloc}"


def badges(profile: Profile, *, is_demo: bool) -> list[str]:
    """The words that stand out in the title line."""
    return [*(["SANDBOX"] if is_demo else []), *(["READ-ONLY"] if profile.read_only else [])]


def list_title(number: str) -> list[Cell]:
    """The title of the list.

    Args:
        number: Of batches, in words; empty while none is known.
    """
    return [Cell("Batches", "strong"), *([Cell(f"  {number}", "muted")] if number else [])]
