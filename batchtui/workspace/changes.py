"""Changes to the known batches."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Self

from batchtui.cache import Batch


@dataclass(frozen=True, slots=True)
class Changes:
    """Changes that an API call made to the known batches.

    Attributes:
        changed: New and updated batches.
        removed: Ids of batches that were deleted on the server and have no saved results.
    """

    changed: list[Batch] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)

    def only(self, ids: Collection[str]) -> Changes:
        """Return the changes to these batches."""
        return Changes([b for b in self.changed if b.id in ids], [i for i in self.removed if i in ids])

    def without(self, ids: Collection[str]) -> Changes:
        """Return the changes to all other batches."""
        return Changes(
            [b for b in self.changed if b.id not in ids], [i for i in self.removed if i not in ids]
        )

    def __add__(self, more: Self) -> Changes:
        return Changes(self.changed + more.changed, self.removed + more.removed)
