"""`cache info` and `cache prune`: nothing goes that nobody can give back, unless it was asked for by name."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pexpect
import pytest

from batchtui.results import ResultFiles, writing
from batchtui.sandbox import Embedded
from tests.cli.conftest import Call

ONE = "msgbatch_013ubSYyh46YWmEUIlGNr74i"
TWO = "msgbatch_01xRwFKgo6Cnmi8spKCz8Rrr"
"""Small ended batches of the sandbox's first seed."""


class Disk:
    """A sandbox of the test's own, and a cache folder with the results of two of its batches."""

    def __init__(self, server: Embedded, call: Call, root: Path, http: httpx.Client) -> None:
        self.env = {"ANTHROPIC_BASE_URL": server.base_url, "ANTHROPIC_API_KEY": server.api_key}
        self.http = http
        self._call = call
        for batch_id in (ONE, TWO):
            assert self.call("results", batch_id).returncode == 0
        [self.folder] = root.iterdir()

    def call(self, *words: str, **env: str) -> subprocess.CompletedProcess[str]:
        return self._call(*words, **(self.env | env))

    def files(self, batch_id: str) -> ResultFiles:
        return ResultFiles(self.folder / "results", batch_id)

    def has(self, *batch_ids: str) -> list[bool]:
        return [self.files(batch_id).is_complete for batch_id in batch_ids]

    def info(self, **env: str) -> list[dict[str, Any]]:
        done = self.call("cache", "info", "--json", **env)
        assert (done.returncode, done.stderr) == (0, "")
        return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture
def disk_with(
    sandbox_with: Callable[..., Embedded],
    http_to: Callable[[Embedded], httpx.Client],
    call: Call,
    tmp_path: Path,
) -> Callable[..., Disk]:
    def make(*faults: str) -> Disk:
        server = sandbox_with(speed=0, faults=faults)
        return Disk(server, call, tmp_path / "cache", http_to(server))

    return make


@pytest.fixture
def disk(disk_with: Callable[..., Disk]) -> Disk:
    return disk_with()


def test_info_counts_what_is_kept(disk: Disk) -> None:
    [here] = disk.info()
    assert (here["workspace"], here["current"], here["batches"]) == (disk.folder.name, True, 2)
    assert here["complete"]["count"] == 2
    assert here["complete"]["bytes"] > disk.files(ONE).size + disk.files(TWO).size
    assert here["partial"] == {"count": 0, "bytes": 0}
    assert here["only_copies"] == {"count": 0, "bytes": 0, "ids": []}
    assert here["oldest"].startswith("20")


def test_info_tells_of_other_workspaces_and_works_without_a_key(disk: Disk) -> None:
    disk.call("list", ANTHROPIC_API_KEY="sk-ant-another")
    assert sorted(one["current"] for one in disk.info()) == [False, True]
    assert not any(one["current"] for one in disk.info(ANTHROPIC_API_KEY=""))
    shown = disk.call("cache", "info").stdout
    assert all(one["workspace"] in shown for one in disk.info())


def test_info_of_nothing(call: Call, tmp_path: Path) -> None:
    done = call("cache", "info")
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == f"Nothing is saved in {tmp_path / 'cache'}.\n"


def test_info_counts_what_is_unfinished(disk: Disk) -> None:
    files = disk.files(ONE)
    files.complete.rename(files.part)
    [here] = disk.info()
    assert (here["complete"]["count"], here["partial"]["count"]) == (1, 1)


def test_prune_removes_what_the_server_can_give_again(disk: Disk) -> None:
    done = disk.call("cache", "prune", "--yes")
    assert (done.returncode, done.stderr) == (0, "")
    assert {line.split("  ")[0] for line in done.stdout.splitlines()} == {ONE, TWO}
    assert list((disk.folder / "results").iterdir()) == []
    assert disk.call("results", ONE).returncode == 0


