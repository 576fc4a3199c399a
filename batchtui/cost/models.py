"""Model names."""

from __future__ import annotations

import re
from functools import lru_cache

_VERSION = re.compile(r"claude-(?:[a-z]+-)?(\d{1,2})(?:[-.](\d{1,2}))?(?!\d)")
NEWEST = (99, 0)


@lru_cache(maxsize=256)
def version_of(model: str) -> tuple[int, int]:
    """Return the version of a model, such as (4, 6); `NEWEST` if the name has none."""
    match = _VERSION.match(model)
    return (int(match[1]), int(match[2] or 0)) if match else NEWEST
