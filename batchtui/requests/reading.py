"""Takes a file of requests apart in bounded memory: JSON lines, an array, or the body of a create call."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from io import BufferedReader
from pathlib import Path
from typing import BinaryIO, NamedTuple

LARGEST_REQUEST = 255_999_985
"""A longer one fits no batch of 256 MB, however empty it is else: bytes beyond it are passed over."""
READ_BYTES = 1024 * 1024
LOOK_BYTES = 4096
"""What a file begins with tells what it is."""
SHOWN_BYTES = 80
BOM = b"\xef\xbb\xbf"
BACKSLASH = 0x5C

_BODY_START = re.compile(rb'\s*(?:\{\s*"requests"\s*:\s*)?\[')
# Short strings as a whole, so that what looks like a bracket inside of one is none; a lone quote begins any
# other, whose end is found four times faster by looking for the next quote.
_TOKEN = re.compile(rb'"[^"\\]{0,60}"|["{}\[\],]')


class Item(NamedTuple):
    """What stands where a request should.

    Attributes:
        line: The line that it begins on, from 1.
        raw: Its bytes; the beginning, if it is longer than `LARGEST_REQUEST`.
        fault: What is wrong with the file at this place, if that was seen already.
    """

    line: int
    raw: bytes
    fault: str = ""


def read_items(path: Path) -> Iterator[Item]:
    """The requests in a file, as they come; blank lines are passed over.

    Raises:
        OSError: It cannot be read, or was written to meanwhile.
    """
    with path.open("rb") as file:
        before = os.fstat(file.fileno())
        start = file.peek(LOOK_BYTES)[:LOOK_BYTES].removeprefix(BOM)
        yield from _read_array(file) if _BODY_START.match(start) else _read_lines(file)
        after = os.fstat(file.fileno())
        changed = (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns)
        if changed and stat.S_ISREG(after.st_mode):
            raise OSError(f"{path} was written to while it was read; run it again once it is finished.")


def _read_lines(file: BinaryIO) -> Iterator[Item]:
    number = 0
    while line := file.readline(LARGEST_REQUEST + 1):
        number += 1
        while not line.endswith(b"\n") and (more := file.readline(READ_BYTES)):
            if more.endswith(b"\n"):
                break
        text = (line.removeprefix(BOM) if number == 1 else line).strip()
        if text:
            yield Item(number, text)


def _read_array(file: BufferedReader) -> Iterator[Item]:
    """Cuts an array into its members by looking at brackets only; whether they are JSON is not its matter."""
    start = file.peek(LOOK_BYTES)[:LOOK_BYTES]
    found = _BODY_START.match(start, len(BOM) if start.startswith(BOM) else 0)
    assert found, "read_items has looked"  # noqa: S101 - not a check of what comes from outside
    line = 1 + file.read(found.end()).count(b"\n")
    cutter, buffer = _Cutter(), b""
    while not cutter.is_over:
        # Doubling keeps a member of many megabytes from being looked through again for each one of them.
        more = file.read(max(READ_BYTES, len(buffer)))
        if not more or len(buffer) > LARGEST_REQUEST:
            yield from _member(line, buffer[: LARGEST_REQUEST + 1])
            if not more:
                line += buffer.count(b"\n")
                yield Item(line, b"", "the array has no end here; the file may have been cut off")
            return
        buffer += more
        pieces, used = cutter.cut(buffer)
        for piece in pieces:
            yield from _member(line, piece)
            line += piece.count(b"\n")
        buffer = buffer[used:]
    yield from _rest(line, file, buffer, is_body=b"{" in found[0])


def _rest(line: int, file: BinaryIO, buffer: bytes, *, is_body: bool) -> Iterator[Item]:
    """What follows an array; there should be nothing but the end of the body."""
    closing = b"}" if is_body else b""
    while not (rest := buffer.lstrip().removeprefix(closing).lstrip()) and (more := file.read(READ_BYTES)):
        buffer += more
    if rest:
        line += buffer[: len(buffer) - len(rest)].count(b"\n")
        yield Item(line, rest[:SHOWN_BYTES], "there is more after the end of the array; make it one array")


class _Cutter:
    """Finds where the members of an array end."""

    def __init__(self) -> None:
        self.is_over = False
        self._depth = 0
        self._looked = 0

    def cut(self, buffer: bytes) -> tuple[list[bytes], int]:
        """The members that end within the buffer, and how many of its bytes they and their commas take."""
        pieces: list[bytes] = []
        start = 0
        position = self._looked
        while token := _TOKEN.search(buffer, position):
            sign, position = token[0], token.end()
            if sign in (b"{", b"["):
                self._depth += 1
            elif sign == b'"':
                position = _string_end(buffer, position)
                if not position:
                    self._looked = token.start() - start
                    return pieces, start
            elif sign in (b"}", b"]") and self._depth:
                self._depth -= 1
            elif sign in (b",", b"]") and not self._depth:
                pieces.append(buffer[start : token.start()])
                start = position
                self.is_over = sign == b"]"
                if self.is_over:
                    break
        self._looked = len(buffer) - start
        return pieces, start


def _string_end(buffer: bytes, start: int) -> int:
    """Where a string is over whose text begins at `start`; 0 if its end has not been read yet."""
    quote = buffer.find(b'"', start)
    while quote >= 0:
        text = quote
        while text > start and buffer[text - 1] == BACKSLASH:
            text -= 1
        if (quote - text) % 2 == 0:
            return quote + 1
        quote = buffer.find(b'"', quote + 1)
    return 0


def _member(line: int, piece: bytes) -> Iterator[Item]:
    text = piece.strip()
    if text:
        yield Item(line + piece[: len(piece) - len(piece.lstrip())].count(b"\n"), text)
