"""The hostile server, and the app in a terminal on any server."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.e2e.hostile_server import HostileServer, hostile_server
from tests.e2e.terminal import Terminal, running

Start = Callable[..., Terminal]
"""Starts the app: base URL, more words of the command line; by name `key`, `config`, `stderr`
(a file), and its environment."""
TERM = "xterm-256color"


@pytest.fixture
def hostile() -> Iterator[HostileServer]:
    with hostile_server() as server:
        yield server


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    with ExitStack() as stack:

        def start_on(
            base_url: str,
            *words: str,
            key: str = "sk-test",
            config: str = "",
            stderr: Path | None = None,
            **env: str,
        ) -> Terminal:
            path = Path(os.environ["XDG_CONFIG_HOME"]) / "batchtui" / "config.toml"
            path.parent.mkdir(exist_ok=True)
            path.write_text(config, encoding="utf-8")
            command = [sys.executable, "-m", "batchtui", "--cache-dir", str(tmp_path / "cache"), *words]
            if stderr:
                command = ["sh", "-c", f'exec "$@" 2>{stderr}', "sh", *command]
            told = {"ANTHROPIC_BASE_URL": base_url, "ANTHROPIC_API_KEY": key, "LANG": "C.UTF-8", "TERM": TERM}
            return stack.enter_context(running(command, {**os.environ, **told, **env}))

        yield start_on
