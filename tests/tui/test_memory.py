"""What a closed results screen held is given back."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from pathlib import Path
from weakref import ref

import pytest
from textual.pilot import Pilot
from textual.widget import Widget

from batchtui.sandbox import Embedded
from batchtui.tui.screens.results import ResultsScreen
from batchtui.tui.widgets.batch_table import BatchTable
from batchtui.tui.widgets.result_table import ResultTable
from tests.tui.driving import app_for, driven, until, until_shown

BATCHES = 3
KEPT_HANDLES = 2
"""A connection to the server may be kept for the next call; a screen of results has three handles or more."""


@pytest.fixture
def no_automatic_collection() -> Iterator[None]:
    """Cycles are collected only when the app asks for it."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("no_automatic_collection")
async def test_closed_results_are_given_back(frozen_sandbox: Embedded, tmp_path: Path) -> None:
    held: list[list[ref[object]]] = []
    resources: list[tuple[int, int]] = []
    async with driven(app_for(frozen_sandbox, tmp_path)) as pilot:
        await until_shown(pilot, "live")
        while len(held) < BATCHES:
            held.append(await open_and_close(pilot))
            resources.append((open_handles(), threading.active_count()))
        # Something may still refer to the last one, such as the context of a finished task.
        await until(pilot, lambda: not any(each() for closed in held[:-1] for each in closed))
    handles, threads = zip(*resources, strict=True)
    assert handles[-1] - handles[0] <= KEPT_HANDLES
    assert threads[-1] <= threads[0]  # those that the first one started are used again


def open_handles() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def painted_and_read() -> list[object]:
    """All painted lines that Textual keeps, and all open results."""
    kinds = ("StylesCache", "Results")
    return [each for each in gc.get_objects() if type(each).__name__ in kinds]


async def open_and_close(pilot: Pilot[None]) -> list[ref[object]]:
    """Opens the results of the next ended batch, reads some, and leaves; returns what should go."""
    before = painted_and_read()
    table = pilot.app.screen.query_one(BatchTable)
    await pilot.press("j")
    while not (table.current and table.current.is_ended and table.current.counts.total < 1000):
        await pilot.press("j")
    await pilot.press("enter")
    await until(pilot, lambda: isinstance(pilot.app.screen, ResultsScreen))
    screen = pilot.app.screen
    assert isinstance(screen, ResultsScreen)
    results = screen.query_one(ResultTable)
    await until(pilot, lambda: results.row_count and screen.is_settled)
    await pilot.press("G", "k", "k", "k")
    held = {id(each) for each in before}
    new = [ref(each) for each in painted_and_read() if id(each) not in held]
    assert len(new) > len(screen.query(Widget))
    await pilot.press("q")
    await until(pilot, lambda: pilot.app.screen is not screen and not screen.is_running)
    return [ref(screen), ref(results), *new]
