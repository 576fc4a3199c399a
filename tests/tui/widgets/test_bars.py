"""Title bar, key bar, panel and filter bar: one line each, clean, and cut where there is no room."""

from __future__ import annotations

import pytest
from rich.cells import cell_len
from textual import on
from textual.app import App, ComposeResult
from textual.events import Paste
from textual.strip import Strip
from textual.widget import Widget

from batchtui.config.keys import keys_of
from batchtui.tui.format.cells import Cell
from batchtui.tui.widgets.filter_bar import FilterBar
from batchtui.tui.widgets.key_bar import KeyBar
from batchtui.tui.widgets.panel import Panel, PanelEdge
from batchtui.tui.widgets.title_bar import TitleBar
from tests.tui.widgets.hostile import HOSTILE, is_safe
from tests.tui.widgets.table import Table

BATCH_KEYS = keys_of("list", "batches", "everywhere")


class BarApp(App[None]):
    """Some widgets, and what they said."""

    def __init__(self, *widgets: Widget) -> None:
        super().__init__()
        self.widgets = widgets
        self.said: list[object] = []

    def compose(self) -> ComposeResult:
        yield from self.widgets

    @on(KeyBar.Clicked)
    def _clicked(self, event: KeyBar.Clicked) -> None:
        self.said.append(event.key.id)


async def test_the_title_says_where_and_how_things_stand() -> None:
    bar = TitleBar(detail="prod · example.org", badges=("SANDBOX",))
    async with BarApp(bar).run_test(size=(60, 3)):
        bar.show_status([Cell("3 running   "), Cell("live", "success")])
        assert bar.line(0).text == " batchtui  prod · example.org  SANDBOX     3 running   live "
    bar = TitleBar(("batchtui", "…uDC", "results"))
    async with BarApp(bar).run_test(size=(60, 3)):
        assert bar.line(0).text.rstrip() == " batchtui › …uDC › results"


@pytest.mark.parametrize("width", [40, 20, 12, 1])
async def test_the_status_stays_where_the_title_is_narrow(width: int) -> None:
    bar = TitleBar(detail="prod · a-very-long-workspace-name · example.org", badges=("READ-ONLY",))
    async with BarApp(bar).run_test(size=(width, 3)):
        bar.show_status("3 running")
        line = bar.line(0).text
        assert cell_len(line) == width
        assert width < 12 or line.endswith("3 running ")


async def test_hostile_texts_in_title_and_panel_are_only_shown() -> None:
    for text in HOSTILE:
        bar, panel = TitleBar(("batchtui", text), detail=text, badges=(text,)), Panel(Table())
        async with BarApp(bar, panel).run_test(size=(50, 6)) as pilot:
            bar.show_status(text[:30])
            panel.show_title(text)
            panel.show_note([Cell(text, "error")])
            await pilot.pause()
            lines = [bar.line(0).text, *(edge.line(0).text for edge in panel.query(PanelEdge))]
            assert is_safe(lines)
            assert {cell_len(line) for line in lines} == {50}


async def test_saying_the_same_again_paints_nothing() -> None:
    class Counting(TitleBar):
        painted = 0

        def render_line(self, y: int) -> Strip:
            self.painted += 1
            return super().render_line(y)

    bar = Counting(detail="prod")
    async with BarApp(bar).run_test(size=(50, 3)) as pilot:
        bar.show_status("live")
        await pilot.pause()
        before = bar.painted
        bar.show_status([Cell("live")])
        await pilot.pause()
        assert bar.painted == before
        bar.show_status("offline")
        await pilot.pause()
        assert bar.painted == before + 1


async def test_the_key_bar_shows_keys_and_words_and_the_last_at_the_right() -> None:
    bar = KeyBar(BATCH_KEYS)
    async with BarApp(bar).run_test(size=(120, 3)):
        line = bar.line(0).text
        assert line.startswith(" enter results  c cancel  d delete  ctrl+n new")
        assert line.endswith(" q quit ")
        assert "pgup" not in line


@pytest.mark.parametrize("width", [80, 40, 20, 10, 1])
async def test_a_narrow_key_bar_leaves_out_whole_keys(width: int) -> None:
    bar = KeyBar(BATCH_KEYS)
    async with BarApp(bar).run_test(size=(width, 3)):
        line = bar.line(0).text
        assert cell_len(line) == width
        words = {f"{key.shown} {key.label}" for key in BATCH_KEYS}
        assert width < 10 or {word.strip() for word in line.split("  ")} <= words | {""}
        assert width < 10 or line.rstrip().endswith("q quit")


async def test_keys_asleep_are_dimmed_but_still_clicked() -> None:
    bar = KeyBar(BATCH_KEYS)
    app = BarApp(bar)
    async with app.run_test(size=(120, 3)) as pilot:
        awake = bar.line(0)
        bar.dim(lambda key: key.action == "cancel")
        await pilot.pause()
        assert bar.line(0).text == awake.text
        assert bar.line(0) != awake
        place = awake.text.index("cancel")
        await pilot.click(bar, offset=(place, 0))
        await pilot.click(bar, offset=(awake.text.index("delete"), 0))
        await pilot.click(bar, offset=(awake.text.index("quit"), 0))
        await pilot.click(bar, offset=(0, 0))
        assert app.said == ["batches.cancel", "batches.delete", "everywhere.quit"]
        bar.dim(lambda key: False)
        assert bar.line(0) == awake


async def test_an_empty_key_bar_is_blank() -> None:
    bar = KeyBar()
    async with BarApp(bar).run_test(size=(20, 3)):
        assert bar.line(0).text == " " * 20


async def test_a_panel_is_lit_while_something_in_it_has_the_focus() -> None:
    table, other = Table(), Table()
    panel = Panel(table, title="Batches", note="↓ more")
    async with BarApp(panel, Panel(other)).run_test(size=(30, 12)) as pilot:
        table.focus()
        await pilot.pause()
        top, bottom = (edge.line(0) for edge in panel.query(PanelEdge))
        assert top.text == "╭─ Batches ──────────────────╮"
        assert bottom.text == "╰─ ↓ more ───────────────────╯"
        table.painted.clear()
        other.focus()
        await pilot.pause()
        dim = panel.query(PanelEdge).first().line(0)
        assert dim.text == top.text
        assert dim != top
        assert set(table.painted) <= {table.size.height // 2}


async def test_the_filter_is_there_only_while_it_is_typed() -> None:
    said: list[str] = []
    bar = FilterBar(said.append, lambda: said.append("closed"))
    async with BarApp(Table(), bar).run_test(size=(40, 6)) as pilot:
        shown = [bar.display]
        bar.open()
        await pilot.press("a", "j", "q")
        shown.append(bar.display)
        await pilot.press("enter")
        assert [*shown, bar.display] == [False, True, False]
        assert said == ["a", "aj", "ajq", "closed", "ajq"]
        bar.open("old")
        await pilot.press("x", "escape")
        assert not bar.display
        assert said[-3:] == ["oldx", "closed", ""]


async def test_what_is_pasted_into_the_filter_is_cleaned() -> None:
    said: list[str] = []
    bar = FilterBar(said.append, lambda: None)
    async with BarApp(Table(), bar).run_test(size=(40, 6)) as pilot:
        bar.open("\x1b[2J")
        await pilot.pause()
        bar.query_one("Input").post_message(Paste("a\x1b]0;x\x07\u202eb"))
        await pilot.pause()
        await pilot.press("enter")
        assert said[-1] == "␛[2Ja␛]0;x␇\ufffdb"
        assert is_safe(said)
