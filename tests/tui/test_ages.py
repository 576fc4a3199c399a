"""Ages move on between two looks at the server, and cost nothing while they read the same."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import anthropic
import pytest
from textual.strip import Strip

from batchtui.config import Settings
from batchtui.sandbox import Embedded
from batchtui.tui.widgets.batch_table import BatchTable
from batchtui.tui.widgets.line_view import LineView
from tests.tui.driving import app_for, driven, until, until_shown

SELDOM = Settings(poll_selected=600, poll_list=600)
Sdk = Callable[[Embedded], anthropic.Anthropic]


class Clock:
    """A clock that stands still unless it is set."""

    def __init__(self, now: float) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def newest_ended(sdk: anthropic.Anthropic) -> float:
    """When the newest batch that has ended was created."""
    batches = sdk.messages.batches.list(limit=100).data
    return next(batch.created_at for batch in batches if batch.processing_status == "ended").timestamp()


async def test_ages_of_an_ended_batch_move_on_without_a_look_at_the_server(
    frozen_sandbox: Embedded, sdk_to: Sdk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock(newest_ended(sdk_to(frozen_sandbox)) + 39 * 60 - 0.2)
    monkeypatch.setattr(time, "time", clock)
    async with driven(app_for(frozen_sandbox, tmp_path, settings=SELDOM)) as pilot:
        await until_shown(pilot, "live")
        table = pilot.app.screen.query_one(BatchTable)
        while table.current is None or not table.current.is_ended:
            await pilot.press("j")
        await until_shown(pilot, "created    38 min ago")
        await until_shown(pilot, " 38m ")
        clock.now += 1
        await until_shown(pilot, "created    39 min ago")
        await until_shown(pilot, " 39m ")


async def test_nothing_is_painted_while_ages_read_the_same(
    frozen_sandbox: Embedded, sdk_to: Sdk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[float] = []
    painted: list[int] = []
    look, paint = BatchTable.until_ages_change, LineView.render_line

    def counted_look(table: BatchTable) -> float:
        looks.append(look(table))
        return looks[-1]

    def counted_paint(view: LineView, y: int) -> Strip:
        painted.append(y)
        return paint(view, y)

    monkeypatch.setattr(time, "time", Clock(newest_ended(sdk_to(frozen_sandbox)) + 39 * 60 - 0.2))
    monkeypatch.setattr(BatchTable, "until_ages_change", counted_look)
    monkeypatch.setattr(LineView, "render_line", counted_paint)
    async with driven(app_for(frozen_sandbox, tmp_path, settings=SELDOM)) as pilot:
        await until_shown(pilot, "live")
        await until(pilot, lambda: pilot.app.screen.query_one(BatchTable).row_count == 100)
        first = len(looks)
        await until(pilot, lambda: len(looks) > first + 1)  # everything that came with the start is painted
        painted.clear()
        first = len(looks)
        await until(pilot, lambda: len(looks) > first + 2)
        assert painted == []
