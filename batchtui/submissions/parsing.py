"""Takes a file of requests apart in bounded memory: JSON lines, an array, or the body of a create call."""

from __future__ import annotations

import re
from collections.abc import Iterator
from io import BufferedReader
from pathlib import Path
from typing import NamedTuple

import msgspec

from batchtui.submissions.opening import foreign_fault, open_requests
from batchtui.text import shorten

LARGEST_REQUEST = 255_999_985
"""A longer one fits no batch of 256 MB, however empty it is else: bytes beyond it are passed over."""
READ_BYTES = 1024 * 1024
MOST_READ_BYTES = 16 * 1024 * 1024
LOOK_BYTES = 4096
"""What a file begins with tells what it is."""
SHOWN_BYTES = 80
NAME_CHARS = 40
PRETTY_PRINTED = (
    "an object begins here and does not end on this line; the file looks pretty-printed, "
    "so write each request on one line, as `jq -c .` does"
)
BOM = b"\xef\xbb\xbf"
BACKSLASH = 0x5C

_decode = msgspec.json.Decoder(msgspec.Raw).decode
_NAME = rb'"(?P<name>[^"\\]*+(?:\\.[^"\\]*+)*+)"\s*+:\s*+'
_SIMPLE = rb'(?:"[^"\\]*+(?:\\.[^"\\]*+)*+"|[^\s"\[\]{},]++)\s*+'
_UNNAMED = _NAME.replace(rb"?P<name>", b"?:")
_KEY = re.compile(_NAME + _SIMPLE + b",")
_NEXT_KEY = re.compile(rb",\s*" + _NAME)
# A body has `requests` only; simple values before it are seen, so that they can be named.
_BODY_START = re.compile(
    rb'\s*+(?:\{\s*+(?P<others>(?:(?!"requests"\s*:)'
    + _UNNAMED
    + _SIMPLE
    + rb',\s*+)*+)"requests"\s*+:\s*+)?\['
)
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
        OSError: It cannot be read or unpacked, or was written to meanwhile.
    """
    with open_requests(path) as file:
        start = file.peek(LOOK_BYTES)[:LOOK_BYTES]
        if fault := foreign_fault(start):
            yield Item(0, b"", fault)
        elif found := _BODY_START.match(start.removeprefix(BOM)):
            yield from _read_array(file, found, BOM if start.startswith(BOM) else b"")
        else:
            yield from _read_lines(file)


def _read_lines(file: BufferedReader) -> Iterator[Item]:
    number = 0
    while line := file.readline(LARGEST_REQUEST + 1):
        number += 1
        if not line.endswith(b"\n") and len(line) > LARGEST_REQUEST:
            _pass_over_line(file)
        if number == 1:
            line = line.removeprefix(BOM)
        is_pretty = _is_pretty_printed(line, file)
        line = line.strip()  # and no name for the longer one, which would keep it while this one is checked
        if is_pretty:
            yield Item(number, b"", PRETTY_PRINTED)
            return
        if line:
            yield Item(number, line)


def _is_pretty_printed(line: bytes, file: BufferedReader) -> bool:
    """Whether an object begins on this line and goes on in the next one."""
    next_line = file.peek(LOOK_BYTES)[:LOOK_BYTES].lstrip()
    if not next_line or next_line.startswith(b"{") or not line.lstrip().startswith(b"{"):
        return False
    try:
        _decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return "truncated" in str(error)
    return False


def _pass_over_line(file: BufferedReader) -> None:
    while (more := file.readline(READ_BYTES)) and not more.endswith(b"\n"):
        pass


def _read_array(file: BufferedReader, found: re.Match[bytes], bom: bytes) -> Iterator[Item]:
    """Cuts an array into its members by looking at brackets only; whether they are JSON is not its matter."""
    file.read(len(bom))
    for key in _KEY.finditer(found["others"] or b""):
        yield _unexpected(1 + found.string[: found.start("others") + key.start()].count(b"\n"), key)
    line = 1 + file.read(found.end()).count(b"\n")
    cutter, buffer = _Cutter(), bytearray()
    while not cutter.is_over:
        # Reading ever more keeps a text of many megabytes from being looked through again for each of them.
        more = file.read(min(max(READ_BYTES, len(buffer)), MOST_READ_BYTES))
        if not more or len(buffer) > LARGEST_REQUEST:
            yield from _member(line, bytes(memoryview(buffer)[: LARGEST_REQUEST + 1]))
            if not more:
                line += buffer.count(b"\n")
                yield Item(line, b"", "the array has no end here; the file may have been cut off")
            return
        buffer += more
        start = 0
        for piece_start, piece_end, used in cutter.cut(buffer):
            piece = bytes(memoryview(buffer)[piece_start:piece_end])
            yield from _member(line, piece)
            line += piece.count(b"\n")
            start = used
        del buffer[:start]
    yield from _rest(line, file, bytes(buffer), is_body=b"{" in found[0])


def _unexpected(line: int, key: re.Match[bytes]) -> Item:
    name = shorten(key["name"].decode(errors="replace"), NAME_CHARS)
    return Item(line, b"", f'"{name}" is not allowed beside "requests"; remove it')


def _rest(line: int, file: BufferedReader, buffer: bytes, *, is_body: bool) -> Iterator[Item]:
    """What follows an array; there should be nothing but the end of the body."""
    closing = b"}" if is_body else b""
    while not (rest := buffer.lstrip().removeprefix(closing).lstrip()) and (more := file.read(READ_BYTES)):
        buffer += more
    if not rest:
        return
    line += buffer[: len(buffer) - len(rest)].count(b"\n")
    key = _NEXT_KEY.match(rest + file.read(LOOK_BYTES)) if is_body else None
    if key:
        yield _unexpected(line, key)
    else:
        yield Item(line, rest[:SHOWN_BYTES], "there is more after the end of the array; make it one array")


class _Cutter:
    """Finds where the members of an array end."""

    def __init__(self) -> None:
        self.is_over = False
        self._depth = 0
        self._looked = 0

    def cut(self, buffer: bytearray) -> Iterator[tuple[int, int, int]]:
        """Where members start and end within the buffer, and where the next one starts."""
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
                    return
            elif sign in (b"}", b"]") and self._depth:
                self._depth -= 1
            elif sign in (b",", b"]") and not self._depth:
                self.is_over = sign == b"]"
                yield start, token.start(), position
                start = position
                if self.is_over:
                    break
        self._looked = len(buffer) - start


def _string_end(buffer: bytearray, start: int) -> int:
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
