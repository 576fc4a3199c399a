"""The backstop: what a careless widget lets through does not reach the terminal."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from rich.segment import ControlType, Segment
from rich.style import Style
from textual.app import App, ComposeResult
from textual.color import Color
from textual.filter import LineFilter
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from batchtui.tui.terminal.control_filter import ControlFilter
from tests.tui.widgets.hostile import HOSTILE, is_safe

BLACK = Color(0, 0, 0)
RED = Style(color="red")


class Careless(Widget):
    """Shows whatever it is given."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text

    def render_line(self, y: int) -> Strip:
        return Strip([Segment(self.text, RED)])


class FilteredApp(App[None]):
    """Installs the filter as our app does."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.careless = Careless(text)
        self._control_filter = ControlFilter()

    def get_line_filters(self) -> Sequence[LineFilter]:
        return [*super().get_line_filters(), self._control_filter]

    def compose(self) -> ComposeResult:
        yield self.careless


@pytest.mark.parametrize("text", HOSTILE)
async def test_what_a_careless_widget_shows_is_printable(text: str) -> None:
    app = FilteredApp(text)
    async with app.run_test(size=(200, 3)):
        strips = app.careless.render_lines(Region(0, 0, 200, 1))
        assert is_safe(strip.text for strip in strips)


def test_styles_stay_and_clean_lines_are_not_copied() -> None:
    clean = [Segment("abc", RED), Segment("漢字 ▸")]
    assert ControlFilter().apply(clean, BLACK) is clean
    dirty = [Segment("a\x1bb", RED), Segment("漢字 ▸")]
    assert ControlFilter().apply(dirty, BLACK) == [Segment("a␛b", RED), Segment("漢字 ▸")]


def test_controls_that_claim_to_be_the_programs_own_are_left_out() -> None:
    bell = Segment("\x07", None, [(ControlType.BELL,)])
    assert ControlFilter().apply([bell, Segment("a")], BLACK) == [Segment("a")]
