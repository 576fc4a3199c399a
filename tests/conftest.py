"""What all tests share: a bare environment, sandboxes to talk to, and clients that nobody here wrote."""

from __future__ import annotations

import contextlib
import os
import signal
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from batchtui.sandbox import Embedded, SandboxOptions, embedded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import anthropic

# Tests that run in the background, or under nohup, inherit ignored signals, and so would what they start.
signal.signal(signal.SIGINT, signal.default_int_handler)
for ignored in (signal.SIGHUP, signal.SIGQUIT):
    signal.signal(ignored, signal.SIG_DFL)

FAST = 200.0
"""Sandbox seconds in a real second: a small batch ends within a few tenths of a second."""


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """No key, address or proxy of the person who runs the tests, and none of their folders."""
    for name in list(os.environ):
        if name.startswith(("ANTHROPIC_", "BATCHTUI_")) or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    home = tmp_path_factory.mktemp("home")
    for name in ("HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"):
        folder = home / name.lower()
        folder.mkdir()
        monkeypatch.setenv(name, str(folder))


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Embedded]:
    """One sandbox for all tests, in which time runs fast. A test may add batches, and delete only its own."""
    with _checked(SandboxOptions(speed=FAST)) as server:
        yield server


@pytest.fixture(scope="session")
def frozen_sandbox() -> Iterator[Embedded]:
    """One sandbox for all tests, in which time stands still. No test may change anything in it."""
    with _checked(SandboxOptions(speed=0)) as server:
        yield server


@pytest.fixture
def sandbox_with() -> Iterator[Callable[..., Embedded]]:
    """Starts sandboxes with `SandboxOptions` of the test's own; `speed=0` makes time stand still."""
    with contextlib.ExitStack() as stack:

        def start(**options: Any) -> Embedded:  # noqa: ANN401 (fields of SandboxOptions)
            return stack.enter_context(_checked(SandboxOptions(**options)))

        yield start


@contextlib.contextmanager
def _checked(options: SandboxOptions) -> Iterator[Embedded]:
    """A sandbox that must not have complained of itself by the time it is closed."""
    with embedded(options) as server:
        yield server
        assert server.log() == ""


@pytest.fixture
def http_to() -> Iterator[Callable[[Embedded], httpx.Client]]:
    """Makes plain HTTP clients with the headers that every call needs; their paths begin at `/batches`."""
    with contextlib.ExitStack() as stack:

        def connect(server: Embedded) -> httpx.Client:
            headers = {"x-api-key": server.api_key, "anthropic-version": "2023-06-01"}
            client = httpx.Client(base_url=f"{server.base_url}/v1/messages", headers=headers, timeout=30)
            return stack.enter_context(client)

        yield connect


@pytest.fixture
def sdk_to() -> Iterator[Callable[[Embedded], anthropic.Anthropic]]:
    """Points the official SDK at sandboxes; it repeats nothing."""
    import anthropic  # half a second that only these tests should wait

    with contextlib.ExitStack() as stack:

        def connect(server: Embedded) -> anthropic.Anthropic:
            client = anthropic.Anthropic(api_key=server.api_key, base_url=server.base_url, max_retries=0)
            return stack.enter_context(client)

        yield connect
