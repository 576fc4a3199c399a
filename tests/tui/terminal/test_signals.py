"""However the app ends, the terminal is as it was and nothing is left behind."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

import pexpect
import pytest

from batchtui.sandbox import Embedded

LEAVES_ALTERNATE_SCREEN = b"\x1b[?1049l"
SHOWS_CURSOR = b"\x1b[?25h"


def screens(temporary: Path, *words: str, **env: str) -> pexpect.spawn:
    """The screens, once they are live."""
    env = os.environ | {"TERM": "xterm-256color", "TMPDIR": str(temporary)} | env
    child = pexpect.spawn(
        sys.executable, ["-m", "batchtui", *words], env=env, dimensions=(40, 120), timeout=20
    )
    child.expect(b"live")
    return child


def demo(temporary: Path) -> pexpect.spawn:
    return screens(temporary, "--demo")


@pytest.mark.parametrize(
    ("number", "code"),
    [(signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGQUIT, 131), (signal.SIGINT, 0)],
    ids=str,
)
def test_a_signal_restores_the_terminal(number: int, code: int, tmp_path: Path) -> None:
    child = demo(tmp_path)
    child.kill(number)
    child.expect(pexpect.EOF)
    child.close()
    assert LEAVES_ALTERNATE_SCREEN in child.before
    assert SHOWS_CURSOR in child.before
    assert child.exitstatus == code
    assert list(tmp_path.iterdir()) == []


def test_a_start_removes_what_a_killed_demo_left(tmp_path: Path, frozen_sandbox: Embedded) -> None:
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    killed = demo(temporary)
    killed.kill(signal.SIGKILL)
    killed.expect(pexpect.EOF)
    killed.close()
    left = list(temporary.iterdir())
    assert len(left) == 1
    env = {
        "ANTHROPIC_API_KEY": frozen_sandbox.api_key,
        "ANTHROPIC_BASE_URL": frozen_sandbox.base_url,
        "BATCHTUI_CACHE_DIR": str(tmp_path / "cache"),
    }
    child = screens(temporary, **env)
    deadline = time.monotonic() + 20
    while any(temporary.iterdir()) and time.monotonic() < deadline:  # it is done in the background
        child.expect(pexpect.TIMEOUT, timeout=0.05)
    assert list(temporary.iterdir()) == []
    child.close(force=True)


def test_ctrl_c_leaves(tmp_path: Path) -> None:
    child = demo(tmp_path)
    child.send("\x03")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0
    assert LEAVES_ALTERNATE_SCREEN in child.before
    assert list(tmp_path.iterdir()) == []
