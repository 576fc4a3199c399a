"""Reads JSON that a strict parser refuses, as far as there is sense in it."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from typing import Any

import msgspec

DEPTH = 100
"""Values nested deeper than this are replaced by a note: what walks a value shall not run out of stack."""
DIGITS = 4000
"""Python refuses to read longer integers; they are kept as text."""
TOO_DEEP = b'"\xe2\x80\xa6 nested too deep to show"'

# A string that never ends matches to the end: otherwise each quote in it would be tried as a beginning.
_TOKEN = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)|[\[{]|[\]}]', re.DOTALL)


def loads(line: bytes) -> Any:  # noqa: ANN401 - any JSON value
    """The value of one line, tolerantly.

    NaN and Infinity, lone surrogates, control characters in strings, bytes that are not UTF-8, a byte
    order mark, numbers of thousands of digits (kept as text) and nesting thousands deep are accepted.

    Raises:
        ValueError: It is not JSON however one looks at it.
    """
    if line.count(b"[") + line.count(b"{") > DEPTH:
        line = _flatten(line)
    with suppress(msgspec.DecodeError, UnicodeDecodeError):
        return _decode_strictly(line)
    return _DECODER.decode(line.decode("utf-8-sig", "replace").strip())


def _integer(digits: str) -> int | str:
    return int(digits) if len(digits) <= DIGITS else digits


_decode_strictly = msgspec.json.Decoder().decode
_DECODER = json.JSONDecoder(strict=False, parse_int=_integer)


def _flatten(line: bytes) -> bytes:
    """The line with whatever is nested deeper than `DEPTH` replaced by a note."""
    kept: list[bytes] = []
    depth = copied = 0
    for token in _TOKEN.finditer(line):
        sign = token[0]
        if sign in b"[{":
            depth += 1
            if depth == DEPTH + 1:
                kept.append(line[copied : token.start()] + TOO_DEEP)
        elif sign in b"]}":
            depth -= 1
            if depth == DEPTH:
                copied = token.end()
    if depth <= DEPTH:
        kept.append(line[copied:])
    return b"".join(kept)


def as_object(value: object) -> dict[str, Any]:
    """The value if it is a JSON object, else an empty one."""
    return value if isinstance(value, dict) else {}


def as_text(value: object) -> str:
    """The value if it is a text, else an empty one."""
    return value if isinstance(value, str) else ""
