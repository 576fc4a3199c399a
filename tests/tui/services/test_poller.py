"""Polling on a server that fails, hangs or answers slowly, and while the terminal is away."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from itertools import pairwise
from pathlib import Path

import pytest

from batchtui.cache import Batch
from batchtui.config import Settings
from batchtui.tui.app import BatchtuiApp
from batchtui.tui.format.connection import Link
from batchtui.tui.services import poller
from batchtui.tui.services.network import Network
from batchtui.tui.services.poller import AWAY_FACTOR, Poller
from batchtui.workspace import Changes, Workspace
from tests.canned_server import CUT, HANGING, Drip, answer, canned_server, error_answer
from tests.tui.driving import driven, screen_text, until, until_shown

BATCH = {
    "id": "msgbatch_hanging",
    "processing_status": "ended",
    "request_counts": {"succeeded": 1},
    "created_at": "2026-11-20T10:00:00Z",
    "expires_at": "2026-11-21T10:00:00Z",
    "ended_at": "2026-11-20T11:00:00Z",
    "results_url": "https://api.example/results",
}
PAGE = answer("200 OK", json.dumps({"data": [BATCH], "has_more": False}).encode())


PACE = Settings(poll_selected=0.1, poll_list=0.0)


class Screen:
    """Records what the poller shows."""

    def __init__(self, *, away: bool = False) -> None:
        self.away = away
        self.links: asyncio.Queue[Link] = asyncio.Queue()
        self.polled: list[float] = []

    def show_changes(self, changes: Changes) -> None:
        self.polled.append(time.monotonic())

    def show_link(self, link: Link) -> None:
        if link.waiting is None:  # a slow machine
            self.links.put_nowait(link)

    def watched_batch(self) -> Batch | None:
        return None

    def is_away(self) -> bool:
        return self.away

    async def next_link(self) -> Link:
        return await asyncio.wait_for(self.links.get(), 10)


@asynccontextmanager
async def polling(
    folder: Path, screen: Screen, *responses: bytes | Drip, settings: Settings = PACE
) -> AsyncIterator[Poller]:
    """A poller at work on a server."""
    async with canned_server(*responses) as server:
        network = Network()
        workspace = Workspace(server.profile, folder, folder / "data", attempts=1)
        poller = Poller(network, workspace, settings, screen)
        task = asyncio.create_task(poller.run())
        try:
            yield poller
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
            network.stop(workspace.aclose)


async def backoffs(screen: Screen, poller: Poller, times: int) -> list[int | None]:
    """The first wait of each of some failures, each cut short."""
    waits = []
    for _ in range(times):
        waits.append((await screen.next_link()).retry_in)
        poller.refresh_now()
    return waits


async def test_backoff_doubles_up_to_a_limit(tmp_path: Path) -> None:
    screen = Screen()
    async with polling(tmp_path, screen, CUT) as poller:
        assert await backoffs(screen, poller, 8) == [2, 4, 8, 16, 32, 64, 120, 120]


async def test_a_success_ends_the_backoff(tmp_path: Path) -> None:
    screen = Screen()
    async with polling(tmp_path, screen, CUT, CUT, PAGE, CUT) as poller:
        assert await backoffs(screen, poller, 2) == [2, 4]
        assert await screen.next_link() == Link(live=True)
        assert await backoffs(screen, poller, 1) == [2]


async def test_retry_after_sets_the_wait(tmp_path: Path) -> None:
    screen, busy = Screen(), error_answer("429 Too Many", "rate_limit_error", "slow down", "retry-after: 30")
    async with polling(tmp_path, screen, busy):
        assert [(await screen.next_link()).retry_in for _ in range(2)] == [30, 29]


async def test_a_refused_key_is_not_tried_again_until_asked(tmp_path: Path) -> None:
    screen, refused = Screen(), error_answer("401 No", "authentication_error", "invalid x-api-key")
    async with polling(tmp_path, screen, refused, PAGE) as poller:
        link = await screen.next_link()
        assert link.error
        assert link.retry_in is None
        poller.refresh_now()
        assert (await screen.next_link()).live


def gaps(times: Sequence[float]) -> list[float]:
    return [later - earlier for earlier, later in pairwise(times)]


async def test_polling_is_slower_while_the_terminal_is_away(tmp_path: Path) -> None:
    screen = Screen(away=True)
    async with polling(tmp_path, screen, PAGE):
        for _ in range(3):
            await screen.next_link()
        assert min(gaps(screen.polled)) >= AWAY_FACTOR * PACE.poll_selected * 0.95
        screen.away = False
        while min(gaps(screen.polled)) >= AWAY_FACTOR * PACE.poll_selected / 2:
            await screen.next_link()


async def test_a_missing_response_is_not_live_and_r_retries(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(poller, "SLOW_SECONDS", 0.0)
    async with canned_server(PAGE, HANGING, PAGE) as server:
        settings = Settings(poll_selected=0.1, poll_list=0.1)
        app = BatchtuiApp(server.profile, tmp_path, tmp_path / "data", settings, is_demo=True)
        async with driven(app) as pilot:
            await until_shown(pilot, "no answer for 1 s")
            assert "live" not in screen_text(pilot)
            assert "msgbatch_hanging" in screen_text(pilot), "cached batches stay"
            await pilot.press("r")
            await until_shown(pilot, "live")
            await until(pilot, lambda: len(server.requests) > 2)


async def test_r_retries_results_that_hang(tmp_path: Path) -> None:
    result = json.dumps({"custom_id": "first-id", "result": {"type": "expired"}}).encode() + b"\n"
    async with canned_server(PAGE, HANGING, answer("200 OK", result)) as server:
        app = BatchtuiApp(server.profile, tmp_path, tmp_path / "data", Settings(poll_list=60.0), is_demo=True)
        async with driven(app) as pilot:
            await until_shown(pilot, "live")
            await pilot.press("enter")
            await until(pilot, lambda: len(server.requests) == 2)
            await pilot.press("r")
            await until_shown(pilot, "first-id")
