"""Checks long strings of a request in place, so that a line of 256 MB is not decoded into memory.

Python stores a string with one emoji at four bytes a character: a long line would take five times its size.
"""

from __future__ import annotations

import codecs
import re

LONG_LINE = 1024 * 1024
"""Shorter lines are decoded as a whole."""
LONG_TEXT = 64 * 1024
CHUNK = 1024 * 1024

_TEXT = re.compile(
    rb'"[^"\\\x00-\x1f]*+(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\x00-\x1f]*+)*+"',
)
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")


def shorten_texts(raw: bytes) -> tuple[bytes, dict[str, int]]:
    """Replace the long strings of a line by short placeholders.

    Only valid JSON strings are replaced; the rest is left to the decoder.

    Returns:
        The shortened line, and the bytes that each placeholder stands for.

    Raises:
        UnicodeDecodeError: A long string is not UTF-8.
    """
    lengths: dict[str, int] = {}
    short, copied = bytearray(), 0
    for text in _TEXT.finditer(raw):
        start, end = text.span()
        # The decoder checks that surrogates are paired.
        if end - start <= LONG_TEXT or _SURROGATE.search(raw, start, end):
            continue
        _check_utf8(raw, start, end)
        placeholder = f"(long text {len(lengths) + 1})"
        lengths[placeholder] = end - start - 2
        short += memoryview(raw)[copied:start]
        short += f'"{placeholder}"'.encode()
        copied = end
    if not lengths:
        return raw, lengths
    short += memoryview(raw)[copied:]
    return bytes(short), lengths


def _check_utf8(raw: bytes, start: int, end: int) -> None:
    decoder = codecs.getincrementaldecoder("utf-8")()
    view = memoryview(raw)
    for position in range(start, end, CHUNK):
        decoder.decode(view[position : min(position + CHUNK, end)])
    decoder.decode(b"", final=True)