def test_prune_asks(disk: Disk) -> None:
    done = disk.call("cache", "prune")
    assert (done.returncode, done.stdout) == (2, "")
    assert "--yes" in done.stderr
    assert disk.has(ONE, TWO) == [True, True]


@pytest.mark.parametrize(("answer", "stays"), [("\r", True), ("y\r", False)])
def test_prune_on_a_terminal(disk: Disk, answer: str, stays: bool) -> None:
    env = os.environ | disk.env | {"BATCHTUI_CACHE_DIR": str(disk.folder.parent)}
    child = pexpect.spawn(sys.executable, ["-m", "batchtui", "cache", "prune"], env=env, timeout=20)
    child.expect("Remove the results of 2 batches")
    child.expect(r"\[y/N\]")
    child.send(answer)
    child.expect(pexpect.EOF)
    child.close()
    assert disk.has(ONE, TWO) == [stays, stays]


def test_a_dry_run_removes_nothing(disk: Disk) -> None:
    done = disk.call("cache", "prune", "--dry-run")
    assert done.returncode == 0
    assert done.stdout.count("would be removed") == 2
    assert disk.has(ONE, TWO) == [True, True]


def test_the_only_copy_stays_even_if_others_deleted_the_batch(disk: Disk) -> None:
    assert disk.http.delete(f"/batches/{ONE}").status_code == 200
    done = disk.call("cache", "prune", "--yes")
    assert done.returncode == 0
    assert TWO in done.stdout
    assert ONE in done.stderr
    assert "--only-copies" in done.stderr
    assert disk.has(ONE, TWO) == [True, False]
    [here] = disk.info()
    assert here["only_copies"]["ids"] == [ONE]
    assert "deleted on the server" in disk.call("cache", "info").stdout


def test_only_copies_go_when_that_was_asked_for(disk: Disk) -> None:
    disk.http.delete(f"/batches/{ONE}")
    done = disk.call("cache", "prune", "--yes", "--only-copies")
    assert done.returncode == 0
    assert disk.has(ONE, TWO) == [False, False]
    assert disk.call("show", ONE[:-3]).returncode == 1, "a batch that is gone everywhere is forgotten"


def test_only_what_is_old_enough_goes(disk: Disk) -> None:
    long_ago = time.time() - 10 * 86_400
    os.utime(disk.files(ONE).complete, (long_ago, long_ago))
    assert disk.call("cache", "prune", "--yes", "--older-than", "9.5").returncode == 0
    assert disk.has(ONE, TWO) == [False, True]


def test_what_is_being_fetched_stays(disk: Disk) -> None:
    with writing(disk.files(ONE)) as is_ours:
        assert is_ours
        done = disk.call("cache", "prune", "--yes")
    assert done.returncode == 1
    assert ONE in done.stderr
    assert disk.has(ONE, TWO) == [True, False]


def test_nothing_goes_when_the_server_does_not_say_what_it_has(disk_with: Callable[..., Disk]) -> None:
    disk = disk_with("500@list")
    done = disk.call("cache", "prune", "--yes", "--only-copies")
    assert (done.returncode, done.stdout) == (1, "")
    assert disk.has(ONE, TWO) == [True, True]


def test_links_are_not_followed(disk: Disk, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "mine.jsonl").write_text("{}\n")
    (disk.folder / "results" / "linked.jsonl").symlink_to(outside / "mine.jsonl")
    (disk.folder.parent / "0123456789abcdef").symlink_to(outside)
    [here] = disk.info()
    assert here["complete"]["count"] == 2
    assert disk.call("cache", "prune", "--yes", "--only-copies").returncode == 0
    assert (outside / "mine.jsonl").read_text() == "{}\n"
    (disk.folder / "results" / "linked.jsonl").unlink()
    (disk.folder / "results").rmdir()
    (disk.folder / "results").symlink_to(outside)
    assert disk.info()[0]["complete"]["count"] == 0
    assert "Nothing to remove" in disk.call("cache", "prune", "--yes", "--only-copies").stderr
    assert (outside / "mine.jsonl").exists()
