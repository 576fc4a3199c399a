"""What the painter sends makes a terminal show the frame, whatever it showed before."""

from __future__ import annotations

from collections.abc import Sequence
from unittest.mock import patch

import pyte
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.color import ColorSystem
from rich.segment import Segment
from rich.style import Style
from textual._compositor import ChopsUpdate, LayoutUpdate
from textual.geometry import Region
from textual.strip import Strip
from wcwidth import wcwidth

from batchtui.tui.terminal.painter import Painter, places_of

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
Look = list[list[tuple[object, ...]]]


def strip_of(line: Sequence[tuple[str, Style]]) -> Strip:
    return Strip([Segment(*piece) for piece in line]).adjust_cell_length(WIDTH, STYLES[3])


def whole(frame: Sequence[Strip]) -> LayoutUpdate:
    return LayoutUpdate([[strip] for strip in frame], Region(0, 0, WIDTH, HEIGHT))


class Screen:
    """A terminal."""

    def __init__(self) -> None:
        self._screen = pyte.Screen(WIDTH, HEIGHT)
        self._stream = pyte.Stream(self._screen)

    def show(self, sent: str) -> Look:
        """What is on the screen after that."""
        self._stream.feed(sent)
        lines = [[self._screen.buffer[y][x] for x in range(WIDTH)] for y in range(HEIGHT)]
        return [[(c.data, c.fg, c.bg, c.bold, c.reverse) for c in line] for line in lines]


def sent_for(painter: Painter, update: LayoutUpdate | ChopsUpdate) -> str:
    return painter.paint(update, ColorSystem.TRUECOLOR)


@given(st.lists(frames, min_size=1, max_size=4))
def test_after_any_frames_the_last_one_is_shown(shown: list[list[list[tuple[str, Style]]]]) -> None:
    painter, screen = Painter(), Screen()
    for frame in shown:
        update = whole([strip_of(line) for line in frame])
        look = screen.show(sent_for(painter, update))
        assert look == Screen().show(sent_for(Painter(), update))
        assert sent_for(painter, update) == ""


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
def test_a_terminal_that_counts_widths_otherwise_shows_the_borders_whole(
    shown: list[list[list[tuple[str, Style]]]], widths: dict[str, int]
) -> None:
    def own_width(character: str) -> int:
        is_agreed = character.isascii() or character in "│漢─█"
        return wcwidth(character) if is_agreed else widths.get(character, wcwidth(character))

    painter, screen = Painter(), Screen()
    with patch("pyte.screens.wcwidth", own_width):
        for frame in shown:
            strips = [strip_of([*line, ("│ab", STYLES[0])]) for line in frame]
            look = screen.show(sent_for(painter, whole(strips)))
    for y, strip in enumerate(strips):
        for x, (text, _) in enumerate(places_of(strip)):
            if (text.isascii() and text.strip()) or text == "│":
                assert look[y][x][0] == text


@given(frames, pieces, st.integers(0, HEIGHT - 1), st.integers(0, WIDTH - 1))
def test_a_piece_of_a_line(
    frame: list[list[tuple[str, Style]]], line: list[tuple[str, Style]], y: int, x: int
) -> None:
    before, now = [strip_of(line) for line in frame], strip_of(line)
    painter, screen = Painter(), Screen()
    screen.show(sent_for(painter, whole(before)))
    chops = [{0: None if at != y else now} for at in range(HEIGHT)]
    look = screen.show(sent_for(painter, ChopsUpdate(chops, [(y, x, WIDTH)], [[WIDTH]] * HEIGHT)))
    before[y] = Strip.join([before[y].crop(0, x), now.crop(x, WIDTH)])
    assert look == Screen().show(sent_for(Painter(), whole(before)))


def test_one_character_costs_little() -> None:
    painter = Painter()
    frame = [strip_of([("a" * WIDTH, STYLES[3])])] * HEIGHT
    sent_for(painter, whole(frame))
    changed = [frame[0], strip_of([("aaab" + "a" * (WIDTH - 4), STYLES[3])]), frame[2]]
    assert sent_for(painter, whole(changed)) == "\x1b[2;4H\x1b[38;2;16;32;48;48;2;64;80;96mb\x1b[0m"


def test_what_is_forgotten_is_sent_again() -> None:
    painter = Painter()
    update = whole([strip_of([("漢e\u0301", STYLES[0])])] * HEIGHT)
    first = sent_for(painter, update)
    assert cell_len("漢e\u0301") == 3
    assert sent_for(painter, update) == ""
    painter.forget()
    assert sent_for(painter, update) == first
