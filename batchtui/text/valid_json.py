"""JSON that every reader accepts."""

from __future__ import annotations

import json
import math


def valid_json(value: object, *, is_ascii: bool = True) -> str:
    """Write a value on one line of JSON; numbers that JSON does not have, NaN and the infinities, are null.

    Args:
        value: What `json.loads` may return.
        is_ascii: Whether other characters are escaped; then blanks follow commas and colons too.
    """
    separators = None if is_ascii else (",", ":")
    try:
        return json.dumps(value, ensure_ascii=is_ascii, separators=separators, allow_nan=False)
    except ValueError:
        return json.dumps(_finite(value), ensure_ascii=is_ascii, separators=separators, allow_nan=False)


def _finite(value: object) -> object:
    if isinstance(value, dict):
        return {key: _finite(member) for key, member in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(member) for member in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
