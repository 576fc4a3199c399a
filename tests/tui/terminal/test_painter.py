"""What the painter sends makes a terminal show what Textual's own rendering would."""

from __future__ import annotations

from collections.abc import Sequence
from unittest.mock import patch

import pyte
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.color import ColorSystem
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.app import App, ComposeResult
from textual.driver import Driver
from textual.geometry import Size
from textual.pilot import Pilot
from textual.strip import Strip
from textual.widgets import DataTable, Input
from wcwidth import wcwidth

from batchtui.tui.terminal.painted_app import PaintedApp
from batchtui.tui.terminal.painter import Painter, columns_of

WIDTH, HEIGHT = 24, 3
STYLES = [
    Style(),
    Style(color="#102030"),
    Style(bgcolor="#405060"),
    Style(color="#102030", bgcolor="#405060"),
    Style(bold=True, color="#708090", bgcolor="#405060"),
    Style(reverse=True),
    Style(color="default", bgcolor="default"),
]
texts = st.text(st.sampled_from("ab  漢é─█"), max_size=8)
pieces = st.lists(st.tuples(texts, st.sampled_from(STYLES)), max_size=5)
frames = st.lists(pieces, min_size=HEIGHT, max_size=HEIGHT)
Piece = tuple[int, int, Strip]
Shown = list[list[tuple[object, ...]]]
TEXTUAL = Console(color_system="truecolor", force_terminal=True, legacy_windows=False)


def strip_of(line: Sequence[tuple[str, Style]]) -> Strip:
    return Strip([Segment(*piece) for piece in line]).adjust_cell_length(WIDTH, STYLES[3])


def whole(frame: Sequence[Strip]) -> list[Piece]:
    return [(y, 0, strip) for y, strip in enumerate(frame)]


class Screen:
    """A terminal."""

    def __init__(self, width: int = WIDTH, height: int = HEIGHT) -> None:
        self._screen = pyte.Screen(width, height)
        self._stream = pyte.Stream(self._screen)
        self._stream.feed("\x1b[?7l")  # Textual's driver turns line wrap off

    def show(self, sent: str) -> Shown:
        """Returns what is on the screen after some output."""
        self._stream.feed(sent)
        rows = (self._screen.buffer[y] for y in range(self._screen.lines))
        cells = ([row[x] for x in range(self._screen.columns)] for row in rows)
        return [[(c.data, c.fg, c.bg, c.bold, c.italics, c.reverse) for c in row] for row in cells]


def by_painter(painter: Painter, pieces: Sequence[Piece]) -> str:
    return painter.paint(pieces, ColorSystem.TRUECOLOR)


def by_textual(pieces: Sequence[Piece]) -> str:
    return "".join(f"\x1b[{y + 1};{x + 1}H{strip.render(TEXTUAL)}" for y, x, strip in pieces)


@given(st.lists(frames, min_size=1, max_size=4))
def test_frames_look_as_by_textual(shown: list[list[list[tuple[str, Style]]]]) -> None:
    painter, painted, plain = Painter(), Screen(), Screen()
    for frame in shown:
        pieces = whole([strip_of(line) for line in frame])
        assert painted.show(by_painter(painter, pieces)) == plain.show(by_textual(pieces))
        assert by_painter(painter, pieces) == ""


@given(frames, pieces, st.integers(0, HEIGHT - 1), st.integers(0, WIDTH - 1))
def test_pieces_look_as_by_textual(
    frame: list[list[tuple[str, Style]]], line: list[tuple[str, Style]], y: int, x: int
) -> None:
    before, now = [strip_of(line) for line in frame], strip_of(line)
    painter, screen = Painter(), Screen()
    screen.show(by_painter(painter, whole(before)))
    shown = screen.show(by_painter(painter, [(y, x, now.crop(x, WIDTH))]))
    before[y] = Strip.join([before[y].crop(0, x), now.crop(x, WIDTH)])
    assert shown == Screen().show(by_textual(whole(before)))


class Recorder(Driver):
    """A driver without a terminal, which keeps what is written."""

    def __init__(self, app: App[None], **options: object) -> None:
        super().__init__(app, size=SIZE)

    def write(self, data: str) -> None:
        SENT.append(data)

    def start_application_mode(self) -> None:
        self.send_message(events.Resize(Size(*SIZE), Size(*SIZE)))

    def disable_input(self) -> None: ...

    def stop_application_mode(self) -> None: ...


