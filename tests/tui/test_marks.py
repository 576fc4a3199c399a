"""Marks outlast filters, and how many of them are hidden is on the screen before anything is done to them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from batchtui.config import Settings
from batchtui.sandbox import Embedded
from batchtui.tui.dialogs.confirm import Confirm
from batchtui.tui.widgets.batch_table import BatchTable
from batchtui.tui.widgets.result_table import ResultTable
from tests.tui.driving import app_for, driven, paste, until, until_shown
from tests.tui.test_results_screen import RESEARCH, results_of

Start = Callable[..., Embedded]


async def test_marked_results_outlast_filter_and_search(frozen_sandbox: Embedded, tmp_path: Path) -> None:
    async with results_of(frozen_sandbox, tmp_path, RESEARCH, Settings(results="whole")) as (pilot, screen):
        table = screen.query_one(ResultTable)
        await until_shown(pilot, "saved here")
        await pilot.press("space", "space")
        await until_shown(pilot, "2 marked ")
        await pilot.press("f", "f")
        await until_shown(pilot, "2 marked, 1 hidden")  # the other one has failed
        await pilot.press("j", "space")
        await until_shown(pilot, "3 marked, 1 hidden")
        await pilot.press("w")
        await until_shown(pilot, "Write 3 results (3 marked, 1 hidden by the filter)")
        await pilot.press("escape", "slash")
        paste(pilot, "nowhere-to-be-found")
        await pilot.press("enter")
        await until_shown(pilot, "3 marked, 3 hidden")
        await pilot.press("w")
        await until_shown(pilot, "Write 3 results (3 marked, 3 hidden by the filter)")
        await pilot.press("escape", "escape")
        await until(pilot, lambda: not table.marked)


async def test_a_hidden_mark_that_steers_is_named(sandbox_with: Start, tmp_path: Path) -> None:
    sandbox = sandbox_with(speed=0)
    async with driven(app_for(sandbox, tmp_path)) as pilot:
        await until_shown(pilot, "live")
        table = pilot.app.screen.query_one(BatchTable)
        await pilot.press("space", "slash")
        paste(pilot, "status:ended")
        await pilot.press("enter")
        await until_shown(pilot, "1 marked, 1 hidden")
        await pilot.press("d")
        await until_shown(pilot, "must be canceled first (c).")
        await until_shown(pilot, "hidden by")
        await pilot.press("space", "c")
        await until_shown(pilot, "Cancel the marked batch")
        await until_shown(pilot, "It is hidden by the filter.")
        await until_shown(pilot, "1 more is marked, but not running: not touched.")
        await pilot.press("escape", "d")
        await until_shown(pilot, "Delete the marked batch")
        await pilot.press("1", "right", "enter")
        await until_shown(pilot, "Deleted")
        await until(pilot, lambda: len(table.marked) == 1)
        await until_shown(pilot, "1 marked, 1 hidden")  # not the deleted one any more


async def test_a_canceling_batch_is_not_sent_round_in_circles(sandbox_with: Start, tmp_path: Path) -> None:
    async with driven(app_for(sandbox_with(speed=0), tmp_path)) as pilot:
        await until_shown(pilot, "live")
        table = pilot.app.screen.query_one(BatchTable)
        while table.current is None or table.current.status != "canceling":
            await pilot.press("j")
        await pilot.press("d")
        await until_shown(pilot, "Canceling; can be deleted when it has ended.")
        assert not isinstance(pilot.app.screen, Confirm)
