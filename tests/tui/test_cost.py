"""Costs on the screens: not known, then known, and still known the next time, without a server."""

from __future__ import annotations

from pathlib import Path

from batchtui.config import Settings
from batchtui.sandbox import SandboxOptions, embedded
from batchtui.tui.widgets.batch_table import BatchTable
from tests.tui.driving import app_for, driven, screen_text, until_shown
from tests.tui.test_results_screen import results_of

REQUESTS = 3
"""A small batch, of half of (6,067 * 0.8 + 2,552 * 4 + 12,288 * 0.08) / 1,000,000 dollars."""
COST = "$0.0080"
WHOLE, WIDE = Settings(results="whole"), (200, 40)


async def test_the_cost_of_a_batch_is_known_from_its_results_on(tmp_path: Path) -> None:
    with embedded(SandboxOptions(speed=0)) as sandbox:
        async with results_of(sandbox, tmp_path, REQUESTS, WHOLE, WIDE) as (pilot, _):
            await until_shown(pilot, f"{COST} · 18,355 tokens in, 2,552 out")
            await pilot.press("escape")
            await until_shown(pilot, f"cost       {COST}")
            (row,) = [line for line in screen_text(pilot).splitlines() if "▸" in line]
            assert COST in row.partition("││")[0]
            await pilot.press("j")
            await until_shown(pilot, "cost       open the results to know")
            await pilot.press("g")
            await until_shown(pilot, "cost       unknown until it ends")
    async with driven(app_for(sandbox, tmp_path), WIDE) as pilot:
        await until_shown(pilot, "next try in")
        table = pilot.app.screen.query_one(BatchTable)
        while table.current is None or table.current.counts.total != REQUESTS:
            await pilot.press("j")
        await until_shown(pilot, f"cost       {COST}")


async def test_a_single_result_has_its_cost(tmp_path: Path) -> None:
    with embedded(SandboxOptions(speed=0)) as sandbox:
        async with results_of(sandbox, tmp_path, REQUESTS) as (pilot, screen):
            await until_shown(pilot, "saved here")
            await pilot.press("left")
            await until_shown(pilot, "cost                                     $0.00")
            assert screen.is_settled