SIZE = (60, 16)
SENT: list[str] = []


class Widgets:
    """Some of Textual's own widgets."""

    CSS = "Toast { width: 30; } Input { width: 30; }"

    def compose(self) -> ComposeResult:
        table = DataTable[str](cursor_type="row")
        table.add_columns("id", "text")
        table.add_rows((str(n), "漢字 e\u0301 " * n) for n in range(40))
        yield table
        line = Input("text")
        line.cursor_blink = False
        yield line


class PlainWidgets(Widgets, App[None]):
    """Drawn by Textual."""


class PaintedWidgets(Widgets, PaintedApp[None]):
    """Drawn by the painter."""


async def screens_of(app: App[None]) -> tuple[list[Shown], int]:
    """Returns what a terminal shows after each of some steps, and the number of characters sent."""
    SENT.clear()
    screen, shown, sent = Screen(*SIZE), list[Shown](), 0

    async def play(pilot: Pilot[object]) -> None:
        nonlocal sent
        for keys in (
            ["down", "down"],
            ["end"],
            ["home", "tab"],
            ["x", "漢"],
            ["ctrl+t"],
            ["shift+tab", "up"],
        ):
            if keys == ["ctrl+t"]:
                app.notify("toast", timeout=60)
            await pilot.press(*keys)
            count = -1
            while count < len(SENT):
                count = len(SENT)
                await pilot.pause(0.1)
            text = "".join(SENT)
            SENT.clear()
            sent += len(text)
            shown.append(screen.show(text))
        app.exit()

    app.animation_level = "none"
    await app.run_async(size=SIZE, auto_pilot=play)
    return shown, sent


async def test_widgets_look_as_by_textual_for_less_than_half_of_the_bytes() -> None:
    plain, plain_bytes = await screens_of(PlainWidgets(driver_class=Recorder))
    painted, painted_bytes = await screens_of(PaintedWidgets(driver_class=Recorder))
    assert painted == plain
    assert painted_bytes < plain_bytes / 2


ZOO = ["a", "│", "漢", "क्षि", "नमस्ते", "👍🏽", "👍", "🇩🇪", "e\u0301", "ᄒ", "กำ", "עברית", "❤", "⌚"]
zoo_frames = st.lists(
    st.lists(st.tuples(st.sampled_from(ZOO), st.sampled_from(STYLES)), max_size=8),
    min_size=HEIGHT,
    max_size=HEIGHT,
)


@given(
    st.lists(zoo_frames, min_size=1, max_size=3),
    st.dictionaries(st.sampled_from("".join(ZOO)), st.integers(1, 2)),
)
def test_borders_are_whole_where_the_terminal_counts_widths_otherwise(
    shown: list[list[list[tuple[str, Style]]]], widths: dict[str, int]
) -> None:
    def own_width(character: str) -> int:
        is_agreed = character.isascii() or character in "│漢─█"
        return wcwidth(character) if is_agreed else widths.get(character, wcwidth(character))

    painter, screen = Painter(), Screen()
    with patch("pyte.screens.wcwidth", own_width):
        for frame in shown:
            strips = [strip_of([*line, ("│ab", STYLES[0])]) for line in frame]
            shown_now = screen.show(by_painter(painter, whole(strips)))
    for y, strip in enumerate(strips):
        for x, (text, _) in enumerate(columns_of(strip)):
            if (text.isascii() and text.strip()) or text == "│":
                assert shown_now[y][x][0] == text


def test_one_changed_character_is_sent_alone() -> None:
    painter = Painter()
    frame = [strip_of([("a" * WIDTH, STYLES[3])])] * HEIGHT
    by_painter(painter, whole(frame))
    changed = [frame[0], strip_of([("aaab" + "a" * (WIDTH - 4), STYLES[3])]), frame[2]]
    assert by_painter(painter, whole(changed)) == "\x1b[2;4H\x1b[38;2;16;32;48;48;2;64;80;96mb\x1b[0m"


def test_forget_sends_the_frame_again() -> None:
    painter = Painter()
    update = whole([strip_of([("漢e\u0301", STYLES[0])])] * HEIGHT)
    first = by_painter(painter, update)
    assert cell_len("漢e\u0301") == 3
    assert by_painter(painter, update) == ""
    painter.forget()
    assert by_painter(painter, update) == first
