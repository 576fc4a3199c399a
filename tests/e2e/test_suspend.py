"""ctrl+z in a shell, and back: the shell gets its terminal as it was, the screens come back whole."""

from __future__ import annotations

import os
import re
import shlex
import sys
import termios
from pathlib import Path

from tests.e2e.terminal import running

PROMPT = "ready$ "


def test_suspended_and_back(tmp_path: Path) -> None:
    env = {**os.environ, "PS1": PROMPT, "TMPDIR": str(tmp_path), "LANG": "C.UTF-8"}
    with running(["/bin/bash", "--norc", "--noprofile", "-i"], env) as terminal:
        terminal.until_shown(PROMPT.strip())
        before = termios.tcgetattr(terminal.child.fileno())
        terminal.type(f"stty sane; {shlex.quote(sys.executable)} -m batchtui --demo\n")
        terminal.until_shown("live", "q quit")
        terminal.type("j\x1a")
        terminal.until(lambda: b"\x1b[?1049l" in terminal.raw, "the screens to leave")
        terminal.until_shown("Stopped")
        modes = termios.tcgetattr(terminal.child.fileno())
        assert modes[3] & termios.ICANON == before[3] & termios.ICANON
        del terminal.raw[:]
        terminal.type("stty -a; echo ro''und\n")
        terminal.until(lambda: b"\nround" in terminal.raw, "the shell")
        assert re.search(rb"(?<!-)icanon.*(?<!-)echo ", bytes(terminal.raw), re.DOTALL)

        del terminal.raw[:]
        terminal.type("fg\n")
        terminal.until(lambda: b"\x1b[?1049h" in terminal.raw, "the screens to come back")
        terminal.until_shown("Batches", "q quit", "live", "▸")
        terminal.type("?")
        terminal.until_shown("esc close")
        terminal.type("\x1b")
        terminal.until_gone("esc close")
        del terminal.raw[:]
        terminal.type("q")
        # Not only until the screens are closed: what is typed before the shell is back may be flushed.
        terminal.until(lambda: PROMPT.encode() in terminal.raw, "the shell's prompt")
        terminal.type("echo co''de=$?\n")
        terminal.until_shown("code=0")
        terminal.type("exit\n")
        assert terminal.until_ended() == 0
    assert list(tmp_path.iterdir()) == []
