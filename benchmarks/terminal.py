"""A terminal for programs to run in: types keys, and knows when which text became visible."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import pyte

COLUMNS, ROWS = 120, 40
LONGEST_WAIT = 60.0
QUIET_SECONDS = 0.01
"""Bytes that come closer together than this are taken for one paint."""
LONGEST_BURST = 0.25
_READ_BYTES = 65_536
_ANSWERS = (
    (re.compile(rb"\x1b\[0?c"), b"\x1b[?62;22c"),
    (re.compile(rb"\x1b\[6n"), b"\x1b[1;1R"),
    (re.compile(rb"\x1b\[\?2026\$p"), b"\x1b[?2026;2$y"),
    (re.compile(rb"\x1b\[\?2048\$p"), b"\x1b[?2048;0$y"),
)
"""What programs ask a terminal as they start: what it is, where its cursor is, which modes it knows."""
_PRIVATE_CSI = re.compile(rb"\x1b\[[<>=?][0-9;]*[a-zA-Z]|\x1b\[[0-9;?]*\$p")
"""Modes; pyte would print those that it does not know."""


class Terminal:
    """A program in a pseudo-terminal of 120×40 in true color; see `running`."""

    def __init__(self, file: int, pid: int, started: float) -> None:
        self.pid = pid
        self.started = started
        """When the program was started, by `time.monotonic`."""
        self.received = 0
        """Bytes that came from the program."""
        self._file = file
        self._bursts: deque[tuple[float, bytes]] = deque()
        self._screen = pyte.Screen(COLUMNS, ROWS)
        self._stream = pyte.ByteStream(self._screen)
        self.lines = [""] * ROWS
        """What is on the screen."""

    def line_of(self, sign: str) -> int | None:
        """The number of the first line that has a sign, from 0."""
        return next((number for number, line in enumerate(self.lines) if sign in line), None)

    def type(self, keys: str) -> float:
        """Types keys and answers when."""
        now = time.monotonic()
        os.write(self._file, keys.encode())
        return now

    def until(self, is_so: Callable[[], bool], seconds: float = LONGEST_WAIT) -> float:
        """Waits until something is so on the screen; answers when the bytes came that made it so.

        Raises:
            TimeoutError: It did not become so in time.
        """
        came = time.monotonic()
        end = came + seconds
        while not is_so():
            if self._bursts or self._receive(end - time.monotonic()):
                came = self._paint()
            elif time.monotonic() > end:
                screen = "\n".join(self.lines)
                raise TimeoutError(f"waited {seconds:.0f} s in vain; the screen is\n{screen}")
        return came

    def until_more(self) -> float:
        """Waits for anything to come; answers when it came."""
        before = self.received
        return self.until(lambda: self.received > before)

    def until_shown(self, text: str, seconds: float = LONGEST_WAIT) -> float:
        """Waits until a text is on the screen; answers when it came."""
        return self.until(lambda: any(text in line for line in self.lines), seconds)

    def watch(self, seconds: float) -> None:
        """Reads what comes for so long."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self._receive(left)
        self._paint_all()

    def rest(self, quiet: float = 0.5) -> None:
        """Reads until nothing has come for so many seconds."""
        while self._receive(quiet):
            pass
        self._paint_all()

    def end(self, keys: str) -> int:
        """Type what ends the program, wait until it has ended, and return its exit code."""
        self.type(keys)
        end = time.monotonic() + LONGEST_WAIT
        with suppress(ChildProcessError):
            self.watch(LONGEST_WAIT)
        while time.monotonic() < end:
            ended, status = os.waitpid(self.pid, os.WNOHANG)
            if ended:
                return os.waitstatus_to_exitcode(status)
            time.sleep(QUIET_SECONDS)
        raise TimeoutError("it did not end; the screen is\n" + "\n".join(self.lines))

    def peak_memory(self) -> float:
        """The most memory that the program has held so far, in MB."""
        return peak_memory(self.pid)

    def _receive(self, seconds: float) -> bool:
        """Waits so long for bytes, and takes in all that come in one go; answers whether any came.

        They are painted afterwards: that is slow, and must not hold up the program or the clock.
        """
        came = self._take(seconds)
        end = time.monotonic() + LONGEST_BURST
        while came and time.monotonic() < end and self._take(QUIET_SECONDS):
            pass
        return came

    def _take(self, seconds: float) -> bool:
        if not select.select([self._file], [], [], max(0.0, seconds))[0]:
            return False
        try:
            data = os.read(self._file, _READ_BYTES)
        except OSError:
            self._paint_all()
            raise ChildProcessError("the program ended:\n" + "\n".join(self.lines).strip()) from None
        self._bursts.append((time.monotonic(), data))
        self.received += len(data)
        for question, answer in _ANSWERS:
            for _ in question.finditer(data):
                os.write(self._file, answer)
        return True

    def _paint(self) -> float:
        """Paints the oldest bytes that are not painted yet; answers when they came."""
        came, data = self._bursts.popleft()
        self._stream.feed(_PRIVATE_CSI.sub(b"", data))
        # Not pyte's own `display`: it fails where half a wide character was overwritten.
        rows = (self._screen.buffer[y] for y in range(ROWS))
        self.lines = ["".join(row[x].data for x in range(COLUMNS)) for row in rows]
        return came

    def _paint_all(self) -> None:
        while self._bursts:
            self._paint()


@contextmanager
def running(words: Sequence[str], env: Mapping[str, str]) -> Iterator[Terminal]:
    """Runs a program in a terminal, and ends it."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    env = {**env, "TERM": "xterm-256color", "COLORTERM": "truecolor", "LANG": "C.UTF-8"}
    started = time.monotonic()
    pid = os.fork()
    if pid == 0:
        try:
            os.login_tty(theirs)
            os.execvpe(words[0], list(words), env)
        finally:
            os._exit(127)
    os.close(theirs)
    try:
        yield Terminal(ours, pid, started)
    finally:
        os.close(ours)
        with suppress(ProcessLookupError, ChildProcessError):  # it may have ended, and been waited for
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)


def peak_memory(pid: int) -> float:
    """The most memory that a process has held so far, in MB; 0 once it has ended."""
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    except OSError:
        return 0.0
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    return int(found[1]) * 1024 / 1e6 if found else 0.0
