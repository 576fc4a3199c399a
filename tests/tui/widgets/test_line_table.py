"""The table asks for few rows, paints few lines, and says what happens."""

from __future__ import annotations

import pytest
from rich.cells import cell_len
from textual.events import MouseScrollDown
from textual.pilot import Pilot

from batchtui.tui.format.cells import Cell
from batchtui.tui.theme import THEMES
from tests.tui.widgets.hostile import HOSTILE, is_safe
from tests.tui.widgets.table import Table, TableApp

SIZE = (60, 12)  # a line of titles and eleven rows


async def started(pilot: Pilot[None], rows: int) -> Table:
    """The table with some rows, painted, and nothing noted yet."""
    assert isinstance(pilot.app, TableApp)
    table = pilot.app.table
    table.set_row_count(rows)
    await pilot.pause()
    table.asked.clear()
    table.painted.clear()
    pilot.app.said.clear()
    return table


async def test_only_rows_in_sight_are_asked_for() -> None:
    app = TableApp()
    async with app.run_test(size=SIZE) as pilot:
        app.table.set_row_count(100_000)
        await pilot.pause()
        assert set(app.table.asked) == set(range(11))


async def test_a_cursor_move_paints_two_lines() -> None:
    app = TableApp()
    async with app.run_test(size=SIZE) as pilot:
        table = await started(pilot, 100)
        await pilot.press("down")
        await pilot.pause()
        assert sorted(table.painted) == [1, 2]
        assert app.said == [("CursorMoved", 1)]
        assert table.lines[2].startswith("▸✓")


async def test_a_row_refreshed_paints_one_line_and_only_if_it_looks_different() -> None:
    app = TableApp()
    async with app.run_test(size=SIZE) as pilot:
        table = await started(pilot, 100)
        table.refresh_row(4)
        table.refresh_row(50)
        await pilot.pause()
        assert table.painted == []
        table.rows[4] = (Cell("✗", "error"), Cell("new"), Cell("1"), Cell("4m"))
        table.refresh_row(4)
        await pilot.pause()
        assert table.painted == [5]
        assert "new" in table.lines[5]


async def test_refreshing_all_rows_paints_only_those_that_changed() -> None:
    app = TableApp()
    async with app.run_test(size=SIZE) as pilot:
        table = await started(pilot, 100)
        table.rows[2] = table.rows[7] = (Cell("✗", "error"), Cell("new"), Cell("1"), Cell("4m"))
        table.refresh_rows()
        await pilot.pause()
        assert sorted(table.painted) == [3, 8]


async def test_growing_paints_nothing_in_sight() -> None:
    app = TableApp()
    async with app.run_test(size=SIZE) as pilot:
        table = await started(pilot, 10_000)
        table.set_row_count(10_100)
        await pilot.pause()
        assert table.painted == []
        assert table.asked == []


async def test_rows_that_come_first_move_neither_cursor_nor_window() -> None:
    app = TableApp()
    async with app.run_test(size=SIZE) as pilot:
        table = await started(pilot, 100)
        table.move_to(50)
        before = [line[:-1] for line in table.lines]
        table.rows = {row: table.cells(row - 3) for row in range(110)}
        table.set_row_count(103, above=3)
        await pilot.pause()
        assert table.cursor_row == 53
        assert [line[:-1] for line in table.lines] == before


async def test_focus_and_its_loss_paint_the_line_of_the_cursor() -> None:
    app = TableApp()
    async with app.run_test(size=SIZE) as pilot:
        table = await started(pilot, 100)
        lit = table.line(1)
        table.blur()
        await pilot.pause()
        assert table.line(1) != lit
        assert table.line(1).text.startswith("▸")
        assert set(table.painted) == {1}


@pytest.mark.parametrize(
    ("keys", "row", "top"),
    [
        (["j", "j", "k"], 1, 0),
        (["up"], 0, 0),
        (["G"], 99, 89),
        (["end", "down"], 99, 89),
        (["G", "g"], 0, 0),
        (["end", "home"], 0, 0),
        (["j", "ctrl+f"], 12, 11),
        (["pagedown", "pagedown", "pageup"], 11, 11),
        (["G", "ctrl+b"], 88, 78),
    ],
)
async def test_keys_move(keys: list[str], row: int, top: int) -> None:
    app = TableApp()
    async with app.run_test(size=SIZE) as pilot:
        table = await started(pilot, 100)
        await pilot.press(*keys)
        assert (table.cursor_row, table.view.top) == (row, top)


async def test_enter_opens_the_row_and_nothing_where_there_is_none() -> None:
    app = TableApp()
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("enter", "down", "G")
        assert app.said == []
        await started(pilot, 5)
        await pilot.press("j", "enter")
        assert app.said == [("CursorMoved", 1), ("RowOpened", 1)]


async def test_the_first_rows_put_the_cursor_on_the_first() -> None:
    app = TableApp()
    async with app.run_test(size=SIZE) as pilot:
        assert app.table.cursor_row is None
        app.table.set_row_count(3)
        await pilot.pause()
        assert app.said == [("CursorMoved", 0), ("EndNeared", 2)]


