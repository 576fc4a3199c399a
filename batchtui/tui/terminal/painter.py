"""Sends the terminal only the cells that look different, in few bytes: over SSH each of them is felt."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from itertools import groupby
from typing import NamedTuple, TypeVar

from rich.cells import cell_len
from rich.color import ColorSystem
from rich.console import COLOR_SYSTEMS, RenderableType
from rich.style import Style
from textual._compositor import ChopsUpdate, LayoutUpdate
from textual.app import App
from textual.driver import Driver
from textual.geometry import Size
from textual.screen import Screen
from textual.strip import Strip
from textual.timer import Timer

Result = TypeVar("Result")
Update = LayoutUpdate | ChopsUpdate
"""A frame as Textual hands it over: all of it, or some pieces."""
Place = tuple[str, Style]
"""What one column of a line shows; the text is empty in the second column of a wide character."""

GAP = 8
"""So many columns that stay as they are cost no more to send again than to skip."""
_PLAIN = Style()
_UNKNOWN = ("?", Style(blink=True))
"""What no widget shows."""
_RESET = "\x1b[0m"
_NARROW = (
    *(range(0xA0, 0x300), range(0x370, 0x530), range(0x1E00, 0x2000)),  # Latin, Greek, Cyrillic
    *(
        range(0x2010, 0x2060),
        range(0x2190, 0x2194),
        range(0x2400, 0x2440),
        range(0x2500, 0x25A0),
    ),  # signs, lines
    frozenset(map(ord, "✓✗◆◐●○◌▸▐⌫")),  # our own; among others like them are some that may be drawn as emoji
)
"""Of one column in every terminal."""
_WIDE = (range(0x2E80, 0xA4D0), range(0xAC00, 0xD7A4), range(0xF900, 0xFB00), range(0xFF00, 0xFF61))
"""Of two columns in every terminal: Chinese, Japanese, Korean."""
REST_SECONDS = 0.15
"""Without a new size for so long, the terminal has come to rest."""


class Painter:
    """Knows what the terminal shows.

    Textual sends all of a frame when the layout changes, as for a toast, and whole lines otherwise; and for
    every piece of text all of its style and a reset.
    """

    def __init__(self) -> None:
        self._lines: dict[int, list[Place]] = {}

    def forget(self) -> None:
        """The terminal may show anything: the next frame is sent whole."""
        self._lines.clear()

    def paint(self, update: Update, colours: ColorSystem) -> str:
        """What makes the terminal show an update; empty if it does so already."""
        pen = Pen(colours)
        sent = [
            f"\x1b[{y + 1};{x + 1}H{pen.write(places, x)}"
            for y, left, strip in _pieces(update)
            for x, places in self._change(y, left, places_of(strip))
        ]
        return "".join(sent) + pen.lift()

    def _change(self, y: int, left: int, now: list[Place]) -> Iterator[tuple[int, list[Place]]]:
        """Takes over a piece of a line; answers what of it is to be sent, and where."""
        before, right = self._lines.get(y, []), left + len(now)
        if before[left:right] == now:
            return
        before += [_UNKNOWN] * (right - len(before))
        line = self._lines[y] = [*before[:left], *now, *before[right:]]
        # Of a wide character that the piece covers by half, the other half goes too.
        if left and not before[left][0]:
            line[left - 1] = (" ", line[left - 1][1])
        if right < len(line) and not line[right][0]:
            line[right] = (" ", line[right][1])
        runs = whole_runs if is_contested(before) or is_contested(line) else different_runs
        for start, stop in runs(before, line):
            yield start, line[start:stop]


class Pen:
    """Writes text in styles, telling the terminal only what is not so already.

    Args:
        colours: How many colours the terminal has.
    """

    def __init__(self, colours: ColorSystem) -> None:
        self._colours = colours
        self._now = Codes()

    def write(self, places: list[Place], x: int) -> str:
        """The text of the columns from `x` on, and the changes of style between them."""
        written, last = [], None
        for column, (text, style) in enumerate(places, x):
            if style is not last:
                written.append(self._change_to(_codes(style, self._colours)))
                last = style
            if _is_contested(text):
                # Blanks first, where the terminal draws it narrower; then on from where the next one belongs.
                width = 2 if column + 1 < x + len(places) and not places[column + 1 - x][0] else 1
                text = f"{' ' * width}\x1b[{column + 1}G{text}\x1b[{column + width + 1}G"
            written.append(text)
        return "".join(written)

    def lift(self) -> str:
        """Goes back to no style."""
        return self._change_to(Codes())

    def _change_to(self, wanted: Codes) -> str:
        now, self._now = self._now, wanted
        if now == wanted:
            return ""
        if wanted == Codes():
            return _RESET
        if now.attributes != wanted.attributes or any(
            had and not has for had, has in zip(now, wanted, strict=True)
        ):
            changes = ["0" if now != Codes() else "", *wanted]
        else:
            changes = [has for had, has in zip(now, wanted, strict=True) if had != has]
        return f"\x1b[{';'.join(filter(None, changes))}m"


class Codes(NamedTuple):
    """The numbers by which a terminal is told a style; empty for none."""

    attributes: str = ""
    colour: str = ""
    background: str = ""


@lru_cache(1024)
def _codes(style: Style, colours: ColorSystem) -> Codes:
    colour, background = style.color, style.bgcolor
    return Codes(
        Strip.render_ansi(style.without_color, colours),
        ";".join(colour.downgrade(colours).get_ansi_codes()) if colour else "",
        ";".join(background.downgrade(colours).get_ansi_codes(foreground=False)) if background else "",
    )


def places_of(strip: Strip) -> list[Place]:
    """What each column of a strip shows. Links are left out: nothing here is to be dialled."""
    places: list[Place] = []
    for text, style, _ in strip:
        style = style or _PLAIN
        if text.isascii():
            places += [(character, style) for character in text]
            continue
        for character in text:
            width = cell_len(character)
            if width or not places:
                places += [(character, style), ("", style)][: max(1, width)]
            else:
                _join(places, character)
    return places


def _join(places: list[Place], mark: str) -> None:
    """Adds what has no width of its own, such as an accent, to the character before it."""
    last = -1 if places[-1][0] or len(places) == 1 else -2
    places[last] = (places[last][0] + mark, places[last][1])


def different_runs(before: list[Place], now: list[Place]) -> Iterator[tuple[int, int]]:
    """Where two lines of the same length differ: the first column, and the one behind the last, of each run.

    Wide characters are never halved: a terminal blanks both columns when one of them is written.
    """
    start = stop = -1
    for place, (old, new) in enumerate(zip(before, now, strict=True)):
        if old == new:
            continue
        first = place
        while first > 0 and not (before[first][0] and now[first][0]):
            first -= 1
        last = place + 1
        while last < len(now) and not (before[last][0] and now[last][0]):
            last += 1
        if start >= 0 and first - stop > GAP:
            yield start, stop
            start = -1
        start, stop = (first if start < 0 else min(start, first)), max(stop, last)
    if start >= 0:
        yield start, stop


def whole_runs(before: list[Place], now: list[Place]) -> Iterator[tuple[int, int]]:
    """All that is known of a line, in runs, if it differs from before: parts of it cannot be told apart."""
    start = 0
    for is_known, run in groupby(now, lambda place: place is not _UNKNOWN):
        stop = start + len(list(run))
        if is_known and before != now:
            yield start, stop
        start = stop


def is_contested(places: list[Place]) -> bool:
    """Whether a line holds a character whose width terminals disagree on."""
    return any(_is_contested(text) for text, _ in places)


@lru_cache(4096)
def _is_contested(text: str) -> bool:
    """Whether terminals disagree on the width: marks, emoji, scripts that are joined or turned around."""
    if text.isascii():
        return False
    spans = _NARROW if cell_len(text) == 1 else _WIDE
    return len(text) > 1 or not any(ord(text) in span for span in spans)


def _pieces(update: Update) -> Iterator[tuple[int, int, Strip]]:
    """The pieces of lines that an update brings: line, first column, text."""
    if isinstance(update, LayoutUpdate):
        for y, strips in enumerate(update.strips, update.region.y):
            yield y, update.region.x, Strip.join(strips)
    else:
        for y, left, right in update.spans:
            for end, (x, piece) in zip(update.chop_ends[y], update.chops[y].items(), strict=False):
                start, stop = max(x, left), min(end, right)
                if piece is not None and start < stop:
                    yield y, start, piece.crop(start - x, stop - x)


class PaintedApp(App[Result]):
    """An app whose frames go through a painter."""

    def __init__(self, driver_class: type[Driver] | None = None) -> None:
        super().__init__(driver_class=driver_class)
        self.painter = Painter()
        self._frame_size = Size()
        self._resting: Timer | None = None

    def on_resize(self) -> None:
        """Send the next frame whole: what a terminal shows while its size changes is its own affair."""
        self.painter.forget()
        self.screen.refresh(layout=True)
        if self._frame_size:
            if self._resting:
                self._resting.stop()
            # Once more when the size has come to rest: a frame of another size may have come too late.
            self._resting = self.set_timer(REST_SECONDS, self.repaint)

    def repaint(self) -> None:
        """Send the whole screen again: something else may have written to the terminal."""
        self.painter.forget()
        self.screen.refresh()

    def _display(self, screen: Screen[object], renderable: RenderableType | None) -> None:
        """Send a frame; called by Textual."""
        is_shown = self._running and not (self._closed or self._batch_count or self.is_headless)
        if not (is_shown and self._driver and isinstance(renderable, Update)):
            super()._display(screen, renderable)
            return
        if self._frame_size != screen.outer_size:
            # The frame before may have gone beyond the edges of the terminal, and stand anywhere.
            self._frame_size = screen.outer_size
            self.painter.forget()
        colours = COLOR_SYSTEMS[self.console.color_system or "truecolor"]
        if sent := self.painter.paint(renderable, colours):
            x, y = screen.outer_size.clamp_offset(self.cursor_position)
            self._begin_update()
            self._driver.write(f"{sent}\x1b[{y + 1};{x + 1}H")
            self._end_update()
            self._driver.flush()
        self.post_display_hook()
