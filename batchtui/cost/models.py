"""What the name of a model tells."""

from __future__ import annotations

import re
from functools import lru_cache

_VERSION = re.compile(r"claude-(?:[a-z]+-)?(\d{1,2})(?:[-.](\d{1,2}))?(?!\d)")
NEWEST = (99, 0)


@lru_cache(maxsize=256)
def version_of(model: str) -> tuple[int, int]:
    """The version of a model, such as (4, 6); of one without a version that can be read, `NEWEST`."""
    found = _VERSION.match(model)
    return (int(found[1]), int(found[2] or 0)) if found else NEWEST
