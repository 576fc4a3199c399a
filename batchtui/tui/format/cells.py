"""Text from anywhere with a tone, cleaned here, so that no widget ever sees markup or control characters.

Without Textual, because the first frame is drawn before that is imported; `styled` hands cells on to it.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, NamedTuple

from rich.cells import cell_len, set_cell_size

from batchtui.text import clean_line

Tone = Literal["", "strong", "muted", "dim", "accent", "success", "warning", "error"]
"""What a color says: plain, a heading, secondary, a mere line, the one accent, or how something ended."""

Align = Literal["left", "right"]
"""Where a text stands in its room."""

Cut = Literal["end", "front", "middle"]
"""Which part of a text is lost where there is no room for all of it."""

CONTENT_STYLES: Mapping[Tone, str] = {
    "": "",
    "strong": "bold",
    "muted": "$text-muted",
    "dim": "$border",
    "accent": "$accent",
    "success": "$success",
    "warning": "$warning",
    "error": "$error",
}
"""The tones as styles of Textual's `Content`."""

_LONGEST = 8
"""Characters looked at for each cell of width: room for combining marks, not for a megabyte."""


class Cell(NamedTuple):
    """Some text in one tone; the text may come from outside."""

    text: str
    tone: Tone = ""


Line = str | Sequence[Cell]
"""A line: plain text, or pieces of it in their tones."""


def cells_of(line: Line) -> list[Cell]:
    """The pieces of a line, cleaned."""
    cells = [Cell(line)] if isinstance(line, str) else line
    return [Cell(clean_line(cell.text), cell.tone) for cell in cells]


def width_of(cells: Iterable[Cell]) -> int:
    """How many columns of the terminal these take."""
    return sum(cell_len(cell.text) for cell in cells)


def fit_text(text: str, width: int, align: Align = "left", cut: Cut = "end") -> str:
    """Text cleaned and made exactly `width` columns wide: padded, or cut with an ellipsis."""
    text = clean_line(_bounded(text, max(0, width) * _LONGEST, cut))
    missing = width - cell_len(text)
    if missing >= 0:
        return " " * missing + text if align == "right" else text + " " * missing
    if width <= 0:
        return ""
    left = {"end": width - 1, "front": 0, "middle": width // 2}[cut]
    return set_cell_size(text, left) + "…" + _mirrored_cut(text, width - 1 - left)


def _bounded(text: str, longest: int, cut: Cut) -> str:
    """The characters that may be shown after a cut, with those that are to be lost between them."""
    if len(text) <= 2 * longest:
        return text
    front, end = text[:longest], text[len(text) - longest :]
    return {"end": front, "front": end, "middle": front + end}[cut]


def _mirrored_cut(text: str, width: int) -> str:
    """The end of a text, cut as its mirror image, so that a wide character is never halved."""
    return set_cell_size(text[::-1], width)[::-1]


def fit_cells(cells: Iterable[Cell], width: int) -> list[Cell]:
    """Clean cells made exactly `width` columns wide together: padded, or cut with an ellipsis."""
    fitted: list[Cell] = []
    room = width
    for cell in cells:
        length = cell_len(cell.text)
        if length > room:
            return [*fitted, Cell(fit_text(cell.text, room), cell.tone)]
        fitted.append(cell)
        room -= length
    return [*fitted, Cell(" " * room)]
