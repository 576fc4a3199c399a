"""The terminal before Textual starts: the alternate screen with a first frame, and keys kept for later."""

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
"""Enters the alternate screen. Some terminals clear it even if it is active already."""
_BEGIN = f"{ENTER}\x1b[?25l\x1b[?7l"
"""Enters the alternate screen, and turns cursor and line wrap off."""
_END = "\x1b[0m\x1b[?7h\x1b[?1049l\x1b[?25h"
_DISABLED = b"\0"


class EarlyScreen:
    """A terminal that shows a frame, and neither reads nor echoes keys yet.

    Args:
        screen: The file to write to, the same as Textual's.
        keys: The file descriptor of the keyboard.
    """

    def __init__(self, screen: TextIO, keys: int) -> None:
        self._screen = screen
        self._keys = keys
        self._modes: list[Any] = termios.tcgetattr(keys)
        self._is_owner = False

    def show(self, frame: str) -> None:
        """Enter the alternate screen, and show a frame."""
        self._is_owner = True
        for number in END_SIGNALS:
            signal.signal(number, _exit_on_signal)
        self._queue_keys()
        self._write(_BEGIN + frame)

    def release(self) -> list[Any]:
        """Release the terminal. Return the modes to restore at the end."""
        self._is_owner = False
        for number in END_SIGNALS:
            signal.signal(number, signal.SIG_DFL)
        return self._modes

    def close(self) -> None:
        """Restore the terminal, unless it was released."""
        if self._is_owner:
            self.release()
            self._write(_END)
            # Keys typed until now were for the screens, not for the shell.
            termios.tcsetattr(self._keys, termios.TCSAFLUSH, self._modes)

    def _write(self, text: str) -> None:
        self._screen.write(text)
        self._screen.flush()

    def _queue_keys(self) -> None:
        """Queue keys unchanged for Textual; only ctrl+c acts immediately."""
        modes = termios.tcgetattr(self._keys)
        modes[tty.IFLAG] &= ~(termios.ICRNL | termios.IXON)
        modes[tty.LFLAG] &= ~(termios.ECHO | termios.ICANON | termios.IEXTEN)
        modes[tty.CC][termios.VSUSP] = _DISABLED
        modes[tty.CC][termios.VMIN] = 1
        termios.tcsetattr(self._keys, termios.TCSANOW, modes)


@contextmanager
def early_screen(frame: str) -> Iterator[EarlyScreen]:
    """Show a frame, and restore the terminal after the block unless it was released."""
    screen = EarlyScreen(sys.__stdout__ or sys.stdout, sys.stdin.fileno())
    try:
        screen.show(frame)
        yield screen
    finally:
        screen.close()


def _exit_on_signal(number: int, _: object) -> NoReturn:
    """Exit as a shell expects after a signal, through all cleanup."""
    raise SystemExit(128 + number)
