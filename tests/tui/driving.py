"""Drives the app in a test: waits for what is to happen, and reads what is on the screen."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from textual import events
from textual.pilot import Pilot

from batchtui.config import Credentials, Profile, Secret, Settings
from batchtui.sandbox import Embedded
from batchtui.tui.app import BatchtuiApp

LONGEST_WAIT = 10.0
"""Seconds after which something that was to happen is taken not to happen."""
QUICK = Settings(poll_selected=0.1, poll_list=0.2)


def app_for(
    sandbox: Embedded,
    folder: Path,
    *,
    settings: Settings = QUICK,
    key: str | None = None,
    read_only: bool = False,
) -> BatchtuiApp:
    """The app on a sandbox, with its cache in `folder`."""
    credentials = Credentials(Secret(key or sandbox.api_key), "key")
    profile = Profile(name="test", base_url=sandbox.base_url, credentials=credentials)
    return BatchtuiApp(replace(profile, read_only=read_only), folder, folder / "data", settings, is_demo=True)


@asynccontextmanager
async def driven(app: BatchtuiApp, size: tuple[int, int] = (120, 40)) -> AsyncIterator[Pilot[None]]:
    """The app running without a terminal, toasts and all."""
    async with app.run_test(size=size, notifications=True) as pilot:
        yield pilot


def screen_text(pilot: Pilot[None]) -> str:
    """All that is on the screen, line by line."""
    app = pilot.app
    width, height = app.size
    lines = app.screen._compositor.render_strips()  # noqa: SLF001 - Textual has no public way to read it
    return "\n".join(strip.text.ljust(width) for strip in lines[:height])


def paste(pilot: Pilot[None], text: str) -> None:
    """Types a text at once: a pilot waits after every single key."""
    pilot.app.post_message(events.Paste(text))


async def until(pilot: Pilot[None], happened: Callable[[], object]) -> None:
    """Waits until something is so."""
    async with asyncio.timeout(LONGEST_WAIT):
        while not happened():
            await pilot.pause(0.01)


async def until_shown(pilot: Pilot[None], text: str) -> None:
    """Waits until a text is on the screen."""
    try:
        await until(pilot, lambda: text in screen_text(pilot))
    except TimeoutError:
        raise AssertionError(f"{text!r} is not on the screen:\n{screen_text(pilot)}") from None
