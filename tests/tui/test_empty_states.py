"""What an empty list says: why it is empty, and which key leads on."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

from batchtui.config import Settings
from batchtui.results import Progress, State
from batchtui.sandbox import Embedded, SandboxOptions, embedded
from batchtui.tui.format.result import why_empty
from batchtui.tui.screens.results import ResultsScreen
from batchtui.tui.widgets.batch_table import BatchTable
from tests.tui.driving import app_for, driven, paste, screen_text, until, until_shown
from tests.tui.test_results_screen import RESEARCH, results_of

NO_MATCHES = "No matches. Press / to change, esc to clear."


async def test_a_filter_that_finds_nothing_says_what_to_press(
    frozen_sandbox: Embedded, tmp_path: Path
) -> None:
    async with driven(app_for(frozen_sandbox, tmp_path)) as pilot:
        await until_shown(pilot, "live")
        await pilot.press("slash")
        paste(pilot, "[none]")
        await pilot.press("enter")
        await until_shown(pilot, NO_MATCHES)
        await until_shown(pilot, "No batch selected")
        await pilot.press("escape")
        await until(pilot, lambda: "No batch selected" not in screen_text(pilot))


async def test_a_search_that_finds_nothing_says_what_to_press(
    frozen_sandbox: Embedded, tmp_path: Path
) -> None:
    async with results_of(frozen_sandbox, tmp_path, RESEARCH, Settings(results="whole")) as (pilot, _):
        await until_shown(pilot, "saved here")
        await pilot.press("right", "right", "slash")  # also where JSON was shown
        paste(pilot, "[nowhere to be found]")
        await pilot.press("enter")
        await until_shown(pilot, NO_MATCHES)
        await until_shown(pilot, "No result selected")


def test_no_match_is_not_claimed_before_everything_was_searched() -> None:
    reading = Progress(State.READING, rows_here=500)
    words = why_empty(reading, is_filtered=True, searched=300)
    assert words == "Searching… 300 of 500 results"
    assert "in the 500 results here" in why_empty(reading, is_filtered=True)


async def test_offline_at_first_is_said_where_the_batches_would_be(tmp_path: Path) -> None:
    with embedded(SandboxOptions()) as server:
        pass
    async with driven(app_for(server, tmp_path)) as pilot:
        await until_shown(pilot, "Not connected.")
        text = screen_text(pilot)
        assert "Press r to try now." in text
        assert "No batch selected" in text
        assert "Batches ─" in text  # no number: nothing is known


async def test_no_matches_offline_says_that_older_batches_were_not_searched(tmp_path: Path) -> None:
    with embedded(SandboxOptions()) as server:
        async with driven(app_for(server, tmp_path)) as pilot:
            await until_shown(pilot, "live")
    async with driven(app_for(server, tmp_path)) as pilot:
        await until_shown(pilot, "next try in")
        await pilot.press("slash")
        paste(pilot, "[none]")
        await pilot.press("enter")
        await until_shown(pilot, "No matches in the 100 batches known here. Not connected.")


async def test_list_is_offline_after_results_could_not_be_reached(tmp_path: Path) -> None:
    with ExitStack() as stack:
        server = stack.enter_context(embedded(SandboxOptions(speed=0)))
        async with driven(app_for(server, tmp_path, settings=Settings())) as pilot:
            await until_shown(pilot, "live")
            table = pilot.app.screen.query_one(BatchTable)
            table.move_to(next(row for row, batch in enumerate(table.shown) if batch.is_ended))
            stack.close()
            await pilot.press("enter")
            await until_shown(pilot, "All connection attempts failed")
            await pilot.press("q")
            await until_shown(pilot, "offline, next try in")


async def test_results_that_cannot_be_reached_say_so(tmp_path: Path) -> None:
    with embedded(SandboxOptions(speed=0)) as server:
        async with driven(app_for(server, tmp_path)) as pilot:
            await until_shown(pilot, "live")
    async with driven(app_for(server, tmp_path)) as pilot:
        table = pilot.app.screen.query_one(BatchTable)
        await until_shown(pilot, "next try in")
        while table.current is None or not table.current.is_ended:
            await pilot.press("j")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, ResultsScreen))
        await until_shown(pilot, "No results here yet.")
        await until_shown(pilot, "No result selected")
