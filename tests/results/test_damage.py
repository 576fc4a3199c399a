"""Damage to what is saved is noticed: put right from the file or the server, or said; never silent."""

from __future__ import annotations

import asyncio
import io
import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from batchtui.results import Format, Progress, ResultFiles, Results, State, check_again, check_saved, export
from tests.canned_server import error_answer
from tests.results.server import Fault, ResultsServer, serving
from tests.results.test_crash import start
from tests.results.test_fetch import BODY, COUNT, broken_after, fetch_all
from tests.results.wire import all_rows, assert_true_index, body_of, jsonl, succeeded

GONE = error_answer("404 Not Found", "not_found_error", "Results expired")
SILENT = ResultsServer(b"", faults=[Fault(cut_head=0)] * 99)
"""A server that must not be needed."""


@pytest.fixture
def files(tmp_path: Path) -> ResultFiles:
    folder = tmp_path / "results"
    folder.mkdir()
    return ResultFiles(folder, "batch")


def flip_bit(path: Path, chance: random.Random) -> None:
    with path.open("r+b") as file:
        place = chance.randrange(path.stat().st_size)
        file.seek(place)
        byte = file.read(1)[0]
        file.seek(place)
        file.write(bytes([byte ^ 1 << chance.randrange(8)]))


def exported(files: ResultFiles) -> bytes:
    stream = io.BytesIO()
    with Results(files) as results:
        export(results, stream, Format.JSONL, range(results.rows_here))
    return stream.getvalue()


async def test_a_flipped_bit_in_the_index_changes_nothing_that_is_read(files: ResultFiles) -> None:
    await fetch_all(ResultsServer(BODY), files)
    rows = all_rows(files)
    for seed in range(30):
        flip_bit(files.index, random.Random(seed))
        with Results(files) as results:
            assert results.rows_here == 0, "a damaged index was believed"
        progress = await fetch_all(SILENT, files)
        assert (progress.state, progress.error, progress.rows_here) == (State.COMPLETE, "", COUNT)
        assert all_rows(files) == rows
        assert exported(files) == BODY


