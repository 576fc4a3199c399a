"""What all tests share: a bare environment, and sandboxes to talk to."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING, Any

import pytest

from batchtui.sandbox import Embedded, SandboxOptions, embedded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

FAST = 200.0
"""Sandbox seconds in a real second: a small batch ends within a few tenths of a second."""


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No key, address or proxy of the person who runs the tests, and none of their folders."""
    for name in list(os.environ):
        if name.startswith(("ANTHROPIC_", "BATCHTUI_")) or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    for name in ("HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"):
        folder = tmp_path / "home" / name.lower()
        folder.mkdir(parents=True)
        monkeypatch.setenv(name, str(folder))


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Embedded]:
    """One sandbox for all tests, in which time runs fast. Tests may add batches; none may delete another's."""
    with _checked(SandboxOptions(speed=FAST)) as server:
        yield server


@pytest.fixture
def sandbox_with() -> Iterator[Callable[..., Embedded]]:
    """Starts sandboxes with `SandboxOptions` of the test's own; a tiny `speed` makes time stand still."""
    with contextlib.ExitStack() as stack:

        def start(**options: Any) -> Embedded:
            return stack.enter_context(_checked(SandboxOptions(**options)))

        yield start


@contextlib.contextmanager
def _checked(options: SandboxOptions) -> Iterator[Embedded]:
    """A sandbox that must not have complained of itself by the time it is closed."""
    with embedded(options) as server:
        yield server
        assert server.log() == ""
