"""The help screen: every key of a screen with what it does, and out again."""

from __future__ import annotations

import pytest
from textual.app import App

from batchtui.config.keys import keys_on
from batchtui.tui.dialogs.help import Help
from batchtui.tui.widgets.document import Document

KEYS = keys_on("batches", read_only=True)


class HelpApp(App[None]):
    """Shows the help at once."""

    def on_mount(self) -> None:
        self.push_screen(Help(KEYS))


async def test_it_names_every_key_under_its_heading_and_none_that_is_not_bound() -> None:
    app = HelpApp()
    async with app.run_test(size=(120, 40)):
        lines = [line.strip() for line in app.screen.query_one(Document).lines]
        assert lines[:2] == ["Batches", "enter  o      open the results of the batch"]
        assert {"In a list", "Everywhere"} <= set(lines)
        assert all(any(line.endswith(key.help) for line in lines) for key in KEYS)
        assert not any("delete" in line for line in lines)


async def test_it_scrolls_where_there_is_little_room() -> None:
    app = HelpApp()
    async with app.run_test(size=(40, 10)) as pilot:
        text = app.screen.query_one(Document)
        assert app.screen.query_one(".box").content_region.contains_region(text.region)
        assert app.screen.region.contains_region(text.region)
        first = text.render_line(0).text
        await pilot.press("j")
        assert text.render_line(0).text != first
        await pilot.press("G")
        shown = [text.render_line(y).text.rstrip() for y in range(text.size.height)]
        assert shown[-1] == text.lines[-1]


@pytest.mark.parametrize("key", ["escape", "q", "question_mark", "enter"])
async def test_it_closes(key: str) -> None:
    app = HelpApp()
    async with app.run_test(size=(80, 24)) as pilot:
        assert isinstance(app.screen, Help)
        await pilot.press(key)
        assert not isinstance(app.screen, Help)