async def test_losing_rows_moves_the_cursor_to_the_last_one() -> None:
    app = TableApp()
    async with app.run_test(size=SIZE) as pilot:
        table = await started(pilot, 100)
        table.move_to(90)
        table.set_row_count(20)
        await pilot.pause()
        assert table.cursor_row == 19
        assert app.said[-2:] == [("CursorMoved", 19), ("EndNeared", 19)]


async def test_nearing_the_end_is_said_once_for_each_row_count() -> None:
    app = TableApp()
    async with app.run_test(size=SIZE) as pilot:
        table = await started(pilot, 40)
        await pilot.press("ctrl+f")
        assert ("EndNeared", 21) not in app.said
        await pilot.press("ctrl+f", "j", "k", "G")
        assert [said for said in app.said if said[0] == "EndNeared"] == [("EndNeared", 32)]
        app.said.clear()
        table.set_row_count(45)
        table.set_row_count(45)
        await pilot.pause()
        assert app.said == [("EndNeared", 39)]
        table.set_row_count(0)
        table.set_row_count(45)
        await pilot.press("G")
        assert ("EndNeared", 44) in app.said


async def test_the_wheel_scrolls_and_leaves_the_cursor() -> None:
    app = TableApp()
    async with app.run_test(size=SIZE) as pilot:
        table = await started(pilot, 100)
        for _ in range(4):
            table.post_message(MouseScrollDown(table, 5, 5, 0, 1, 0, False, False, False))
        await pilot.pause()
        assert (table.cursor_row, table.view.top) == (0, 12)
        await pilot.press("down")
        assert (table.cursor_row, table.view.top) == (1, 1)


async def test_a_click_selects_and_two_open() -> None:
    app = TableApp()
    async with app.run_test(size=SIZE) as pilot:
        await started(pilot, 5)
        await pilot.click(app.table, offset=(5, 3))
        assert app.said == [("CursorMoved", 2)]
        await pilot.click(app.table, offset=(5, 0))
        await pilot.click(app.table, offset=(5, 9))
        assert app.said == [("CursorMoved", 2)]
        await pilot.click(app.table, offset=(5, 4), times=2)
        assert app.said[1:] == [("CursorMoved", 3), ("RowOpened", 3)]


async def test_the_scrollbar_is_dragged() -> None:
    app = TableApp()
    async with app.run_test(size=SIZE) as pilot:
        table = await started(pilot, 1000)
        await pilot.mouse_down(table, offset=(59, 1))
        await pilot.hover(table, offset=(59, 6))
        assert table.view.top == pytest.approx(500, abs=10)
        await pilot.mouse_up(table, offset=(59, 11))
        assert table.view.top == 989
        await pilot.hover(table, offset=(59, 1))
        assert table.view.top == 989
        assert table.cursor_row == 0


async def test_without_rows_there_are_titles_and_the_placeholder_in_the_middle() -> None:
    app = TableApp()
    async with app.run_test(size=SIZE) as pilot:
        lines = app.table.lines
        assert lines[0].split() == ["si", "name", "number", "age"]
        assert [line.strip() for line in lines[1:] if line.strip()] == ["nothing here"]
        assert lines[6].index("nothing") == 24
        app.table.placeholder = "[/x] \x1b[2J gone"
        await pilot.pause()
        assert app.table.lines[6].strip() == "[/x] ␛[2J gone"
        app.table.placeholder = words = "no word of this is cut " * 6
        await pilot.pause()
        assert " ".join(" ".join(app.table.lines[1:]).split()) == words.strip()


@pytest.mark.parametrize(
    ("width", "titles"),
    [(60, "si name number age"), (28, "si name number"), (18, "si name"), (6, "si …"), (1, "")],
)
async def test_columns_go_where_there_is_no_room(width: int, titles: str) -> None:
    app = TableApp()
    async with app.run_test(size=(width, 10)) as pilot:
        app.table.set_row_count(50)
        await pilot.pause()
        assert app.table.lines[0].split() == titles.split()
        assert all(cell_len(line) == width for line in app.table.lines)


@pytest.mark.parametrize("theme", [theme.name for theme in THEMES])
async def test_hostile_and_wide_texts_stay_in_their_columns(theme: str) -> None:
    app = TableApp([(Cell(text), Cell(text, "error"), Cell(text, "muted"), Cell("age")) for text in HOSTILE])
    async with app.run_test(size=(60, 20)) as pilot:
        app.theme = theme
        app.table.set_row_count(len(HOSTILE))
        await pilot.press("down")
        lines = app.table.lines
        assert is_safe(lines)
        assert {cell_len(line) for line in lines} == {60}
        assert {cell_len(line.partition("age")[0]) for line in lines[: 1 + len(HOSTILE)]} == {56}


async def test_a_storm_of_sizes_leaves_cursor_and_lines_right() -> None:
    app = TableApp()
    async with app.run_test(size=SIZE) as pilot:
        table = await started(pilot, 100)
        table.move_to(50)
        for size in ((200, 60), (40, 10), (10, 3), (1, 1), (80, 24)):
            await pilot.resize_terminal(*size)
            assert all(cell_len(line) == table.size.width for line in table.lines)
        assert table.cursor_row == 50
        assert any(line.startswith("▸✓  row 50") for line in table.lines)
