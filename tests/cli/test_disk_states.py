"""Commands where files of ours are damaged, unusable or unsafe: data on stdout, one sentence on stderr."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

import httpx
import pytest

from batchtui.sandbox import Embedded
from tests.cli.conftest import Call
from tests.disk_states import CACHE_STATES, JOURNAL_STATES
from tests.submitting import profile_of


@pytest.fixture
def small(frozen_sandbox: Embedded, http_to: Callable[[Embedded], httpx.Client]) -> str:
    """A small batch with results."""
    listed = http_to(frozen_sandbox).get("/batches", params={"limit": 100}).json()["data"]
    ended = (one for one in listed if one["results_url"])
    return str(min(ended, key=lambda one: sum(one["request_counts"].values()))["id"])


@pytest.fixture
def digest(frozen_sandbox: Embedded) -> str:
    """The name of the workspace's folders."""
    return profile_of(frozen_sandbox).workspace_digest


@pytest.mark.parametrize("state", [*JOURNAL_STATES, *CACHE_STATES])
def test_a_batch_is_shown_and_its_results_are_printed(
    state: str, call: Call, small: str, digest: str, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    env = {"BATCHTUI_CACHE_DIR": str(tmp_path / "broken"), "XDG_DATA_HOME": str(data)}
    (JOURNAL_STATES | CACHE_STATES)[state](tmp_path / "broken" / digest, data / "batchtui" / digest)
    shown, printed = call("show", small, **env), call("results", small, **env)
    for done in (shown, printed):
        assert (done.returncode, len(done.stderr.splitlines()) <= 1) == (0, True), done.stderr
        assert done.stdout
    assert state in JOURNAL_STATES or "not saved" in printed.stderr or "Nothing is saved" in printed.stderr


def as_anybody() -> Sequence[str]:
    """Words before a command that make the modes of files hold for it; for root they would not."""
    if os.geteuid() != 0:
        return ()
    words = ("setpriv", "--bounding-set=-dac_override,-dac_read_search")
    if not shutil.which(words[0]) or subprocess.run([*words, "true"], check=False).returncode:
        pytest.skip("root needs setpriv to give up reading everything")
    return words


@pytest.mark.parametrize(
    ("folder", "mode"), [("", 0), ("", 0o500), ("results", 0), ("results", 0o500), ("cache.db", 0o400)]
)
def test_what_may_not_be_written_or_read_is_done_without(
    folder: str, mode: int, call: Call, small: str, digest: str, tmp_path: Path
) -> None:
    words, place = as_anybody(), tmp_path / "cache" / digest
    call("list")
    (place / "results").mkdir(0o700)
    (place / folder).chmod(mode)
    try:
        done = call("results", small, before=words)
    finally:
        (place / folder).chmod(0o700)
    assert (done.returncode, len(done.stderr.splitlines())) == (0, 1), done.stderr
    assert str(place) in done.stderr
    assert all("custom_id" in json.loads(line) for line in done.stdout.splitlines())


def test_submissions_that_may_not_be_read_keep_nobody_from_reading(
    call: Call, small: str, digest: str, tmp_path: Path
) -> None:
    words, data = as_anybody(), tmp_path / "data"
    folder = data / "batchtui" / digest
    folder.mkdir(0o700, parents=True)
    folder.chmod(0)
    try:
        done = call("show", small, before=words, XDG_DATA_HOME=str(data))
    finally:
        folder.chmod(0o700)
    assert (done.returncode, len(done.stderr.splitlines())) == (0, 1), done.stderr
    assert small in done.stdout
    assert str(folder) in done.stderr


def test_only_saved_results_count_as_saved(call: Call, small: str, digest: str, tmp_path: Path) -> None:
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    results = tmp_path / "cache" / digest / "results"
    results.mkdir(0o700, parents=True)
    results.chmod(0o777)
    done = call("results", small, TMPDIR=str(temporary))
    assert done.stdout
    assert not [*temporary.iterdir(), *results.iterdir()], (
        "nothing is left behind, nor where others may write"
    )
