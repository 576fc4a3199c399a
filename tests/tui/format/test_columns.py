"""Columns share the room, and go in their order where there is too little."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batchtui.tui.format.cells import Cell, width_of
from batchtui.tui.format.columns import Column, fit_columns, fit_row, fit_titles
from batchtui.tui.widgets.result_table import COLUMNS as RESULTS

COLUMNS = (
    Column("status", 10),
    Column("batch", 8, flexible=True, cut="front"),
    Column("ok", 6, align="right", drop=1),
    Column("age", 4, align="right", drop=2),
)


@pytest.mark.parametrize(
    ("room", "widths"),
    [
        (40, [10, 17, 6, 4]),
        (31, [10, 8, 6, 4]),
        (30, [10, 12, 6, 0]),
        (20, [10, 9, 0, 0]),
        (14, [10, 3, 0, 0]),
        (0, [10, 1, 0, 0]),
    ],
)
def test_the_flexible_column_takes_the_rest_and_the_highest_drop_goes_first(
    room: int, widths: list[int]
) -> None:
    assert fit_columns(COLUMNS, room) == widths


def test_flexible_columns_share() -> None:
    columns = [Column("a", 4, flexible=True), Column("b", 4, flexible=True)]
    assert fit_columns(columns, 20) == [9, 10]


def test_equal_columns_are_told_apart_when_one_goes() -> None:
    assert fit_columns([Column("", 5, drop=1), Column("", 5, drop=1)], 5).count(0) == 1


def test_a_row_is_aligned_under_its_titles() -> None:
    widths = fit_columns(COLUMNS, 31)
    row = fit_row(COLUMNS, widths, [Cell("漢字 x"), Cell("msgbatch_0123"), Cell("5"), Cell("3m")])
    assert "".join(cell.text for cell in fit_titles(COLUMNS, widths)) == "status     batch        ok  age"
    assert "".join(cell.text for cell in row) == "漢字 x     …ch_0123      5   3m"


def test_a_row_with_too_few_cells_is_refused() -> None:
    with pytest.raises(ValueError, match="shorter"):
        fit_row(COLUMNS, fit_columns(COLUMNS, 80), [Cell("one")])


@given(
    texts=st.lists(st.text(max_size=20), min_size=4, max_size=4),
    room=st.integers(32, 100),
)
def test_every_row_fills_the_room(texts: list[str], room: int) -> None:
    row = fit_row(COLUMNS, fit_columns(COLUMNS, room), [Cell(text) for text in texts])
    assert width_of(row) == room


def test_the_sign_of_a_result_is_never_cut_and_an_id_only_where_it_must_be() -> None:
    widths = fit_columns(RESULTS, 56)  # what is left of a panel at 120 columns
    for custom_id, shown in (("doc_0000303_d", "doc_0000303_d"), ("x" * 60 + "_end", "xxx_end")):
        cells = [Cell("✓"), Cell(custom_id), Cell("end_turn"), Cell("5,096"), Cell("78"), Cell("Hello")]
        row = fit_row(RESULTS, widths, cells)
        assert row[0].text == "✓"
        assert row[1].text.strip().endswith(shown)
        assert ("…" in row[1].text) == (custom_id != shown)
