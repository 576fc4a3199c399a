"""The bar of counts fills its width and hides no outcome; the sparkline runs from zero to the largest."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.app import App, ComposeResult
from textual.widgets import Static

from batchtui.tui.format.cells import Cell, width_of
from batchtui.tui.widgets.count_bar import CountBar, bar_cells, sparkline

COUNTS = st.integers(0, 100_000)


@given(processing=COUNTS, outcomes=st.lists(COUNTS, min_size=4, max_size=4), width=st.integers(0, 60))
def test_the_bar_fills_its_width(processing: int, outcomes: list[int], width: int) -> None:
    assert width_of(bar_cells(processing, outcomes, width)) == width


@given(processing=COUNTS, outcomes=st.lists(COUNTS, min_size=4, max_size=4), width=st.integers(10, 60))
def test_no_outcome_is_hidden_and_none_is_made_up(processing: int, outcomes: list[int], width: int) -> None:
    tones = {cell.tone for cell in bar_cells(processing, outcomes, width) if cell.text}
    named = dict(zip(("success", "error", "muted", "warning"), outcomes, strict=True))
    assert tones - {"dim"} == {tone for tone, number in named.items() if number}


@pytest.mark.parametrize(
    ("processing", "outcomes", "bar"),
    [
        (100, (0, 0, 0, 0), "░░░░░░░░░░"),
        (50, (50, 0, 0, 0), "█████░░░░░"),
        (46, (54, 0, 0, 0), "█████▍░░░░"),
        (1, (99_999, 0, 0, 0), "█████████▉"),
        (0, (7, 0, 0, 0), "██████████"),
        (0, (0, 0, 0, 0), "░░░░░░░░░░"),
    ],
)
def test_the_bar(processing: int, outcomes: tuple[int, ...], bar: str) -> None:
    assert "".join(cell.text for cell in bar_cells(processing, outcomes, 10)) == bar


def test_a_few_errors_take_one_block_of_the_largest() -> None:
    bar = bar_cells(0, (99_988, 12, 0, 0), 10)
    assert bar == [Cell("█" * 9, "success"), Cell("█", "error")]


async def test_the_bar_is_drawn_as_wide_as_its_place() -> None:
    class BarApp(App[None]):
        def compose(self) -> ComposeResult:
            yield Static(CountBar(50, 50, 0, 0, 0))

    app = BarApp()
    async with app.run_test(size=(20, 3)):
        assert app.query_one(Static).render_line(0).text == "█" * 10 + "░" * 10


@pytest.mark.parametrize(
    ("numbers", "width", "line"),
    [
        ((1, 2, 3, 4, 5, 6, 7, 8), 8, "▂▃▄▅▆▇██"),
        ((0, 4, 8), 2, "▅█"),
        ((0, 0), 5, "▁▁"),
        ((), 5, ""),
        ((3, 4), 0, ""),
        ((-1, 8), 5, "▁█"),
    ],
)
def test_sparkline(numbers: tuple[int, ...], width: int, line: str) -> None:
    assert sparkline(numbers, width) == line
