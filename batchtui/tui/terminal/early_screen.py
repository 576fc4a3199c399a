"""The terminal before Textual has it: the alternate screen with a first frame, and keys kept for later."""

from __future__ import annotations

import signal
import sys
import termios
import tty
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NoReturn, TextIO

from batchtui.process import END_SIGNALS

ENTER = "\x1b[?1049h"
"""To the alternate screen, which some terminals empty even if they are there already."""
_BEGIN = f"{ENTER}\x1b[?25l\x1b[?7l"
"""There, without a cursor, and without going on in the next line."""
_END = "\x1b[0m\x1b[?7h\x1b[?1049l\x1b[?25h"
_NO_KEY = b"\0"


class EarlyScreen:
    """A terminal that shows something, reads nothing yet, and echoes nothing.

    Args:
        screen: Where is written; the same as what Textual writes to.
        keys: The file of what is typed.
    """

    def __init__(self, screen: TextIO, keys: int) -> None:
        self._screen = screen
        self._keys = keys
        self._modes: list[Any] = termios.tcgetattr(keys)
        self._is_ours = False

    def show(self, frame: str) -> None:
        """Enters the alternate screen with a frame on it."""
        self._is_ours = True
        for number in END_SIGNALS:
            signal.signal(number, _end_by)
        self._quiet()
        self._write(_BEGIN + frame)

    def hand_over(self) -> list[Any]:
        """Leaves the terminal to somebody else; answers the modes in which it is to be left in the end."""
        self._is_ours = False
        for number in END_SIGNALS:
            signal.signal(number, signal.SIG_DFL)
        return self._modes

    def close(self) -> None:
        """Puts the terminal back as it was, unless somebody else has it."""
        if self._is_ours:
            self.hand_over()
            self._write(_END)
            # What was typed was meant for the screens, not for the shell.
            termios.tcsetattr(self._keys, termios.TCSAFLUSH, self._modes)

    def _write(self, text: str) -> None:
        self._screen.write(text)
        self._screen.flush()

    def _quiet(self) -> None:
        """Keys wait for Textual as it wants them; only ctrl+c acts at once."""
        modes = termios.tcgetattr(self._keys)
        modes[tty.IFLAG] &= ~(termios.ICRNL | termios.IXON)
        modes[tty.LFLAG] &= ~(termios.ECHO | termios.ICANON | termios.IEXTEN)
        modes[tty.CC][termios.VSUSP] = _NO_KEY
        modes[tty.CC][termios.VMIN] = 1
        termios.tcsetattr(self._keys, termios.TCSANOW, modes)


@contextmanager
def early_screen(frame: str) -> Iterator[EarlyScreen]:
    """A terminal with a frame on it, which is put back if nobody takes it over in the block."""
    screen = EarlyScreen(sys.__stdout__ or sys.stdout, sys.stdin.fileno())
    try:
        screen.show(frame)
        yield screen
    finally:
        screen.close()


def _end_by(number: int, _: object) -> NoReturn:
    """Ends as a shell expects of a signal, by way of all that is to be closed."""
    raise SystemExit(128 + number)
