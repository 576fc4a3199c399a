"""What the screens look like, at two sizes, on a sandbox in which time stands still."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from textual.pilot import Pilot

from batchtui.config import Settings
from batchtui.sandbox import Embedded, SandboxOptions, embedded
from screenshots.__main__ import SCENES, SIZES, STARTED_AT, Scene, furnished, play
from tests.tui.driving import app_for


@pytest.fixture(scope="module")
def sandbox_of_then() -> Iterator[Embedded]:
    """One sandbox for all pictures; none of them changes anything in it."""
    with embedded(SandboxOptions(speed=0, started_at=STARTED_AT)) as sandbox:
        yield sandbox


@pytest.fixture
def still(sandbox_of_then: Embedded, monkeypatch: pytest.MonkeyPatch) -> Embedded:
    """A sandbox and a clock that both stand still."""
    monkeypatch.setenv("TZ", "UTC")
    monkeypatch.setattr("time.time", lambda: STARTED_AT + 6)
    return sandbox_of_then


LARGE_SIZE = (200, 60)
"""Same layout as 120×40: only screens that use the extra space are checked."""
USES_ROOM = ("batches", "results", "json", "request", "groups", "help")


@pytest.mark.parametrize(
    ("scene", "size"),
    [
        pytest.param(scene, size, id="{}-{}x{}".format(scene.name, *size))
        for scene in SCENES
        for size in (*SIZES, LARGE_SIZE)
        if not scene.varies and (size != LARGE_SIZE or scene.name in USES_ROOM)
    ],
)
def test_screen(
    scene: Scene, size: tuple[int, int], still: Embedded, tmp_path: Path, snap_compare: Callable[..., bool]
) -> None:
    async def drive(pilot: Pilot[None]) -> None:
        await play(pilot, scene)

    app = app_for(still, tmp_path, settings=Settings(results="whole"))
    with furnished(tmp_path / "home"):
        assert snap_compare(app, terminal_size=size, run_before=drive)