async def test_a_flipped_bit_in_the_index_of_a_part_is_put_right_too(files: ResultFiles) -> None:
    await fetch_all(ResultsServer(BODY, faults=broken_after(len(BODY) // 2)), files)
    saved = {path: path.read_bytes() for path in files.folder.iterdir()}
    for seed in range(15):
        files.remove()
        for path, data in saved.items():
            path.write_bytes(data)
        flip_bit(files.index, random.Random(seed))
        assert (await fetch_all(ResultsServer(BODY), files)).state is State.COMPLETE
        assert_true_index(files, BODY)


async def test_an_index_that_is_found_damaged_while_it_is_written_is_made_again(files: ResultFiles) -> None:
    await fetch_all(ResultsServer(BODY, faults=broken_after(len(BODY) // 2)), files)
    files.index_sum.unlink()  # as after a crash: nobody vouches for the index
    with files.index.open("r+b") as index:
        index.seek(4096)
        index.write(b"\xff" * 20_000)
    assert (await fetch_all(ResultsServer(BODY), files)).state is State.COMPLETE
    assert_true_index(files, BODY)


async def test_results_are_readable_while_the_index_checksum_is_written(files: ResultFiles) -> None:
    await fetch_all(ResultsServer(BODY), files)
    files.index_sum.write_bytes(b"")  # opened, not written yet
    with Results(files) as results:
        assert results.is_whole
        assert results.rows_here == COUNT


def emptied(data: bytes) -> bytes:
    return b""


def cut(data: bytes) -> bytes:
    return data[: data.index(b"\n", len(data) // 2) + 1]


def altered(data: bytes) -> bytes:
    return data.replace(b"Overloaded 10 times", b"Overloaded 99 times")


def longer(data: bytes) -> bytes:
    return data + jsonl(succeeded("forged"))


DAMAGES = [emptied, cut, altered, longer]


@pytest.mark.parametrize("damage", DAMAGES)
async def test_damaged_results_are_downloaded_again_and_the_damaged_copy_stays(
    files: ResultFiles, damage: Callable[[bytes], bytes]
) -> None:
    await fetch_all(ResultsServer(BODY), files)
    files.complete.write_bytes(damage(BODY))
    progress = await fetch_all(ResultsServer(BODY), files)
    assert progress.state is State.COMPLETE
    assert_true_index(files, BODY)
    [aside] = files.damaged()
    assert aside.read_bytes() == damage(BODY)
    assert "damaged" in progress.notice
    assert str(aside) in progress.notice
    again = await fetch_all(SILENT, files)
    assert (again.state, again.notice) == (State.COMPLETE, "")


@pytest.mark.parametrize("damage", DAMAGES)
async def test_damage_that_nobody_can_put_right_is_said_and_the_rest_stays_readable(
    files: ResultFiles, damage: Callable[[bytes], bytes]
) -> None:
    await fetch_all(ResultsServer(BODY), files)
    left = damage(BODY)
    files.complete.write_bytes(left)
    for _ in range(2):
        progress = await fetch_all(ResultsServer(b"", faults=[Fault(answer=GONE)] * 9), files)
        assert progress.state is State.FAILED
        assert "damaged" in progress.error
        assert "Results expired" in progress.error
        assert files.complete.read_bytes() == left
        assert exported(files) == left
        with Results(files) as results:
            assert not results.is_whole
    assert files.damaged() == []


async def test_decay_that_leaves_no_trace_is_found_by_the_digest(files: ResultFiles) -> None:
    await fetch_all(ResultsServer(BODY), files)
    before = files.complete.stat()
    files.complete.write_bytes(altered(BODY))
    os.utime(files.complete, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert check_again(files) == "", "a digest is checked once a day, not each time"
    os.utime(files.seal, (0, 0))
    assert check_again(files) == "the content has changed"
    assert (await fetch_all(ResultsServer(BODY), files)).state is State.COMPLETE
    assert files.complete.read_bytes() == BODY
    assert check_saved(files, COUNT, thorough=True) == ""


async def test_a_copy_of_the_same_content_is_sound(files: ResultFiles) -> None:
    await fetch_all(ResultsServer(BODY), files)
    copy = files.folder / "copy"
    shutil.copyfile(files.complete, copy)
    copy.rename(files.complete)
    assert (await fetch_all(SILENT, files)).state is State.COMPLETE
    assert files.damaged() == []


async def test_a_resumed_download_gets_the_digest_of_all_its_bytes(files: ResultFiles) -> None:
    await fetch_all(ResultsServer(BODY, faults=broken_after(20_000)), files)
    await fetch_all(ResultsServer(BODY, faults=[Fault(cut_body=10_000)]), files)
    assert files.is_complete
    assert check_saved(files, COUNT, thorough=True) == ""


def unseal(files: ResultFiles) -> None:
    """Makes them look as older versions left them."""
    files.seal.unlink()
    files.index_sum.unlink()


async def test_results_of_an_older_version_are_sealed_when_they_are_opened(files: ResultFiles) -> None:
    await fetch_all(ResultsServer(BODY), files)
    unseal(files)
    assert (await fetch_all(SILENT, files)).state is State.COMPLETE
    files.complete.write_bytes(altered(BODY))
    assert check_saved(files, COUNT) == "the content has changed"


async def test_results_of_an_older_version_that_miss_some_are_downloaded_again(files: ResultFiles) -> None:
    await fetch_all(ResultsServer(BODY), files)
    unseal(files)
    files.complete.write_bytes(b"")
    progress: Progress = await fetch_all(ResultsServer(BODY), files)
    assert progress.state is State.COMPLETE
    assert f"0 of {COUNT} results" in progress.notice
    assert_true_index(files, BODY)


async def test_killed_while_damage_is_put_right_nothing_is_lost(files: ResultFiles) -> None:
    body, chance = body_of(6000, text_chars=300), random.Random(7)
    left = cut(body)
    await fetch_all(ResultsServer(body), files, expected=6000)
    files.complete.write_bytes(left)
    server = ResultsServer(body, piece_seconds=0.002)
    async with serving(server):
        for _ in range(5):
            child = await start(server, files)
            while not server.starts and child.returncode is None:  # noqa: ASYNC110 - another process asks
                await asyncio.sleep(0.01)
            await asyncio.sleep(chance.random() / 20)
            child.kill()
            await child.communicate()
            server.starts.clear()
            assert left in [path.read_bytes() for path in (*files.damaged(), files.data)]
        server.piece_seconds = 0
        child = await start(server, files)
        said, _ = await child.communicate()
    assert said.decode().splitlines()[0] == "complete"
    assert_true_index(files, body)
    assert [path.read_bytes() for path in files.damaged()] == [left]
    assert check_saved(files, 6000, thorough=True) == ""
