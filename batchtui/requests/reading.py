"""Takes a file of requests apart in bounded memory: JSON lines, an array, or the body of a create call."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

LARGEST_REQUEST = 256_000_000
"""A longer one fits no batch: bytes beyond it are passed over."""
READ_BYTES = 1024 * 1024
BOM = b"\xef\xbb\xbf"

_BODY_START = re.compile(rb'\s*(?:\{\s*"requests"\s*:\s*)?\[')
# Strings as a whole, so that what looks like a bracket inside of one is none; a lone quote is a string of
# which the end has not been read yet.
_TOKEN = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"|["{}\[\],]', re.DOTALL)
_NEWLINES = bytes.maketrans(b"\r\n", b"  ")


class Item(NamedTuple):
    """What stands where a request should.

    Attributes:
        line: The line that it begins on, from 1.
        raw: Its bytes, on one line; the beginning, if it is longer than `LARGEST_REQUEST`.
    """

    line: int
    raw: bytes


def read_items(path: Path) -> Iterator[Item]:
    """The requests in a file, as they come; blank lines are passed over.

    Raises:
        OSError: It cannot be read.
    """
    with path.open("rb") as file:
        start = file.peek(READ_BYTES)[:READ_BYTES].removeprefix(BOM)
        yield from _read_array(file) if _BODY_START.match(start) else _read_lines(file)


def _read_lines(file: BinaryIO) -> Iterator[Item]:
    number = 0
    while line := file.readline(LARGEST_REQUEST + 1):
        number += 1
        while not line.endswith(b"\n") and (more := file.readline(READ_BYTES)):
            if more.endswith(b"\n"):
                break
        text = (line.removeprefix(BOM) if number == 1 else line).strip()
        if text:
            yield Item(number, text.replace(b"\r", b" ") if b"\r" in text else text)


def _read_array(file: BinaryIO) -> Iterator[Item]:
    """Cuts an array into its members by looking at brackets only; whether they are JSON is not its matter."""
    buffer = file.read(READ_BYTES)
    found = _BODY_START.match(buffer.removeprefix(BOM))
    assert found, "read_items has looked"  # noqa: S101 - not a check of what comes from outside
    position = found.end() + (len(BOM) if buffer.startswith(BOM) else 0)
    line = 1 + buffer.count(b"\n", 0, position)
    cutter = _Cutter()
    buffer = buffer[position:]
    while True:
        pieces, used = cutter.cut(buffer)
        for piece in pieces:
            yield from _member(line, piece)
            line += piece.count(b"\n")
        if cutter.is_over:
            return
        buffer = buffer[used:]
        # Doubling keeps a member of many megabytes from being looked through again for each one of them.
        more = file.read(max(READ_BYTES, len(buffer)))
        if not more or len(buffer) > LARGEST_REQUEST:
            yield from _member(line, buffer[: LARGEST_REQUEST + 1])
            return
        buffer += more


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
        for token in _TOKEN.finditer(buffer, self._looked):
            sign = token[0]
            if sign in (b"{", b"["):
                self._depth += 1
            elif sign == b'"':
                self._looked = token.start() - start
                return pieces, start
            elif sign in (b"}", b"]") and self._depth:
                self._depth -= 1
            elif sign in (b",", b"]") and not self._depth:
                pieces.append(buffer[start : token.start()])
                start = token.end()
                self.is_over = sign == b"]"
                if self.is_over:
                    break
        self._looked = len(buffer) - start
        return pieces, start


def _member(line: int, piece: bytes) -> Iterator[Item]:
    text = piece.strip()
    if text:
        begun = piece[: len(piece) - len(piece.lstrip())].count(b"\n")
        yield Item(line + begun, text.translate(_NEWLINES))
