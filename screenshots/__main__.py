"""Renews the pictures of all screens, as SVG and PNG, from a sandbox in which time stands still."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import chdir, contextmanager
from dataclasses import dataclass
from html import unescape
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import cast
from unittest.mock import patch

from rich.segment import Segment
from textual import events
from textual._context import visible_screen_stack
from textual.app import App
from textual.pilot import Pilot
from textual.widgets import Input

from batchtui.config import Credentials, Profile, Secret, Settings
from batchtui.results import Results
from batchtui.sandbox import Embedded, SandboxOptions, embedded
from batchtui.tui.app import BatchtuiApp
from batchtui.tui.screens.base import BaseScreen
from batchtui.tui.widgets.batch_table import BatchTable
from screenshots.fonts import FONT, missing, render

FOLDER = Path(__file__).parent
STARTED_AT = 1_795_000_000.0
"""Seconds since 1970 at which the sandbox begins: pictures differ only when the screens do."""
SIZES = ((120, 40), (80, 24))
LOOK_SECONDS, STILL_LOOKS = 0.05, 4
"""The pane follows a cursor that has rested for 0.08 seconds."""


@dataclass(frozen=True)
class Scene:
    """A picture: its name, and the keys that lead to it from the first screen.

    Attributes:
        name: Of its files.
        keys: What is pressed; a text behind "text:" is pasted, which is quicker than letter by letter.
        row: The row of the list that the cursor is put on before.
        varies: Whether it shows something that is another at every run.
        has_requests: Whether the requests of the opened batch are kept.
    """

    name: str
    keys: tuple[str, ...]
    row: int = 0
    varies: bool = False
    has_requests: bool = False


TYPED = "text:"
LARGE, ENDED, MIXED = 2, 7, 10
"""Rows of the list: a large batch that runs, one that ended well, one that mostly failed."""
SCENES = (
    Scene("batches", (), LARGE),
    Scene("marks", ("j", "space", "space", "c")),
    Scene("filter", ("slash", "text:canceling")),
    Scene("order", ("s",)),
    Scene("cancel", ("c",), LARGE),
    Scene("delete", ("d",), ENDED),
    Scene("results", ("enter",), ENDED),
    Scene("search", ("enter", "slash", "text:mattress", "enter", "j", "j", "n"), ENDED),
    Scene("json", ("enter", "right"), ENDED),
    Scene("usage", ("enter", "left"), ENDED),
    Scene("request", ("enter", "right"), ENDED, has_requests=True),
    Scene("resubmit", ("enter", "R"), MIXED, has_requests=True),
    Scene("new", ("ctrl+n",)),
    Scene("submit", ("ctrl+n", "text:run", "enter")),
    Scene("faults", ("ctrl+n", "text:broken", "enter")),
    Scene("write", ("enter", "space", "space", "w"), ENDED),
    Scene("errors", ("enter", "f", "f"), MIXED),
    Scene("groups", ("enter", "e"), MIXED),
    Scene("help", ("question_mark",)),
    Scene("palette", ("colon",)),
    Scene("log", ("L",), varies=True),
    Scene("light", ("t",), LARGE),
    Scene("ansi", ("t", "t"), LARGE),
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
        await keep_requests(app, scene.row)
    app.first_screen.query_one(BatchTable).move_to(scene.row)
    await settle(app)
    for is_text, keys in groupby(scene.keys, key=lambda key: key.startswith(TYPED)):
        if is_text:
            app.post_message(events.Paste("".join(key.removeprefix(TYPED) for key in keys)))
            continue
        for key in keys:
            await pilot.press(key)
            if key == "enter":
                await settle(app)
    await settle(app)


async def settle(app: App[None]) -> None:
    """Waits until nothing is under way, and what is shown has stayed the same for a while."""
    shown: list[list[Segment]] = []
    looks = 0
    while looks < STILL_LOOKS:
        await asyncio.sleep(LOOK_SECONDS)
        for field in app.screen.query(Input):
            field.cursor_blink = False
        # Without it, a dialog that Textual has not painted yet would be kept with nothing behind it.
        visible_screen_stack.set(app._background_screens)
        before, shown = shown, [list(strip) for strip in app.screen._compositor.render_strips()]
        looks = looks + 1 if shown == before and not is_busy(app) else 0


def is_busy(app: App[None]) -> bool:
    """Whether something is under way that will still change what is shown, also below a dialog."""
    screens = [screen for screen in app.screen_stack if isinstance(screen, BaseScreen)]
    is_submitting = any(worker.group in ("submit", "resubmit") for worker in app.workers)
    return not all(screen.is_settled for screen in screens) or (is_submitting and not app.screen.is_modal)


def save(name: str, svg: str) -> None:
    """Write the picture in both forms; Textual's own font is on no server, ours is on most machines.

    Raises:
        SystemExit: No font of this machine has a glyph for some of the characters.
    """
    svg = svg.replace("Fira Code", FONT)
    if boxes := missing(unescape(svg)):
        raise SystemExit(f"No font has {boxes} for the picture {name}. Run `make fonts`.")
    (FOLDER / f"{name}.svg").write_text(svg, encoding="utf-8")
    (FOLDER / f"{name}.png").write_bytes(render(svg))


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
