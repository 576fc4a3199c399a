"""The screens on a server that stops answering, though it sends a header line now and then."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from batchtui.config import Settings
from batchtui.tui.app import BatchtuiApp
from batchtui.tui.services import poller
from tests.canned_server import HANGING, answer, canned_server
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


async def test_an_answer_that_does_not_come_is_no_live_connection_and_r_asks_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(poller, "SLOW_SECONDS", 0.0)
    async with canned_server(PAGE, HANGING, PAGE) as server:
        settings = Settings(poll_selected=0.1, poll_list=0.1)
        app = BatchtuiApp(server.profile, tmp_path, tmp_path / "data", settings, is_demo=True)
        async with driven(app) as pilot:
            await until_shown(pilot, "no answer for 1 s")
            assert "live" not in screen_text(pilot)
            assert "msgbatch_hanging" in screen_text(pilot), "what is known stays"
            await pilot.press("r")
            await until_shown(pilot, "live")
            await until(pilot, lambda: len(server.requests) > 2)


async def test_r_asks_again_for_results_that_do_not_come(tmp_path: Path) -> None:
    result = json.dumps({"custom_id": "first-id", "result": {"type": "expired"}}).encode() + b"\n"
    async with canned_server(PAGE, HANGING, answer("200 OK", result)) as server:
        app = BatchtuiApp(server.profile, tmp_path, tmp_path / "data", Settings(poll_list=60.0), is_demo=True)
        async with driven(app) as pilot:
            await until_shown(pilot, "live")
            await pilot.press("enter")
            await until(pilot, lambda: len(server.requests) == 2)
            await pilot.press("r")
            await until_shown(pilot, "first-id")
