"""A text that is longer than its box says how much more there is."""

from __future__ import annotations

from textual.app import App
from textual.content import Content

from batchtui.tui.dialogs.report import Report


class ReportApp(App[None]):
    """Shows thirty lines at once."""

    def on_mount(self) -> None:
        self.push_screen(Report([Content(f"line {number}") for number in range(30)]))


def note(app: ReportApp) -> str:
    return str(app.screen.query_one(".box").border_subtitle)


async def test_it_says_how_much_more_there_is() -> None:
    app = ReportApp()
    async with app.run_test(size=(80, 22)) as pilot:
        await pilot.pause()
        assert note(app) == "↓ 10 more lines · esc close"
        await pilot.press("j")
        await pilot.pause()
        assert note(app) == "↓ 9 more lines · esc close"
        await pilot.press("G")
        await pilot.pause()
        assert note(app) == "esc close"
        await pilot.resize_terminal(80, 40)
        await pilot.pause()
        assert note(app) == "esc close"
