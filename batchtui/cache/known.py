"""Batches in memory, written through to the cache on disk.

Changes are detected against memory, not the disk, because other processes share the disk but not what they
have displayed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import cached_property

from batchtui.cache.batches import BatchCache
from batchtui.cache.records import Batch

_STATUS_ORDER = {"in_progress": 0, "canceling": 1, "ended": 2}


class KnownBatches:
    """Batches of one workspace.

    Args:
        cache: Storage between runs.
    """

    def __init__(self, cache: BatchCache) -> None:
        self._cache = cache
        self._wires: dict[str, str] = {}
        self._deleted: set[str] = set()

    @cached_property
    def _batches(self) -> dict[str, Batch]:
        return {batch.id: batch for batch in self._cache.newest()}

    def newest(self) -> list[Batch]:
        """Return all batches, newest first."""
        return sorted(self._batches.values(), key=lambda batch: (-batch.created_at, batch.id))

    def get(self, batch_id: str) -> Batch | None:
        """Return a batch if it is known."""
        return self._batches.get(batch_id)

    def wire(self, batch_id: str) -> str | None:
        """Return the JSON of a batch as the server last sent it."""
        return self._wires.get(batch_id) or self._cache.wire(batch_id)

    def between(self, newer_than: float, older_than: float) -> list[Batch]:
        """Return the batches created strictly between two times, newest first."""
        return [batch for batch in self.newest() if newer_than < batch.created_at < older_than]

    def running(self) -> list[Batch]:
        """Return the batches that have not ended, newest first."""
        return [batch for batch in self.newest() if not batch.is_ended and batch.gone_at is None]

    def merge(self, received: Sequence[tuple[Batch, str]]) -> list[Batch]:
        """Merge batches from the server, each with its JSON, and return those that changed.

        Outdated responses are ignored: a batch never returns to an earlier status, and deleted batches
        never reappear.
        """
        current = [(batch, wire) for batch, wire in received if not self._is_outdated(batch)]
        changed = [batch for batch, _ in current if _has_changed(self.get(batch.id), batch)]
        self._batches.update((batch.id, batch) for batch, _ in current)
        self._wires.update((batch.id, wire) for batch, wire in current)
        self._cache.store(current)
        return changed

    def drop(
        self, ids: Iterable[str], now: float, keep: Callable[[str], bool]
    ) -> tuple[list[Batch], list[str]]:
        """Remove batches that are gone from the server.

        Args:
            ids: The batches.
            now: Time in seconds since the epoch.
            keep: Returns whether to keep a batch and mark it as gone instead.

        Returns:
            The kept batches, and the IDs of the removed ones.
        """
        known = [batch for batch in map(self.get, ids) if batch and batch.gone_at is None]
        kept = [replace(batch, gone_at=now) for batch in known if keep(batch.id)]
        kept_ids = {batch.id for batch in kept}
        removed = [batch.id for batch in known if batch.id not in kept_ids]
        self._batches.update((batch.id, batch) for batch in kept)
        for batch_id in removed:
            del self._batches[batch_id]
        self._cache.mark_gone(kept_ids, now)
        self._cache.forget(removed)
        return kept, removed

    def mark_deleted(self, batch_id: str) -> None:
        """Remember that a batch was deleted by this process, so that late responses do not restore it."""
        self._deleted.add(batch_id)

    def _is_outdated(self, batch: Batch) -> bool:
        if batch.id in self._deleted:
            return True
        known = self.get(batch.id)
        return known is not None and _STATUS_ORDER.get(batch.status, 0) < _STATUS_ORDER.get(known.status, 0)


def _has_changed(before: Batch | None, now: Batch) -> bool:
    return before is None or replace(before, seen_at=now.seen_at) != now
