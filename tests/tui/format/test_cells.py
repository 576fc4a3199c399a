"""Texts in cells: clean, and exactly as wide as they are told."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.style import Style

from batchtui.tui.format.cells import (
    Align,
    Cell,
    Cut,
    cells_of,
    fit_cells,
    fit_text,
    width_of,
)
from batchtui.tui.format.styled import content_of, strip_of
from tests.tui.widgets.hostile import HOSTILE, is_safe

RED, PLAIN = Style(color="red"), Style()


@given(
    text=st.text() | st.sampled_from(HOSTILE),
    width=st.integers(-1, 40),
    align=st.sampled_from(["left", "right"]),
    cut=st.sampled_from(["end", "front", "middle"]),
)
def test_fitted_text_is_printable_and_exactly_as_wide(text: str, width: int, align: Align, cut: Cut) -> None:
    fitted = fit_text(text, width, align, cut)
    assert is_safe([fitted])
    assert cell_len(fitted) == max(0, width)


@pytest.mark.parametrize(
    ("text", "width", "align", "cut", "expected"),
    [
        ("abc", 5, "left", "end", "abc  "),
        ("abc", 5, "right", "end", "  abc"),
        ("abcdef", 4, "left", "end", "abc…"),
        ("abcdef", 4, "left", "front", "…def"),
        ("abcdef", 4, "left", "middle", "ab…f"),
        ("漢字漢字", 6, "left", "end", "漢字 …"),
        ("漢字漢字", 6, "left", "front", "… 漢字"),
    ],
)
def test_fitted_text(text: str, width: int, align: Align, cut: Cut, expected: str) -> None:
    assert fit_text(text, width, align, cut) == expected


def test_a_megabyte_is_not_looked_at_to_fill_a_column() -> None:
    assert fit_text("x" * 1_000_000 + "\x1b", 5) == "xxxx…"
    assert fit_text("\x1b" + "x" * 1_000_000, 5, cut="front") == "…xxxx"
    assert fit_text("x" * 500_000 + "\x1b" + "x" * 500_000, 5, cut="middle") == "xx…xx"


@given(texts=st.lists(st.text(max_size=12), max_size=5), width=st.integers(0, 30))
def test_fitted_cells_are_exactly_as_wide(texts: list[str], width: int) -> None:
    cells = cells_of([Cell(text) for text in texts])
    assert width_of(fit_cells(cells, width)) == width


def test_cells_keep_their_tones_when_cut() -> None:
    cells = [Cell("ab", "error"), Cell("cdef", "muted"), Cell("never", "accent")]
    assert fit_cells(cells, 4) == [Cell("ab", "error"), Cell("c…", "muted")]


def test_blanks_take_the_style_beside_them() -> None:
    strip = strip_of(
        [Cell("  "), Cell("a", "error"), Cell("  "), Cell("b", "error")], {"": PLAIN, "error": RED}
    )
    assert [(segment.text, segment.style) for segment in strip] == [("  a  b", RED)]


@pytest.mark.parametrize("text", HOSTILE)
def test_content_of_hostile_text_is_clean_and_has_no_markup(text: str) -> None:
    content = content_of([Cell(text, "error")])
    assert is_safe([content.plain])
    assert {span.style for span in content.spans} <= {"$error"}
