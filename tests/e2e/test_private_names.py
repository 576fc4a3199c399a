"""Any private name of Textual may be missing: keys and toasts still work, and no crash shows locals."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from batchtui.sandbox import Embedded
from batchtui.tui.terminal.textual_private import PRIVATE_NAMES
from tests.e2e.conftest import Start
from tests.e2e.terminal import Terminal

RENAMED = Path(__file__).parent / "renamed"
ESCAPE = "\x1b[27u"


def start_without(name: str, server: Embedded, start: Start, **env: str) -> Terminal:
    path = os.pathsep.join(filter(None, (str(RENAMED), os.environ.get("PYTHONPATH"))))
    terminal = start(server.base_url, key=server.api_key, RENAMED=name, PYTHONPATH=path, **env)
    terminal.until_shown("live", "q quit")
    return terminal


@pytest.mark.parametrize("name", [*(private.name for private in PRIVATE_NAMES), "chop_ends"])
def test_keys_and_toasts_work_without(name: str, frozen_sandbox: Embedded, start: Start) -> None:
    terminal = start_without(name, frozen_sandbox, start)
    terminal.type("/ended\r")
    terminal.until(lambda: "/ended " in terminal.lines[1], "the filter")
    terminal.type("y")
    terminal.until_shown("Copied ")
    terminal.type("?")
    terminal.until_shown("esc close")
    terminal.type(ESCAPE)
    terminal.until_gone("esc close")
    terminal.type("q")
    assert terminal.until_ended() == 0


@pytest.mark.parametrize("name", ["_fatal_error", "error_console", "no_such_name"])
def test_a_crash_shows_neither_locals_nor_the_error_without(
    name: str, frozen_sandbox: Embedded, start: Start
) -> None:
    terminal = start_without(name, frozen_sandbox, start, CRASH="1")
    terminal.type("?")
    assert terminal.until_ended() == 1
    assert "batchtui: Bug: " in terminal.shown
    assert b"sk-ant-local" not in terminal.raw
    assert b"error text" not in terminal.raw
