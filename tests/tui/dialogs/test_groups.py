"""Failures grouped by error, in a dialog over the results."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from batchtui.config import Settings
from batchtui.results import ErrorGroup
from batchtui.sandbox import Embedded
from batchtui.tui.dialogs.groups import Groups
from batchtui.tui.widgets.result_table import ResultTable
from tests.tui.driving import app_for, driven, screen_text, until, until_shown
from tests.tui.test_results_screen import FAILED, results_of


def group(error_type: str, count: int) -> ErrorGroup:
    return ErrorGroup("errored", error_type, "message", None, count, 0, "message")


async def test_groups_say_counting_in_a_small_box_and_keep_their_cursor(
    frozen_sandbox: Embedded, tmp_path: Path
) -> None:
    async with driven(app_for(frozen_sandbox, tmp_path)) as pilot:
        groups = Groups(can_resubmit=True)
        chosen: list[int | None] = []
        await pilot.app.push_screen(groups, chosen.append)
        await until_shown(pilot, "Counting failures…")
        assert groups.query_one(".box").outer_size.height < 12
        groups.show_groups([group("api_error", 2), group("overloaded_error", 1)], is_final=False)
        await until_shown(pilot, "3 requests failed so far")
        await pilot.press("j")
        groups.show_groups([group("overloaded_error", 9), group("api_error", 2)], is_final=True)
        await until(pilot, lambda: "so far" not in screen_text(pilot))
        await pilot.press("enter")
        assert groups.chosen == group("overloaded_error", 9)
        assert chosen == [0]


async def test_groups_follow_the_download(sandbox_with: Callable[..., Embedded], tmp_path: Path) -> None:
    slow = sandbox_with(speed=0, faults=("slow-results:6000000",))
    async with results_of(slow, tmp_path, FAILED, Settings(results="whole")) as (pilot, screen):
        await pilot.press("e")
        await until_shown(pilot, "so far, downloading")
        await until_shown(pilot, "6,589 requests failed · enter: show")
        groups = pilot.app.screen
        assert isinstance(groups, Groups)
        await pilot.press("enter")
        await until(pilot, lambda: groups.chosen)
        assert groups.chosen
        number = groups.chosen.count
        await until(pilot, lambda: screen.query_one(ResultTable).row_count == number)
