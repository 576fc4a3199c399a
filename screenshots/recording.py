"""Records the demo as an animated SVG, `demo.svg`, from a sandbox in which time stands still."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import cast
from unittest.mock import patch

from textual import events
from textual.pilot import Pilot

from batchtui.config import Credentials, Profile, Secret, Settings
from batchtui.sandbox import Embedded, SandboxOptions, embedded
from batchtui.tui.app import BatchtuiApp
from batchtui.tui.widgets.batch_table import BatchTable
from screenshots.__main__ import ENDED, FOLDER, LARGE, MIXED, STARTED_AT, TYPED, keep_requests, settle
from screenshots.animation import Frame, animate

SIZE = (110, 28)
LARGEST_BYTES = 500_000
"""A reader of README waits for it."""


@dataclass(frozen=True)
class Step:
    """A key, and how long what it leads to is shown.

    Attributes:
        key: As Textual names it; a text behind "text:" is pasted.
        seconds: How long.
        caption: What is said about it.
    """

    key: str
    seconds: float
    caption: str


def moves(times: int) -> tuple[Step, ...]:
    """Return steps down the list."""
    return (Step("j", 0.25, "j  next"),) * times


STORY = (
    Step("c", 2.0, "c  cancel: a dialog says what that means, and starts on No"),
    Step("escape", 0.6, "esc"),
    *moves(ENDED - LARGE),
    Step("enter", 1.6, "enter  open the results; only what is shown is downloaded"),
    *moves(2),
    Step("slash", 0.5, "/  search all replies"),
    Step("text:mattress", 0.9, "/mattress"),
    Step("enter", 1.2, "/mattress"),
    Step("n", 1.0, "n  next match"),
    Step("right", 1.4, "→  the same result as JSON"),
    Step("escape", 0.4, "esc"),
    Step("escape", 0.8, "esc  back to the batches"),
    *moves(MIXED - ENDED),
    Step("enter", 1.4, "enter  a batch that mostly failed"),
    Step("e", 2.0, "e  failures grouped by error"),
    Step("R", 2.4, "R  resubmit one group: what it may cost comes before anything is sent"),
)


async def record(server: Embedded, story: Sequence[Step]) -> str:
    """Return the recording of a story, which starts on the list of batches."""
    profile = Profile("demo", server.base_url, Credentials(Secret(server.api_key), "key"))
    with TemporaryDirectory() as folder:
        cache, data = Path(folder), Path(folder) / "data"
        app = BatchtuiApp(profile, cache, data, Settings(results="whole"), is_demo=True)
        async with app.run_test(size=SIZE) as pilot:
            await settle(app)
            await keep_requests(app, MIXED)
            app.first_screen.query_one(BatchTable).move_to(LARGE)
            await settle(app)
            frames = [frame(pilot, "batchtui --demo", 1.6)]
            for step in story:
                await press(pilot, step.key)
                frames.append(frame(pilot, step.caption, step.seconds))
            return animate(frames, app.first_screen.styles.background.hex6)


async def press(pilot: Pilot[None], key: str) -> None:
    """Press a key and wait for what it leads to."""
    if key.startswith(TYPED):
        pilot.app.post_message(events.Paste(key.removeprefix(TYPED)))
    else:
        await pilot.press(key)
    await settle(pilot.app)


def frame(pilot: Pilot[None], caption: str, seconds: float) -> Frame:
    """Return what the screen shows now."""
    app = cast("BatchtuiApp", pilot.app)
    lines = [list(strip) for strip in app.screen._compositor.render_strips()]
    return Frame(lines, caption, seconds)


def main() -> None:
    """Write the recording."""
    options = SandboxOptions(speed=0, started_at=STARTED_AT)
    with patch("time.time", return_value=STARTED_AT + 6), embedded(options) as server:
        svg = asyncio.run(record(server, STORY))
    if len(svg.encode()) > LARGEST_BYTES:
        raise SystemExit(f"The recording has {len(svg.encode()):,} bytes, more than {LARGEST_BYTES:,}.")
    (FOLDER / "demo.svg").write_text(svg, encoding="utf-8")


if __name__ == "__main__":
    main()
