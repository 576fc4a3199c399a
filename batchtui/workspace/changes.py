"""What a call to the API changed in the known batches."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Self

from batchtui.cache import Batch


@dataclass(frozen=True, slots=True)
class Changes:
    """What a call to the API changed in what we know.

    Attributes:
        changed: Batches that are new or differ from what was known.
        removed: Ids that the server no longer has and nothing here keeps.
    """

    changed: list[Batch] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)

    def only(self, ids: Collection[str]) -> Changes:
        """What changed of some batches."""
        return Changes([b for b in self.changed if b.id in ids], [i for i in self.removed if i in ids])

    def without(self, ids: Collection[str]) -> Changes:
        """What changed of all others."""
        return Changes(
            [b for b in self.changed if b.id not in ids], [i for i in self.removed if i not in ids]
        )

    def __add__(self, more: Self) -> Changes:
        return Changes(self.changed + more.changed, self.removed + more.removed)
