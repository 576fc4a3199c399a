"""A terminal that programs run in: types keys, waits for text, and keeps every byte that came."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress

import pexpect
import pyte

COLUMNS, ROWS = 120, 40
LONGEST_WAIT = 15.0
"""Seconds after which something that was to happen is taken not to happen."""
_LOOK_SECONDS = 0.1
_READ_BYTES = 65_536
_EMPTY = b"\x1b[0m\x1b[2J\x1b[H"
_UNKNOWN_TO_PYTE = re.compile(rb"\x1b\[[<>=?][0-9;]*\$?[a-zA-Z]")
"""Private modes; pyte would print those that it does not know."""


class Terminal:
    """A program in a pseudo-terminal; see `running`."""

    def __init__(self, child: pexpect.spawn, columns: int, rows: int) -> None:
        self.child = child
        child.delaybeforesend = None
        self.raw = bytearray()
        """Every byte that the program sent."""
        self._screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self._screen)
        self._unfed = b""

    @property
    def lines(self) -> list[str]:
        """What is on the screen."""
        # Not pyte's own `display`: it fails where half a wide character was overwritten.
        rows = (self._screen.buffer[y] for y in range(self._screen.lines))
        return ["".join(row[x].data for x in range(self._screen.columns)) for row in rows]

    @property
    def shown(self) -> str:
        """What is on the screen, as one text."""
        return "\n".join(line.rstrip() for line in self.lines)

    def type(self, keys: str) -> None:
        """Types keys."""
        self.child.send(keys.encode())

    def resize(self, columns: int, rows: int) -> None:
        """Gives the terminal another size; the program is told by a signal."""
        self._screen.resize(rows, columns)
        self.child.setwinsize(rows, columns)

    def paste(self, text: str) -> None:
        """Pastes text, as a terminal with bracketed paste hands it over."""
        self.type(f"\x1b[200~{text}\x1b[201~")

    def click(self, text: str, left: int = 0) -> None:
        """Clicks on the first place where a text stands, from a column on."""
        found = [(y, line) for y, line in enumerate(self.lines, 1) if text in line[left:]]
        assert found, f"{text!r} is not there to be clicked:\n{self.shown}"
        y, line = found[0]
        self.click_at(line.index(text, left) + 1, y)

    def click_at(self, x: int, y: int) -> None:
        """Clicks on a place, counted from 1."""
        self.type(f"\x1b[<0;{x};{y}M\x1b[<0;{x};{y}m")

    def until(self, is_so: Callable[[], object], wanted: str = "something") -> None:
        """Waits until something is so."""
        end = time.monotonic() + LONGEST_WAIT
        while not is_so():
            assert time.monotonic() < end, f"waited in vain for {wanted}; the screen is\n{self.shown}"
            try:
                self._take(self.child.read_nonblocking(_READ_BYTES, timeout=_LOOK_SECONDS))
            except pexpect.TIMEOUT:
                continue
            except pexpect.EOF:
                raise AssertionError(f"ended while waiting for {wanted}:\n{self.shown}") from None

    def read(self, seconds: float) -> None:
        """Reads what comes within some time, if anything does."""
        with suppress(pexpect.TIMEOUT):
            self._take(self.child.read_nonblocking(_READ_BYTES, timeout=seconds))

    def until_shown(self, *texts: str) -> None:
        """Waits until texts are on the screen, all at once."""
        self.until(lambda: all(text in self.shown for text in texts), " and ".join(map(repr, texts)))

    def until_gone(self, text: str) -> None:
        """Waits until a text is no longer on the screen."""
        self.until(lambda: text not in self.shown, f"{text!r} to go")

    def until_ended(self) -> int | None:
        """Waits until the program ends; answers its exit code."""
        self.child.timeout = LONGEST_WAIT
        self.child.expect(pexpect.EOF)
        self._take(self.child.before)
        self.child.close()
        code: int | None = self.child.exitstatus
        return code

    def _take(self, data: bytes) -> None:
        self.raw += data
        # A sequence may come in two pieces: what could be the beginning of one waits for its end.
        known, escape, begun = (self._unfed + data).rpartition(b"\x1b")
        if escape and re.fullmatch(rb"\[?[<>=?]?[0-9;]*\$?", begun):
            self._unfed = escape + begun
        else:
            known, self._unfed = self._unfed + data, b""
        # pyte has no second screen: going to it, or back, gives an empty one here.
        known = known.replace(b"\x1b[?1049h", _EMPTY).replace(b"\x1b[?1049l", _EMPTY)
        self._stream.feed(_UNKNOWN_TO_PYTE.sub(b"", known))


@contextmanager
def running(
    words: Sequence[str], env: Mapping[str, str], columns: int = COLUMNS, rows: int = ROWS
) -> Iterator[Terminal]:
    """Runs a program in a terminal, and ends it."""
    # Programs believe COLUMNS and LINES more than the terminal itself.
    env = {name: value for name, value in env.items() if name not in ("COLUMNS", "LINES")}
    child = pexpect.spawn(words[0], list(words[1:]), env=env, dimensions=(rows, columns))
    try:
        yield Terminal(child, columns, rows)
    finally:
        child.close(force=True)
