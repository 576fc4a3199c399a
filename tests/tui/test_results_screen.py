"""The results screen as a person uses it, on a sandbox over real sockets."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from textual.pilot import Pilot

from batchtui.config import Settings
from batchtui.results import State
from batchtui.sandbox import Embedded, SandboxOptions, embedded
from batchtui.tui.screens.results import ResultsScreen
from batchtui.tui.widgets.batch_table import BatchTable
from batchtui.tui.widgets.document import Document
from batchtui.tui.widgets.result_table import ResultTable
from tests.tui.driving import QUICK, app_for, driven, screen_text, until, until_shown

HOSTILE, SUPPORT, RESEARCH, FAILED, LARGE = 320, 5_000, 1_000, 10_000, 100_000
"""Recent ended batches of the sandbox, by their number of requests."""


@asynccontextmanager
async def results_of(
    sandbox: Embedded,
    folder: Path,
    requests: int,
    settings: Settings = QUICK,
    size: tuple[int, int] = (120, 40),
) -> AsyncIterator[tuple[Pilot[None], ResultsScreen]]:
    """The results screen of the newest ended batch of so many requests."""
    async with driven(app_for(sandbox, folder, settings=settings), size) as pilot:
        table = pilot.app.screen.query_one(BatchTable)
        await until_shown(pilot, "live")
        while table.current is None or not (
            table.current.is_ended and table.current.counts.total == requests
        ):
            await pilot.press("j")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, ResultsScreen))
        screen = pilot.app.screen
        assert isinstance(screen, ResultsScreen)
        await until(pilot, lambda: screen.query_one(ResultTable).row_count)
        yield pilot, screen


async def test_a_large_batch_is_read_only_as_far_as_needed(frozen_sandbox: Embedded, tmp_path: Path) -> None:
    async with results_of(frozen_sandbox, tmp_path, LARGE) as (pilot, screen):
        await until_shown(pilot, "more when you go on")
        table = screen.query_one(ResultTable)
        first_stop = table.row_count
        assert 100 < first_stop < 20_000
        while table.row_count == first_stop:
            await pilot.press("pagedown")


async def test_everything_is_saved_and_opens_without_the_server(tmp_path: Path) -> None:
    with embedded(SandboxOptions(speed=0)) as sandbox:
        async with results_of(sandbox, tmp_path, RESEARCH, Settings(results="whole")) as (pilot, _):
            await until_shown(pilot, "saved here")
    async with driven(app_for(sandbox, tmp_path)) as pilot:
        table = pilot.app.screen.query_one(BatchTable)
        await until_shown(pilot, "next try in")
        while table.current is None or table.current.counts.total != RESEARCH:
            await pilot.press("j")
        await pilot.press("enter")
        await until_shown(pilot, "saved here")
        await until(pilot, lambda: pilot.app.screen.query_one(ResultTable).row_count == RESEARCH)


async def test_outcomes_and_filter(frozen_sandbox: Embedded, tmp_path: Path) -> None:
    async with results_of(frozen_sandbox, tmp_path, FAILED) as (pilot, screen):
        table = screen.query_one(ResultTable)
        await pilot.press("f", "f")
        await until(pilot, lambda: table.row_count == 6_589)
        await until_shown(pilot, "6,589 of 10,000")
        await pilot.press("slash", *"eval-09-", "enter")
        await until(pilot, lambda: 0 < table.row_count < 6_589)
        await until_shown(pilot, "/eval-09-")
        await until_shown(pilot, "what to do")
        await pilot.press("escape")
        await until(pilot, lambda: table.row_count == 6_589)
        await pilot.press("escape")
        await until(pilot, lambda: not isinstance(pilot.app.screen, ResultsScreen))


async def test_reply_json_and_usage(frozen_sandbox: Embedded, tmp_path: Path) -> None:
    async with results_of(frozen_sandbox, tmp_path, RESEARCH) as (pilot, screen):
        document = screen.query_one(Document)
        await until(pilot, lambda: "claude-" in " ".join(document.lines))
        await pilot.press("right")
        await until(pilot, lambda: document.lines and document.lines[0].strip() == "{")
        await pilot.press("right")
        await until(pilot, lambda: any("output tokens" in line for line in document.lines))


async def test_next_and_previous_without_going_back(frozen_sandbox: Embedded, tmp_path: Path) -> None:
    async with results_of(frozen_sandbox, tmp_path, RESEARCH) as (pilot, screen):
        table = screen.query_one(ResultTable)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(screen.focused, Document))
        await pilot.press("right_square_bracket", "right_square_bracket", "left_square_bracket")
        assert table.cursor_row == 1
        assert table.current is not None
        await until_shown(pilot, f"{table.current.custom_id}  Reply")


async def test_answers_that_attack_the_terminal_are_only_shown(
    frozen_sandbox: Embedded, tmp_path: Path
) -> None:
    async with results_of(frozen_sandbox, tmp_path, HOSTILE) as (pilot, screen):
        table = screen.query_one(ResultTable)
        await until(pilot, lambda: table.row_count == HOSTILE)
        for _ in range(40):
            await pilot.press("j")
            screen.show_current()
            await pilot.pause()
            assert all(line.isprintable() for line in screen_text(pilot).splitlines())
        assert isinstance(pilot.app.screen, ResultsScreen)


async def test_a_batch_without_results_says_why(frozen_sandbox: Embedded, tmp_path: Path) -> None:
    async with driven(app_for(frozen_sandbox, tmp_path)) as pilot:
        await until_shown(pilot, "live")
        await pilot.press("enter")
        await until_shown(pilot, "has not ended yet")


async def test_leaving_in_the_middle_of_a_download(sandbox_with: object, tmp_path: Path) -> None:
    with embedded(SandboxOptions(speed=0, faults=("slow-results:2000000",))) as sandbox:
        whole = Settings(results="whole")
        async with results_of(sandbox, tmp_path, SUPPORT, whole) as (pilot, screen):
            assert screen._fetcher.progress.state is not State.COMPLETE
            await pilot.press("q", "q")
        async with results_of(sandbox, tmp_path, SUPPORT, whole) as (_, screen):
            assert screen.query_one(ResultTable).row_count > 0
