"""Renews the pictures of all screens, as SVG and PNG, from a sandbox in which time stands still."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

import resvg_py
from textual.app import App
from textual.pilot import Pilot
from textual.widgets import Input

from batchtui.config import Credentials, Profile, Secret, Settings
from batchtui.sandbox import Embedded, SandboxOptions, embedded
from batchtui.tui.app import BatchtuiApp
from batchtui.tui.screens.base import BaseScreen

FOLDER = Path(__file__).parent
STARTED_AT = 1_795_000_000.0
"""Seconds since 1970 at which the sandbox begins: pictures differ only when the screens do."""
FONT = "DejaVu Sans Mono"
SIZES = ((120, 40), (80, 24))
SETTLE_SECONDS = 0.15


@dataclass(frozen=True)
class Scene:
    """A picture: its name, and the keys that lead to it from the first screen.

    Attributes:
        name: Of its files.
        keys: What is pressed.
        varies: Whether it shows something that is another at every run.
    """

    name: str
    keys: tuple[str, ...]
    varies: bool = False


LARGE, ENDED, MIXED = 2, 7, 10
"""Rows of the list: a large batch that runs, one that ended well, one that mostly failed."""
RESULTS = (*("j",) * ENDED, "enter")
FAILED = (*("j",) * MIXED, "enter")
SCENES = (
    Scene("batches", ("j",) * LARGE),
    Scene("marks", ("j", "space", "space", "c")),
    Scene("filter", ("slash", *"canceling")),
    Scene("order", ("s",)),
    Scene("cancel", (*("j",) * LARGE, "c")),
    Scene("delete", (*("j",) * ENDED, "d")),
    Scene("results", RESULTS),
    Scene("search", (*RESULTS, "slash", *"mattress", "enter", "j", "j", "n")),
    Scene("json", (*RESULTS, "right")),
    Scene("usage", (*RESULTS, "left")),
    Scene("write", (*RESULTS, "space", "space", "w")),
    Scene("errors", (*FAILED, "f", "f")),
    Scene("groups", (*FAILED, "e")),
    Scene("help", ("question_mark",)),
    Scene("palette", ("colon",)),
    Scene("log", ("L",), varies=True),
    Scene("light", (*("j",) * LARGE, "t")),
    Scene("ansi", (*("j",) * LARGE, "t", "t")),
)


async def picture(scene: Scene, size: tuple[int, int], server: Embedded) -> str:
    """The screen that the scene's keys lead to, as SVG."""
    profile = Profile("demo", server.base_url, Credentials(Secret(server.api_key), "key"))
    with TemporaryDirectory() as folder:
        cache, data = Path(folder), Path(folder) / "data"
        app = BatchtuiApp(profile, cache, data, Settings(results="whole"), is_demo=True)
        async with app.run_test(size=size) as pilot:
            await settle(app)
            await play(pilot, scene)
            return app.export_screenshot(title="batchtui")


async def play(pilot: Pilot[None], scene: Scene) -> None:
    """Presses the keys of a scene; what is opened is waited for."""
    for key in scene.keys:
        await pilot.press(key)
        if key == "enter":
            await settle(pilot.app)
    await settle(pilot.app)


async def settle(app: App[None]) -> None:
    """Waits until nothing is being fetched and nothing more is painted."""
    await asyncio.sleep(SETTLE_SECONDS)
    for field in app.screen.query(Input):
        field.cursor_blink = False
    # The screen has no event for it, and only pictures need to know.
    while isinstance(app.screen, BaseScreen) and not app.screen.is_settled:  # noqa: ASYNC110
        await asyncio.sleep(0.02)
    await asyncio.sleep(SETTLE_SECONDS)


def save(name: str, svg: str) -> None:
    """Writes the picture in both forms; Textual's own font is on no server, ours is on most machines."""
    svg = svg.replace("Fira Code", FONT)
    (FOLDER / f"{name}.svg").write_text(svg, encoding="utf-8")
    png = resvg_py.svg_to_bytes(svg_string=svg, font_family=FONT, monospace_family=FONT)
    (FOLDER / f"{name}.png").write_bytes(bytes(png))


def main() -> None:
    """Takes all pictures."""
    options = SandboxOptions(speed=0, started_at=STARTED_AT)
    with patch("time.time", return_value=STARTED_AT + 6), embedded(options) as server:
        for width, height in SIZES:
            for scene in SCENES:
                name = f"{scene.name}-{width}x{height}"
                save(name, asyncio.run(picture(scene, (width, height), server)))
                print(name)  # noqa: T201


if __name__ == "__main__":
    main()
