"""However the app ends, the terminal is as it was and nothing is left behind."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import pexpect
import pytest

LEAVES_ALTERNATE_SCREEN = b"\x1b[?1049l"
SHOWS_CURSOR = b"\x1b[?25h"


def demo(folder: Path) -> pexpect.spawn:
    env = dict(os.environ, TERM="xterm-256color", TMPDIR=str(folder))
    child = pexpect.spawn(
        sys.executable, ["-m", "batchtui", "--demo"], env=env, dimensions=(40, 120), timeout=20
    )
    child.expect(b"live")
    return child


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGINT, 0)], ids=str
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


def test_ctrl_c_leaves(tmp_path: Path) -> None:
    child = demo(tmp_path)
    child.send("\x03")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0
    assert LEAVES_ALTERNATE_SCREEN in child.before
    assert list(tmp_path.iterdir()) == []
