"""Killed, starved of disk, or cut off from power: what landed stays, and the rest is fetched after."""

from __future__ import annotations

import asyncio
import random
import sqlite3
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable
from pathlib import Path

import pytest

from batchtui.results import ResultFiles, ResultRow
from tests.results.server import ResultsServer, serving
from tests.results.test_fetch import fetch_all
from tests.results.wire import all_rows, assert_true_index, body_of

COUNT = 6000
BODY = body_of(COUNT, text_chars=700)


@pytest.fixture
def files(tmp_path: Path) -> ResultFiles:
    folder = tmp_path / "results"
    folder.mkdir()
    return ResultFiles(folder, "batch")


async def start(server: ResultsServer, files: ResultFiles, *more: str) -> Process:
    arguments = [str(files.folder), server.base_url, str(COUNT), *more]
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.results.fetching", *arguments, stdout=PIPE
    )


async def test_killed_at_ten_random_points(files: ResultFiles) -> None:
    chance = random.Random(20)
    server = ResultsServer(BODY, piece_seconds=0.002)
    async with serving(server):
        for _ in range(10):
            goal = files.size + chance.randrange(len(BODY) // 12)
            child = await start(server, files)
            async with asyncio.timeout(10):
                while files.size <= goal:  # noqa: ASYNC110 - another process writes it
                    await asyncio.sleep(0.001)
            child.kill()
            await child.communicate()
            assert not files.is_complete
            assert BODY.startswith(files.data.read_bytes())
        server.piece_seconds = 0
        child = await start(server, files)
        said, _ = await child.communicate()
    assert said.decode().splitlines()[0] == "complete"
    assert_true_index(files, BODY)
    resumed = [start for start in server.starts if start]
    assert resumed == sorted(resumed)
    assert len(resumed) == 10


@pytest.mark.parametrize("limit", [100_000, 1_000_000, 3_000_000])
async def test_a_full_disk_is_told_and_nothing_is_lost(files: ResultFiles, limit: int) -> None:
    server = ResultsServer(BODY)
    async with serving(server):
        child = await start(server, files, str(limit))
        said, _ = await child.communicate()
        state, error = said.decode().splitlines()
        assert state == "failed"
        assert "No space left" in error
        here = files.size
        assert 0 < here <= limit
        assert BODY.startswith(files.data.read_bytes())

        child = await start(server, files)
        said, _ = await child.communicate()
    assert said.decode().splitlines()[0] == "complete"
    assert_true_index(files, BODY)


async def test_after_a_loss_of_power_only_what_was_synced_is_trusted(files: ResultFiles) -> None:
    server = ResultsServer(BODY, faults=[])
    async with serving(server):
        child = await start(server, files, str(2_000_000))
        await child.communicate()
    here = files.size
    with files.part.open("r+b") as part:
        part.seek(1_500_000)
        part.write(b"\0" * (here - 1_500_000))  # what some file systems leave of bytes that never got there
    with sqlite3.connect(files.index) as index:
        index.execute("UPDATE file SET boot = 'another', synced = 1500000")
    index.close()
    files.index_sum.unlink()  # nobody vouched for the index before the machine went down
    server = ResultsServer(BODY)
    await fetch_all(server, files, expected=COUNT)
    assert server.starts == [1_500_000]
    assert_true_index(files, BODY)


async def test_an_index_that_lags_behind_is_brought_up_to_the_file(files: ResultFiles) -> None:
    await fetch_all(ResultsServer(BODY), files, expected=COUNT)
    before = all_rows(files)
    with sqlite3.connect(files.index) as index:
        index.execute("DELETE FROM rows WHERE n >= 4000")
        index.execute("UPDATE file SET covered = ?", (before[4000].offset,))
    index.close()
    await fetch_all(ResultsServer(b""), files, expected=COUNT)
    assert all_rows(files) == before


def spoil_nothing(files: ResultFiles) -> None:
    for path in files.index_parts():
        path.unlink(missing_ok=True)


def spoil_bytes(files: ResultFiles) -> None:
    spoil_nothing(files)
    files.index.write_bytes(b"no database at all" * 1000)


def spoil_pages(files: ResultFiles) -> None:
    with files.index.open("r+b") as index:
        index.seek(4096)
        index.write(b"\xff" * 60_000)


def spoil_version(files: ResultFiles) -> None:
    with sqlite3.connect(files.index) as index:
        index.execute("PRAGMA user_version = 99")
    index.close()


def spoil_offsets(files: ResultFiles) -> None:
    with sqlite3.connect(files.index) as index:
        index.execute("UPDATE rows SET offset = offset + 1 WHERE n > 5")
    index.close()


def spoil_by_another_file(files: ResultFiles) -> None:
    with sqlite3.connect(files.index) as index:
        index.execute("UPDATE rows SET custom_id = 'other' WHERE n = (SELECT MAX(n) FROM rows)")
    index.close()


@pytest.mark.parametrize(
    "spoil",
    [spoil_nothing, spoil_bytes, spoil_pages, spoil_version, spoil_offsets, spoil_by_another_file],
)
async def test_an_index_that_is_missing_or_wrong_is_made_again(
    files: ResultFiles, spoil: Callable[[ResultFiles], None]
) -> None:
    await fetch_all(ResultsServer(BODY), files, expected=COUNT)
    before: list[ResultRow] = all_rows(files)
    spoil(files)
    progress = await fetch_all(ResultsServer(b""), files, expected=COUNT)
    assert (progress.state, progress.error) == ("complete", "")
    assert all_rows(files) == before
