"""Chance that repeats itself: the same names give the same dice."""

from __future__ import annotations

import string
from random import Random

BASE62 = string.digits + string.ascii_uppercase + string.ascii_lowercase


def dice(*names: object) -> Random:
    """A random generator for one purpose, whose rolls depend on nothing but these names."""
    return Random(" ".join(map(str, names)))  # noqa: S311 (guards nothing)


def make_id(rng: Random, prefix: str) -> str:
    """An id as the API makes them, for instance `msgbatch_01` and 22 more characters."""
    return prefix + "01" + "".join(rng.choices(BASE62, k=22))
