"""An sshd of one's own on loopback, and a tmux session in which ssh runs."""

from __future__ import annotations

import getpass
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.e2e.terminal import COLUMNS, LONGEST_WAIT, ROWS

_PRIVILEGE_SEPARATION = Path("/run/sshd")
_LOOK_SECONDS = 0.05


def wait_for(is_so: Callable[[], object], wanted: Callable[[], str]) -> None:
    """Waits until something is so; `wanted` says what is there instead."""
    end = time.monotonic() + LONGEST_WAIT
    while not is_so():
        assert time.monotonic() < end, f"waited in vain for {wanted()}"
        time.sleep(_LOOK_SECONDS)


class Remote:
    """The words of an ssh command that logs in without a question."""

    def __init__(self, folder: Path, port: int) -> None:
        self.port = port
        options = ("IdentitiesOnly=yes", "StrictHostKeyChecking=no", "LogLevel=ERROR")
        self.words = ["ssh", "-tt", "-F", "none", "-i", str(folder / "user"), "-p", str(port)]
        for option in (*options, f"UserKnownHostsFile={folder / 'known'}"):
            self.words += ["-o", option]
        self.words.append(f"{getpass.getuser()}@127.0.0.1")


@contextmanager
def sshd(folder: Path) -> Iterator[Remote]:
    """Runs a server as the person who tests; skips the test where that is not possible."""
    # sshd wants to be started by its whole path, and is often in a folder that is not searched.
    program = shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    if not program or not shutil.which("ssh") or not shutil.which("ssh-keygen"):
        pytest.skip("sshd, ssh and ssh-keygen are not all installed")
    for name in ("host", "user"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / name], check=True)
    shutil.copy(folder / "user.pub", folder / "authorized")
    if os.geteuid() == 0:
        _PRIVILEGE_SEPARATION.mkdir(mode=0o755, exist_ok=True)
    port = _free_port()
    config = folder / "sshd_config"
    config.write_text(_config(folder, port), encoding="utf-8")
    with (folder / "sshd.log").open("wb") as log:
        server = subprocess.Popen([program, "-D", "-e", "-f", config], stdin=subprocess.DEVNULL, stderr=log)
    try:
        _skip_unless_up(server, port, folder / "sshd.log")
        yield Remote(folder, port)
    finally:
        server.terminate()
        server.wait()


def _config(folder: Path, port: int) -> str:
    return f"""
        Port {port}
        ListenAddress 127.0.0.1
        HostKey {folder / "host"}
        AuthorizedKeysFile {folder / "authorized"}
        PidFile none
        PasswordAuthentication no
        KbdInteractiveAuthentication no
        UsePAM no
        StrictModes no
        PermitRootLogin yes
        PrintMotd no
        PrintLastLog no
    """


def _free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


def _skip_unless_up(server: subprocess.Popen[bytes], port: int, log: Path) -> None:
    end = time.monotonic() + LONGEST_WAIT
    while time.monotonic() < end and server.poll() is None:
        with socket.socket() as sock:
            if sock.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(_LOOK_SECONDS)
    pytest.skip(f"sshd cannot be started here: {log.read_text(errors='replace').strip()[-300:]}")


class Pane:
    """The one pane of a tmux server of one's own."""

    def __init__(self, socket_path: Path) -> None:
        self._tmux = ["tmux", "-f", os.devnull, "-S", str(socket_path)]

    def run(self, *words: str) -> str:
        """Runs a command of tmux and answers what it prints."""
        done = subprocess.run([*self._tmux, *words], check=True, capture_output=True, text=True)
        return done.stdout

    @property
    def shown(self) -> str:
        """What is on the screen."""
        return self.run("capture-pane", "-p")

    def type(self, *keys: str) -> None:
        """Presses keys, as tmux names them."""
        self.run("send-keys", *keys)

    def until_shown(self, *texts: str) -> None:
        """Waits until texts are on the screen, all at once."""
        wait_for(
            lambda: all(text in self.shown for text in texts),
            lambda: f"{' and '.join(map(repr, texts))}; the screen is\n{self.shown}",
        )

    def until_gone(self, text: str) -> None:
        """Waits until a text is no longer on the screen."""
        wait_for(lambda: text not in self.shown, lambda: f"{text!r} to go; the screen is\n{self.shown}")

    def value(self, name: str) -> str:
        """A variable of tmux's formats, such as `pane_tty`."""
        return self.run("display-message", "-p", f"#{{{name}}}").strip()


@contextmanager
def tmux_pane(folder: Path) -> Iterator[Pane]:
    """A shell in tmux."""
    if not shutil.which("tmux"):
        pytest.skip("tmux is not installed")
    pane = Pane(folder / "tmux")
    with ExitStack() as stack:
        size = ("-x", str(COLUMNS), "-y", str(ROWS))
        pane.run("new-session", "-d", *size, "env PS1='here$ ' bash --norc --noprofile -i")
        stack.callback(pane.run, "kill-server")
        pane.until_shown("here$")
        yield pane
