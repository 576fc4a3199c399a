"""Sends the terminal only the cells that changed, in few bytes: over SSH every byte is felt."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import groupby
from typing import NamedTuple

from rich.cells import cell_len
from rich.color import ColorSystem
from rich.style import Style
from textual.strip import Strip

Column = tuple[str, Style]
"""One column of a line. The text is empty in the second column of a wide character."""

MAX_GAP = 8
"""Unchanged columns between two changes that cost no more to send again than to skip."""
_PLAIN = Style()
_UNKNOWN = ("?", Style(blink=True))
"""A column with unknown content; no widget draws this."""
_RESET = "\x1b[0m"
_NARROW = (
    *(range(0xA0, 0x300), range(0x370, 0x530), range(0x1E00, 0x2000)),  # Latin, Greek, Cyrillic
    *(range(0x2010, 0x2060), range(0x2190, 0x2194), range(0x2400, 0x2440), range(0x2500, 0x25A0)),  # symbols
    frozenset(map(ord, "✓✗◆◐●○◌▸▐⌫")),  # ours; a terminal may draw others of their blocks as emoji
)
"""Characters that are one column wide in every terminal."""
_WIDE = (range(0x2E80, 0xA4D0), range(0xAC00, 0xD7A4), range(0xF900, 0xFB00), range(0xFF00, 0xFF61))
"""Characters that are two columns wide in every terminal: Chinese, Japanese, Korean."""


class Painter:
    """Tracks what the terminal shows, and renders the difference to the next frame.

    Textual sends the whole screen when the layout changes, as for a toast, and otherwise whole lines. Every
    piece of text comes with its full style and a reset.
    """

    def __init__(self) -> None:
        self._lines: dict[int, list[Column]] = {}

    def forget(self) -> None:
        """Assume nothing of what the terminal shows: the next frame is sent whole."""
        self._lines.clear()

    def paint(self, pieces: Iterable[tuple[int, int, Strip]], colors: ColorSystem) -> str:
        """Return the text that makes the terminal show some pieces of lines; empty if it already does.

        Args:
            pieces: Line, first column and content of each.
            colors: The colors that the terminal supports.
        """
        pen = Pen(colors)
        runs = [
            f"\x1b[{y + 1};{x + 1}H{pen.write(columns, x)}"
            for y, left, strip in pieces
            for x, columns in self._update_line(y, left, columns_of(strip))
        ]
        return "".join(runs) + pen.reset_style()

    def _update_line(self, y: int, left: int, new: list[Column]) -> Iterator[tuple[int, list[Column]]]:
        """Replace a part of a line, and yield the runs to send: first column and content."""
        before, right = self._lines.get(y, []), left + len(new)
        if before[left:right] == new:
            return
        before += [_UNKNOWN] * (right - len(before))
        line = self._lines[y] = [*before[:left], *new, *before[right:]]
        # A terminal blanks the other half of a wide character when one half is overwritten.
        if left and not before[left][0]:
            line[left - 1] = (" ", line[left - 1][1])
        if right < len(line) and not line[right][0]:
            line[right] = (" ", line[right][1])
        runs = whole_runs if is_ambiguous(before) or is_ambiguous(line) else changed_runs
        for start, stop in runs(before, line):
            yield start, line[start:stop]


class Pen:
    """Writes styled text, and sends only the parts of a style that change.

    Args:
        colors: The colors that the terminal supports.
    """

    def __init__(self, colors: ColorSystem) -> None:
        self._colors = colors
        self._current = StyleCodes()

    def write(self, columns: list[Column], x: int) -> str:
        """Return columns as text with the style changes between them; the first one is at `x`."""
        written, last = [], None
        for position, (text, style) in enumerate(columns, x):
            if style is not last:
                written.append(self._change_to(_style_codes(style, self._colors)))
                last = style
            if is_ambiguous_text(text):
                # Blanks first, in case the terminal draws it narrower. Then continue at a known column.
                width = 2 if position + 1 < x + len(columns) and not columns[position + 1 - x][0] else 1
                text = f"{' ' * width}\x1b[{position + 1}G{text}\x1b[{position + width + 1}G"
            written.append(text)
        return "".join(written)

    def reset_style(self) -> str:
        """Return what resets the style; empty if it is already plain."""
        return self._change_to(StyleCodes())

    def _change_to(self, new: StyleCodes) -> str:
        current, self._current = self._current, new
        if current == new:
            return ""
        if new == StyleCodes():
            return _RESET
        if current.attributes != new.attributes or any(
            old and not code for old, code in zip(current, new, strict=True)
        ):
            changes = ["0" if current != StyleCodes() else "", *new]
        else:
            changes = [code for old, code in zip(current, new, strict=True) if old != code]
        return f"\x1b[{';'.join(filter(None, changes))}m"


class StyleCodes(NamedTuple):
    """The SGR codes of a style; empty for the default."""

    attributes: str = ""
    foreground: str = ""
    background: str = ""


@lru_cache(1024)
def _style_codes(style: Style, colors: ColorSystem) -> StyleCodes:
    foreground, background = style.color, style.bgcolor
    return StyleCodes(
        Strip.render_ansi(style.without_color, colors),
        ";".join(foreground.downgrade(colors).get_ansi_codes()) if foreground else "",
        ";".join(background.downgrade(colors).get_ansi_codes(foreground=False)) if background else "",
    )


def columns_of(strip: Strip) -> list[Column]:
    """Return the columns of a strip, without links: text from outside must not make any."""
    columns: list[Column] = []
    for text, style, _ in strip:
        style = style or _PLAIN
        if text.isascii():
            columns += [(character, style) for character in text]
            continue
        for character in text:
            width = cell_len(character)
            if width or not columns:
                columns += [(character, style), ("", style)][: max(1, width)]
            else:
                _combine(columns, character)
    return columns


def _combine(columns: list[Column], mark: str) -> None:
    """Add a character without a width, such as a combining accent, to the one before it."""
    last = -1 if columns[-1][0] or len(columns) == 1 else -2
    columns[last] = (columns[last][0] + mark, columns[last][1])


def changed_runs(before: list[Column], after: list[Column]) -> Iterator[tuple[int, int]]:
    """Yield start and stop of each run of columns in which two lines of the same length differ.

    Runs never split a wide character: a terminal blanks both its columns when one of them is written.
    """
    start = stop = -1
    for position, (old, new) in enumerate(zip(before, after, strict=True)):
        if old == new:
            continue
        first = position
        while first > 0 and not (before[first][0] and after[first][0]):
            first -= 1
        last = position + 1
        while last < len(after) and not (before[last][0] and after[last][0]):
            last += 1
        if start >= 0 and first - stop > MAX_GAP:
            yield start, stop
            start = -1
        start, stop = (first if start < 0 else min(start, first)), max(stop, last)
    if start >= 0:
        yield start, stop


def whole_runs(before: list[Column], after: list[Column]) -> Iterator[tuple[int, int]]:
    """Yield every run of columns with known content, if a line has changed at all.

    For lines in which the columns of the terminal may not be those that were sent.
    """
    start = 0
    for is_known, run in groupby(after, lambda column: column is not _UNKNOWN):
        stop = start + len(list(run))
        if is_known and before != after:
            yield start, stop
        start = stop


def is_ambiguous(columns: list[Column]) -> bool:
    """Return whether terminals disagree on the width of a character in a line."""
    return any(is_ambiguous_text(text) for text, _ in columns)


@lru_cache(4096)
def is_ambiguous_text(text: str) -> bool:
    """Return whether terminals disagree on the width of a character: marks, emoji, joined or bidi scripts."""
    if text.isascii():
        return False
    ranges = _NARROW if cell_len(text) == 1 else _WIDE
    return len(text) > 1 or not any(ord(text) in span for span in ranges)
