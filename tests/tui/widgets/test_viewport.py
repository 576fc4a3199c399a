"""The window on a list: cursor and window stay inside, and on their rows when the list grows."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batchtui.tui.widgets.viewport import Viewport

MOVES = st.one_of(
    st.tuples(st.just("move"), st.integers(-5, 500)),
    st.tuples(st.just("page"), st.integers(-3, 3)),
    st.tuples(st.just("scroll"), st.integers(-50, 50)),
    st.tuples(st.just("scroll_to_line"), st.integers(-5, 60)),
    st.tuples(st.just("resize"), st.integers(-1, 50)),
    st.tuples(st.just("resize_list"), st.integers(0, 400)),
)


@given(moves=st.lists(MOVES, max_size=30))
def test_window_and_cursor_stay_inside_the_list(moves: list[tuple[str, int]]) -> None:
    view = Viewport()
    for name, number in moves:
        getattr(view, name)(number)
        assert 0 <= view.cursor <= max(0, view.count - 1)
        assert 0 <= view.top <= max(0, view.count - view.height)
        assert view.last_visible < view.count
        thumb = view.thumb
        assert not thumb or 0 <= thumb.start < thumb.stop <= view.height


@given(row=st.integers(0, 99), height=st.integers(1, 40), top=st.integers(0, 60))
def test_a_moved_cursor_is_in_sight(row: int, height: int, top: int) -> None:
    view = Viewport(count=100, height=height, top=top)
    view.move(row)
    assert view.top <= view.cursor <= view.last_visible


def test_a_page_keeps_the_line_of_the_cursor() -> None:
    view = Viewport(count=100, height=10, top=20, cursor=23)
    view.page(1)
    assert (view.top, view.cursor) == (30, 33)
    view.page(-1)
    assert (view.top, view.cursor) == (20, 23)


def test_rows_that_come_first_leave_cursor_and_window_on_their_rows() -> None:
    view = Viewport(count=100, height=10, top=20, cursor=23)
    view.resize_list(103, above=3)
    assert (view.top, view.cursor) == (23, 26)


def test_a_list_at_its_top_shows_rows_that_come_first() -> None:
    view = Viewport(count=100, height=10, top=0, cursor=4)
    view.resize_list(103, above=3)
    assert (view.top, view.cursor) == (0, 7)


@pytest.mark.parametrize(("top", "thumb"), [(0, range(1)), (45, range(4, 5)), (90, range(9, 10))])
def test_the_thumb_runs_from_end_to_end(top: int, thumb: range) -> None:
    assert Viewport(count=100, height=10, top=top).thumb == thumb


def test_no_thumb_where_all_is_in_sight() -> None:
    assert not Viewport(count=10, height=10).thumb
