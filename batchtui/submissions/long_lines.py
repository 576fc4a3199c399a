"""Checks long texts of a request in place, so that a line of 256 MB is not held again as text.

A text of a few emoji takes four bytes a character in Python: a long line would be held five times.
"""

from __future__ import annotations

import codecs
import re

LONG_LINE = 1024 * 1024
"""Shorter lines are decoded as they are."""
LONG_TEXT = 64 * 1024
CHUNK = 1024 * 1024

_TEXT = re.compile(
    rb'"[^"\\\x00-\x1f]*+(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\x00-\x1f]*+)*+"',
)
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")


def shorten_texts(raw: bytes) -> tuple[bytes, dict[str, int]]:
    """The line with a word in place of each long text, and how many bytes each word stands for.

    Only texts that are JSON are replaced; for all else the line must still be decoded.

    Raises:
        UnicodeDecodeError: A long text is not UTF-8.
    """
    lengths: dict[str, int] = {}
    short, copied = bytearray(), 0
    for text in _TEXT.finditer(raw):
        start, end = text.span()
        # Whether surrogates come in pairs is left to the decoder.
        if end - start <= LONG_TEXT or _SURROGATE.search(raw, start, end):
            continue
        _check_utf8(raw, start, end)
        word = f"(long text {len(lengths) + 1})"
        lengths[word] = end - start - 2
        short += memoryview(raw)[copied:start]
        short += f'"{word}"'.encode()
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
