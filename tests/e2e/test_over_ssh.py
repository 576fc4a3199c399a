"""A working session over ssh inside tmux: from the list to the results and out, and again after a cut."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from batchtui.cache import BatchCache
from batchtui.sandbox import Embedded
from tests.e2e.remote import Pane, Remote, sshd, tmux_pane, wait_for

SPEED = 30.0
CUT = "Connection to 127.0.0.1 closed"


@pytest.fixture
def remote(tmp_path: Path) -> Iterator[Remote]:
    with sshd(tmp_path) as server:
        yield server


@pytest.fixture
def pane(tmp_path: Path) -> Iterator[Pane]:
    with tmux_pane(tmp_path) as pane:
        yield pane


@pytest.fixture
def login(
    tmp_path: Path, remote: Remote, pane: Pane, sandbox_with: Callable[..., Embedded]
) -> Callable[[], None]:
    """Opens the app over ssh; the key is read from a file there and is in no command line."""
    api = sandbox_with(speed=SPEED)
    secrets = tmp_path / "environment"
    secrets.touch(mode=0o600)
    secrets.write_text(
        f"export ANTHROPIC_BASE_URL={api.base_url} ANTHROPIC_API_KEY={api.api_key} LANG=C.UTF-8\n"
        f"export XDG_CONFIG_HOME={shlex.quote(os.environ['XDG_CONFIG_HOME'])}\n",
        encoding="utf-8",
    )
    program = shlex.join([sys.executable, "-m", "batchtui", "--cache-dir", str(tmp_path / "cache")])
    place = shlex.quote(str(Path.cwd()))
    script = f"cd {place}; . {shlex.quote(str(secrets))}; echo $$ > pid; exec {program}"
    script = script.replace("> pid", f"> {shlex.quote(str(tmp_path / 'pid'))}")
    command = tmp_path / "login"
    command.write_text(f"exec {shlex.join([*remote.words, script])}\n", encoding="utf-8")

    def open_app() -> None:
        pane.type("-l", f"clear; sh {shlex.quote(str(command))}; echo co''de=$?")
        pane.type("Enter")
        pane.until_shown("live", "q quit")

    return open_app


def pid_of_app(folder: Path) -> int:
    return int((folder / "pid").read_text(encoding="utf-8"))


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def filter_for(pane: Pane, text: str) -> None:
    pane.type("/")
    pane.until_shown("\n /\n")
    pane.type("-l", text)
    pane.until_shown(f"\n / {text}")
    pane.type("Enter")
    pane.until_gone(f"\n / {text}")


def cancel_two(pane: Pane) -> None:
    """Marks the first two that run, and cancels them."""
    filter_for(pane, "status:in_progress")
    pane.type("g", "Space", "Space")
    pane.until_shown("2 marked")
    pane.type("c")
    pane.until_shown("Cancel 2 batches?", "▸[ No ]")
    pane.type("Right")
    pane.until_shown("▸[ Cancel 2 ]")
    pane.type("Enter")
    pane.until_shown("Canceling 2 batches.")
    pane.type("Escape")
    pane.until_gone("/status:in_progress")


def read_results(pane: Pane) -> None:
    filter_for(pane, "status:ended")
    pane.type("g", "j", "Enter")
    pane.until_shown("› results", "Reply  JSON")
    pane.type("]", "l")
    pane.until_shown("enter folds and unfolds")
    pane.type("Escape")
    pane.until_gone("› results")
    pane.type("Escape")
    pane.until_gone("/status:ended")


def assert_sane(pane: Pane) -> None:
    """The terminal is as a shell wants it: echo, whole lines, no mouse, no second screen."""
    pane.until_shown("here$")
    modes = subprocess.run(["stty", "-a", "-F", pane.value("pane_tty")], capture_output=True, check=True)
    pane.type("-l", "echo he''re && cat")
    pane.type("Enter")
    pane.until_shown("\nhere\n")
    words = modes.stdout.decode().replace(";", " ").split()
    pane.type("C-d")
    assert "-isig" not in words
    assert "-opost" not in words
    assert pane.value("alternate_on") == "0"
    assert pane.value("mouse_any_flag") == "0"


def test_a_working_session(pane: Pane, login: Callable[[], None], tmp_path: Path) -> None:
    login()
    pane.type("PageDown", "PageDown", "PageDown")
    pane.until_gone("▸  ● in progress")
    pane.until_shown("▸")
    cancel_two(pane)
    pane.until_shown("has ended")
    read_results(pane)
    pane.type("q")
    pane.until_shown("code=0")
    assert_sane(pane)
    assert not is_running(pid_of_app(tmp_path))


def test_cut_in_the_middle_and_opened_again(pane: Pane, login: Callable[[], None], tmp_path: Path) -> None:
    login()
    filter_for(pane, "status:ended")
    pane.type("g", "Enter")
    pane.until_shown("› results", "Reply  JSON")
    app, client = pid_of_app(tmp_path), int(ssh_client_of(pane))
    os.kill(client, signal.SIGKILL)
    pane.until_shown("code=137")
    wait_for(lambda: not is_running(app), lambda: "the app to end where it ran")
    (database,) = (tmp_path / "cache").glob("*/cache.db")
    cache = BatchCache(database)
    assert len(cache.newest()) >= 100
    assert cache.notice is None
    cache.close()

    pane.type("-l", "tput rmcup; stty sane; tput reset")
    pane.type("Enter")
    login()
    read_results(pane)
    pane.type("q")
    pane.until_shown("code=0")
    assert_sane(pane)
    assert not is_running(pid_of_app(tmp_path))


def ssh_client_of(pane: Pane) -> str:
    """The process id of the ssh that runs in the pane."""
    listing = subprocess.run(
        ["ps", "-o", "pid=,comm=", "--ppid", pane.value("pane_pid")],
        capture_output=True,
        text=True,
        check=True,
    )
    return next(line.split()[0] for line in listing.stdout.splitlines() if line.split()[1] == "ssh")
