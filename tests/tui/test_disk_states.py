"""The screens where files of ours are damaged, unusable or unsafe: one notice, and reading continues."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.pilot import Pilot

from batchtui.sandbox import Embedded
from batchtui.tui.app import BatchtuiApp
from batchtui.tui.screens.results import ResultsScreen
from batchtui.tui.widgets.batch_table import BatchTable
from batchtui.tui.widgets.result_table import ResultTable
from tests.disk_states import CACHE_STATES, JOURNAL_STATES
from tests.submitting import profile_of
from tests.tui.driving import QUICK, driven, until, until_shown


class Listening(BatchtuiApp):
    """The app; remembers what it said was wrong."""

    def __init__(self, sandbox: Embedded, cache: Path, data: Path) -> None:
        super().__init__(profile_of(sandbox), cache, data, QUICK, is_demo=True)
        self.wrong: list[str] = []

    def tell(self, message: str, *, failed: bool = False) -> None:
        """Says it, and remembers it."""
        super().tell(message, failed=failed)
        self.wrong += [message] if failed else []


async def read_results(pilot: Pilot[None]) -> None:
    """Opens the results of the newest batch that has some, and leaves them."""
    table = pilot.app.screen.query_one(BatchTable)
    while table.current is None or not table.current.has_results:
        await pilot.press("j")
    await pilot.press("enter")
    await until(pilot, lambda: isinstance(pilot.app.screen, ResultsScreen))
    results = pilot.app.screen.query_one(ResultTable)
    await until(pilot, lambda: results.row_count)
    await pilot.press("q")
    await until(pilot, lambda: not isinstance(pilot.app.screen, ResultsScreen))


@pytest.mark.parametrize("state", [*JOURNAL_STATES, *CACHE_STATES])
async def test_one_notice_and_reading_continues(state: str, frozen_sandbox: Embedded, tmp_path: Path) -> None:
    digest = profile_of(frozen_sandbox).workspace_digest
    (JOURNAL_STATES | CACHE_STATES)[state](tmp_path / "cache" / digest, tmp_path / "data" / digest)
    app = Listening(frozen_sandbox, tmp_path / "cache", tmp_path / "data")
    async with driven(app) as pilot:
        await until_shown(pilot, "live")
        await read_results(pilot)
        await until(pilot, lambda: app.wrong or state in JOURNAL_STATES)
        assert len(app.wrong) <= 1, "told once"


async def test_what_is_damaged_while_it_runs_is_told_and_survived(
    frozen_sandbox: Embedded, tmp_path: Path
) -> None:
    app = Listening(frozen_sandbox, tmp_path / "cache", tmp_path / "data")
    digest = profile_of(frozen_sandbox).workspace_digest
    async with driven(app) as pilot:
        await until_shown(pilot, "live")
        JOURNAL_STATES["damaged"](tmp_path, tmp_path / "data" / digest)
        results = tmp_path / "cache" / digest / "results"
        results.rename(tmp_path / "elsewhere")
        results.symlink_to(tmp_path / "elsewhere")
        await read_results(pilot)
        await until(pilot, lambda: any("symbolic link" in words for words in app.wrong))
        assert len(app.wrong) == len(set(app.wrong)), "each is told once"
