"""No command lets a server write to the terminal: each on a pty, fed hostile values, looked at raw."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pexpect
import pytest

from tests.canned_server import CannedServer, answer, canned_server, error_answer

ATTACK = "\x1b]0;owned\x07\x1b[31m\x9b2J\u202e\u200b[@click=app.quit]x[/]\x00\x7f"
BATCH = {
    "id": f"msgbatch_{ATTACK}",
    "type": "message_batch",
    "processing_status": f"ended{ATTACK}",
    "request_counts": {"processing": 0, "succeeded": 1, "errored": 0, "canceled": 0, "expired": 0},
    "created_at": "2026-11-20T10:00:00Z",
    "expires_at": "2026-11-21T10:00:00Z",
    "ended_at": "2026-11-20T11:00:00Z",
    "results_url": f"https://evil.example/{ATTACK}",
    ATTACK: ATTACK,
}
PAGE = answer("200 OK", json.dumps({"data": [BATCH], "has_more": False}, ensure_ascii=False).encode())
ONE = answer("200 OK", json.dumps(BATCH | {"id": "b1"}, ensure_ascii=False).encode())
ENDED = answer(
    "200 OK", json.dumps(BATCH | {"id": "b1", "processing_status": "ended"}, ensure_ascii=False).encode()
)
REFUSAL = error_answer("400 Bad Request", f"bad{ATTACK}", ATTACK, "request-id: req_\x1b[31m")

OUR_PROGRESS = "\r\x1b[K"
"""Begins the line on stderr that says how far a download is."""
ERROR = {"type": f"bad{ATTACK}", "message": f"bad{ATTACK}\ud800"}
LINE = {
    "custom_id": f"bad{ATTACK}",
    "result": {"type": "errored", "error": {"type": "error", "error": ERROR}},
}
RESULTS = answer("200 OK", json.dumps(LINE).encode() + b"\n")


@pytest.fixture
async def hostile() -> AsyncIterator[CannedServer]:
    async with canned_server(PAGE) as server:
        yield server


@pytest.mark.parametrize(
    ("words", "reply"),
    [
        (["list"], PAGE),
        (["list", "--json"], PAGE),
        (["show", "b1"], ONE),
        (["show", "b1", "--json"], ONE),
        (["cancel", "b1", "--yes"], ONE),
        (["delete", "b1", "--yes"], ONE),
        (["list"], REFUSAL),
        (["show", f"b1{ATTACK}".replace("\0", "")], REFUSAL),
        (["results", "b1"], REFUSAL),
        (["cost", "b1"], ONE),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
async def test_nothing_of_theirs_reaches_the_terminal(
    words: list[str], reply: bytes, hostile: CannedServer, tmp_path: Path
) -> None:
    await check(hostile, words, [reply], tmp_path)


@pytest.mark.parametrize(
    "words",
    [
        ["results", "b1"],
        ["search", "b1", "bad"],
        ["search", "b1", "bad", "--json"],
        ["errors", "b1"],
        ["errors", "b1", "--json"],
    ],
    ids=" ".join,
)
async def test_nothing_of_what_results_say_reaches_the_terminal(
    words: list[str], hostile: CannedServer, tmp_path: Path
) -> None:
    await check(hostile, words, [ENDED, RESULTS], tmp_path)


@pytest.mark.parametrize("form", ["csv", "md"])
async def test_what_people_read_from_a_pipe_holds_no_control_characters(
    form: str, hostile: CannedServer, tmp_path: Path
) -> None:
    hostile.responses[:] = [ENDED, RESULTS]
    env = {"ANTHROPIC_API_KEY": "sk-test", "ANTHROPIC_BASE_URL": hostile.base_url, "HOME": str(tmp_path)}
    words = [sys.executable, "-m", "batchtui", "results", "b1", "--format", form]
    child = await asyncio.create_subprocess_exec(*words, env=env, stdout=asyncio.subprocess.PIPE)
    written = (await child.communicate())[0].decode()
    assert child.returncode == 0
    assert "bad" in written
    assert all(char.isprintable() or char in "\r\n" for char in written), ascii(written)


async def check(hostile: CannedServer, words: list[str], answers: list[bytes], tmp_path: Path) -> None:
    """Runs a command on a pty, and looks at every character that it sends there."""
    hostile.responses[:] = answers
    env = {"ANTHROPIC_API_KEY": "sk-test", "ANTHROPIC_BASE_URL": hostile.base_url, "HOME": str(tmp_path)}
    child = pexpect.spawn(
        sys.executable, ["-m", "batchtui", *words], env=env, timeout=20, dimensions=(40, 200)
    )
    await child.expect(pexpect.EOF, async_=True)
    child.close()
    shown = child.before.decode("utf-8").replace(OUR_PROGRESS, "")
    assert shown.strip()
    assert "Traceback" not in shown
    assert all(char.isprintable() or char in "\r\n" for char in shown), ascii(shown)
