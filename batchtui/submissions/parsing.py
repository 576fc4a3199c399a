"""Splits a request file into requests in bounded memory: JSON lines, an array, or the body of a create."""

from __future__ import annotations

import re
from collections.abc import Iterator
from io import BufferedReader
from pathlib import Path
from typing import NamedTuple

import msgspec

from batchtui.submissions.opening import foreign_errors, open_requests
from batchtui.text import shorten

MAX_REQUEST_BYTES = 255_999_985
"""Longer requests do not fit into a batch of 256 MB; bytes beyond it are skipped."""
READ_BYTES = 1024 * 1024
MAX_READ_BYTES = 16 * 1024 * 1024
PEEK_BYTES = 4096
"""Bytes at the start of a file that are read to detect its format."""
SHOWN_BYTES = 80
NAME_CHARS = 40
PRETTY_PRINTED = (
    "an object starts here and does not end on this line; the file looks pretty-printed; "
    "write each request on one line, for example with `jq -c .`"
)
BOM = b"\xef\xbb\xbf"
BACKSLASH = 0x5C

_decode = msgspec.json.Decoder(msgspec.Raw).decode
_NAME = rb'"(?P<name>[^"\\]*+(?:\\.[^"\\]*+)*+)"\s*+:\s*+'
_SIMPLE = rb'(?:"[^"\\]*+(?:\\.[^"\\]*+)*+"|[^\s"\[\]{},]++)\s*+'
_UNNAMED = _NAME.replace(rb"?P<name>", b"?:")
_KEY = re.compile(_NAME + _SIMPLE + b",")
_NEXT_KEY = re.compile(rb",\s*" + _NAME)
# A body has only `requests`; other simple values before it are matched to be reported by name.
_BODY_START = re.compile(
    rb'\s*+(?:\{\s*+(?P<others>(?:(?!"requests"\s*:)'
    + _UNNAMED
    + _SIMPLE
    + rb',\s*+)*+)"requests"\s*+:\s*+)?\['
)
# Short strings match as a whole, to skip brackets inside of them. A lone quote starts a longer string, whose
# end is found four times faster by searching for the next quote.
_TOKEN = re.compile(rb'"[^"\\]{0,60}"|["{}\[\],]')


class Item(NamedTuple):
    """A request, valid or not, or an error of the file.

    Attributes:
        line: The line that it starts on, from 1.
        raw: Its bytes; only the start, if it is longer than `MAX_REQUEST_BYTES`.
        error: What is wrong with the file here, if anything was found already.
    """

    line: int
    raw: bytes
    error: str = ""


def read_items(path: Path) -> Iterator[Item]:
    """Return the requests of a file in order; blank lines are skipped.

    Raises:
        OSError: It cannot be read or unpacked, or was modified while it was read.
    """
    with open_requests(path) as file:
        start = file.peek(PEEK_BYTES)[:PEEK_BYTES]
        if error := foreign_errors(start):
            yield Item(0, b"", error)
        elif found := _BODY_START.match(start.removeprefix(BOM)):
            yield from _read_array(file, found, BOM if start.startswith(BOM) else b"")
        else:
            yield from _read_lines(file)


def _read_lines(file: BufferedReader) -> Iterator[Item]:
    number = 0
    while line := file.readline(MAX_REQUEST_BYTES + 1):
        number += 1
        if not line.endswith(b"\n") and len(line) > MAX_REQUEST_BYTES:
            _skip_line(file)
        if number == 1:
            line = line.removeprefix(BOM)
        is_pretty = _is_pretty_printed(line, file)
        line = line.strip()  # drop the unstripped line before the next step copies it
        if is_pretty:
            yield Item(number, b"", PRETTY_PRINTED)
            return
        if line:
            yield Item(number, line)


def _is_pretty_printed(line: bytes, file: BufferedReader) -> bool:
    """Return whether an object starts on this line and continues on the next."""
    next_line = file.peek(PEEK_BYTES)[:PEEK_BYTES].lstrip()
    if not next_line or next_line.startswith(b"{") or not line.lstrip().startswith(b"{"):
        return False
    try:
        _decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return "truncated" in str(error)
    return False


def _skip_line(file: BufferedReader) -> None:
    while (more := file.readline(READ_BYTES)) and not more.endswith(b"\n"):
        pass


def _read_array(file: BufferedReader, found: re.Match[bytes], bom: bytes) -> Iterator[Item]:
    """Split an array into its members by brackets only, without validating their JSON."""
    file.read(len(bom))
    for key in _KEY.finditer(found["others"] or b""):
        yield _unexpected(1 + found.string[: found.start("others") + key.start()].count(b"\n"), key)
    line = 1 + file.read(found.end()).count(b"\n")
    cutter, buffer = _Cutter(), bytearray()
    while not cutter.is_done:
        # Reading more each time keeps the search for the end of a long string from becoming quadratic.
        more = file.read(min(max(READ_BYTES, len(buffer)), MAX_READ_BYTES))
        if not more or len(buffer) > MAX_REQUEST_BYTES:
            yield from _member(line, bytes(memoryview(buffer)[: MAX_REQUEST_BYTES + 1]))
            if not more:
                line += buffer.count(b"\n")
                yield Item(line, b"", "the array does not end; the file may be truncated")
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
    return Item(line, b"", f'"{name}" is not allowed next to "requests"; remove it')


def _rest(line: int, file: BufferedReader, buffer: bytes, *, is_body: bool) -> Iterator[Item]:
    """Return errors for what follows the array, other than the end of the body."""
    closing = b"}" if is_body else b""
    while not (rest := buffer.lstrip().removeprefix(closing).lstrip()) and (more := file.read(READ_BYTES)):
        buffer += more
    if not rest:
        return
    line += buffer[: len(buffer) - len(rest)].count(b"\n")
    key = _NEXT_KEY.match(rest + file.read(PEEK_BYTES)) if is_body else None
    if key:
        yield _unexpected(line, key)
    else:
        yield Item(line, rest[:SHOWN_BYTES], "unexpected content after the end of the array; use one array")


class _Cutter:
    """Finds the ends of the members of an array."""

    def __init__(self) -> None:
        self.is_done = False
        self._depth = 0
        self._searched = 0

    def cut(self, buffer: bytearray) -> Iterator[tuple[int, int, int]]:
        """Return the start and end of each member in the buffer, and the start of the next one."""
        start = 0
        position = self._searched
        while token := _TOKEN.search(buffer, position):
            sign, position = token[0], token.end()
            if sign in (b"{", b"["):
                self._depth += 1
            elif sign == b'"':
                position = _string_end(buffer, position)
                if not position:
                    self._searched = token.start() - start
                    return
            elif sign in (b"}", b"]") and self._depth:
                self._depth -= 1
            elif sign in (b",", b"]") and not self._depth:
                self.is_done = sign == b"]"
                yield start, token.start(), position
                start = position
                if self.is_done:
                    break
        self._searched = len(buffer) - start


def _string_end(buffer: bytearray, start: int) -> int:
    """Return the end of the string whose text starts at `start`; 0 if it was not read yet."""
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
