"""Renews the pictures of all screens, as SVG and PNG, from a sandbox in which time stands still."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import chdir, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import cast
from unittest.mock import patch

import resvg_py
from textual.app import App
from textual.pilot import Pilot
from textual.widgets import Input

from batchtui.config import Credentials, Profile, Secret, Settings
from batchtui.results import Results
from batchtui.sandbox import Embedded, SandboxOptions, embedded
from batchtui.tui.app import BatchtuiApp
from batchtui.tui.screens.base import BaseScreen
from batchtui.tui.widgets.batch_table import BatchTable

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
        has_requests: Whether the requests of the opened batch are kept.
    """

    name: str
    keys: tuple[str, ...]
    varies: bool = False
    has_requests: bool = False


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
    Scene("request", (*RESULTS, "right"), has_requests=True),
    Scene("resubmit", (*FAILED, "R"), has_requests=True),
    Scene("new", ("ctrl+n",)),
    Scene("submit", ("ctrl+n", *"run", "enter")),
    Scene("faults", ("ctrl+n", *"broken", "enter")),
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
        with furnished(cache / "home"):
            async with app.run_test(size=size) as pilot:
                await play(pilot, scene)
                return app.export_screenshot(title="batchtui")


@contextmanager
def furnished(home: Path) -> Iterator[None]:
    """A home folder, which one is in, with files of requests: one that is good, and one that is not."""
    (home / "evals").mkdir(parents=True)
    write_requests(home / "run7.jsonl", [f"eval-{n:03}" for n in range(120)])
    write_requests(home / "broken.jsonl", ["eval 17", "eval-18", "eval-18"], max_tokens=0)
    for path in home.glob("*.jsonl"):
        os.utime(path, (STARTED_AT, STARTED_AT))
    with patch.dict(os.environ, HOME=str(home)), chdir(home):
        yield


def write_requests(path: Path, custom_ids: Iterable[str], *, max_tokens: int = 1024) -> None:
    """A file of requests."""
    said = "Classify the ticket, and answer with one word: billing, shipping, returns or other."
    message = {"role": "user", "content": "My parcel went to the old address. Can it still be sent on?"}
    params = {
        "model": "claude-sonnet-4-5",
        "max_tokens": max_tokens,
        "system": said,
        "messages": [message],
    }
    requests = ({"custom_id": custom_id, "params": params} for custom_id in custom_ids)
    path.write_text("".join(json.dumps(request) + "\n" for request in requests), encoding="utf-8")


async def keep_requests(app: BatchtuiApp, row: int) -> None:
    """Ties requests to the batch in a row of the list, as if it had been submitted here."""
    batch = app.first_screen.query_one(BatchTable).shown[row]
    fetcher = app.workspace.fetcher(batch)
    fetcher.want_all()
    await app.network.call(fetcher.run)
    with Results(fetcher.files) as results, TemporaryDirectory() as folder:
        write_requests(path := Path(folder, "requests.jsonl"), results.custom_ids())
        app.workspace.submissions.attach(batch.id, path, requests=batch.counts.total, results=results)


async def play(pilot: Pilot[None], scene: Scene) -> None:
    """Presses the keys of a scene; what is opened is waited for."""
    app = cast("BatchtuiApp", pilot.app)
    await settle(app)
    if scene.has_requests:
        await keep_requests(app, scene.keys.count("j"))
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
    while is_busy(app):  # noqa: ASYNC110
        await asyncio.sleep(0.02)
    await asyncio.sleep(SETTLE_SECONDS)


def is_busy(app: App[None]) -> bool:
    """Whether something is under way that will still change what is shown."""
    is_moving = isinstance(app.screen, BaseScreen) and not app.screen.is_settled
    return is_moving or any(worker.group == "submit" and not app.screen.is_modal for worker in app.workers)


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
