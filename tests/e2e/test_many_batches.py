"""Ten thousand batches: known ones are there at once, the rest comes as one goes on, and none is lost."""

from __future__ import annotations

import asyncio
import os
import re
import signal
from collections.abc import Callable
from functools import partial
from math import inf
from pathlib import Path

import httpx
import pytest

from batchtui.config import Credentials, Profile, Secret
from batchtui.sandbox import Embedded
from batchtui.workspace import Workspace
from tests.e2e.conftest import Start
from tests.e2e.terminal import Terminal

MANY = 10_000
NOT_REACHABLE = 4
"""The exit code when the server was never reached."""


@pytest.fixture
def many(sandbox_with: Callable[..., Embedded]) -> Embedded:
    return sandbox_with(batches=MANY, speed=0)


def profile_of(api: Embedded) -> Profile:
    return Profile("default", api.base_url, Credentials(Secret(api.api_key), "key"))


async def learn_all(api: Embedded, cache: Path) -> list[str]:
    """Fills the cache as a `list --all` does; answers the ids, newest first."""
    workspace = Workspace(profile_of(api), cache, cache / "data")
    try:
        return [batch.id for batch in await workspace.list(inf)]
    finally:
        await workspace.aclose()


def listed(terminal: Terminal) -> tuple[int, bool]:
    """How many batches the title of the list tells of, and whether there may be more."""
    found = re.search(r"Batches  ([0-9,]+)(?: of [0-9,]+)?(\+?)", terminal.shown)
    return (int(found[1].replace(",", "")), bool(found[2])) if found else (0, True)


def filter_for(terminal: Terminal, text: str) -> None:
    terminal.type("/")
    terminal.until(lambda: terminal.lines[38].startswith(" /"), "the filter")
    terminal.type(text)
    terminal.until_shown(f"  /{text}")
    terminal.type("\r")
    terminal.until(lambda: not terminal.lines[38].startswith(" /"), "the filter to close")


def to_the_end(terminal: Terminal) -> None:
    """Goes to the last row again and again, until there is nothing more to come."""
    known, is_more = listed(terminal)
    while is_more:
        terminal.type("G")
        terminal.until(partial(has_moved_on, terminal, known), f"more than {known}")
        known, is_more = listed(terminal)


def has_moved_on(terminal: Terminal, known: int) -> bool:
    return listed(terminal) != (known, True)


def test_ten_thousand_from_the_server(many: Embedded, start: Start, tmp_path: Path) -> None:
    terminal = start(many.base_url, key=many.api_key)
    terminal.until_shown("live")
    to_the_end(terminal)
    assert listed(terminal) == (MANY, False)
    terminal.type("q")
    assert terminal.until_ended() == 0
    ids = asyncio.run(learn_all(many, tmp_path / "cache"))
    assert len(set(ids)) == MANY


def test_ten_thousand_from_the_cache(many: Embedded, start: Start, tmp_path: Path) -> None:
    ids = asyncio.run(learn_all(many, tmp_path / "cache"))
    assert len(ids) == MANY
    terminal = start(many.base_url, key=many.api_key)
    terminal.until(lambda: listed(terminal)[0] == MANY, "all that is cached")
    terminal.until_shown("live", ids[0][-10:])

    terminal.type("G")
    terminal.until_shown(ids[-1][-10:])
    terminal.type("k" * 5 + "r" + "k" * 5)
    terminal.until(lambda: pointer_at(terminal, ids[-11]), "the cursor ten rows up, whatever comes in")
    filter_for(terminal, ids[7_000][-12:])
    terminal.until_shown(f"1 of {MANY:,}", ids[7_000][-10:])
    terminal.type("\x1b")
    terminal.until_gone(f"1 of {MANY:,}")

    terminal.type("g")
    terminal.until(lambda: pointer_at(terminal, ids[0]), "the first row")
    new = submit(many)
    terminal.type("r")
    terminal.until_shown(f"Batches  {MANY + 1:,}", new[-10:])
    assert pointer_at(terminal, ids[0])
    terminal.type("q")
    assert terminal.until_ended() == 0


def test_without_the_server_all_of_them_are_still_there(many: Embedded, start: Start, tmp_path: Path) -> None:
    ids = asyncio.run(learn_all(many, tmp_path / "cache"))
    os.kill(many.pid, signal.SIGKILL)
    terminal = start(many.base_url, key=many.api_key)
    terminal.until_shown("offline", f"Batches  {MANY:,}")
    terminal.type("G")
    terminal.until_shown(ids[-1][-10:])
    terminal.type("q")
    assert terminal.until_ended() == NOT_REACHABLE


def pointer_at(terminal: Terminal, batch_id: str) -> bool:
    return any("▸" in line and batch_id[-10:] in line for line in terminal.lines)


def submit(api: Embedded) -> str:
    """Creates a batch on the server behind the app's back."""
    params = {"model": "claude-test", "max_tokens": 1, "messages": [{"role": "user", "content": "x"}]}
    answer = httpx.post(
        f"{api.base_url}/v1/messages/batches",
        headers={"x-api-key": api.api_key, "anthropic-version": "2023-06-01"},
        json={"requests": [{"custom_id": "one", "params": params}]},
    )
    batch_id: str = answer.raise_for_status().json()["id"]
    return batch_id
