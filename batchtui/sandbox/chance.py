"""Reproducible random numbers and IDs."""

from __future__ import annotations

import string
from random import Random

BASE62 = string.digits + string.ascii_uppercase + string.ascii_lowercase


def dice(*names: object) -> Random:
    """Return a random generator seeded by these names."""
    return Random(" ".join(map(str, names)))  # noqa: S311 (guards nothing)


def make_id(rng: Random, prefix: str) -> str:
    """Return an ID in the API's format, such as `msgbatch_01` and 22 more characters."""
    return prefix + "01" + "".join(rng.choices(BASE62, k=22))
