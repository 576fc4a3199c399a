"""What this process knows of batches: held in memory, written through to the disk.

The disk is shared with other processes; what each of them has shown to its person is not. So what is new
is told by comparing with memory, never with the disk.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import cached_property

from batchtui.cache.batches import BatchCache
from batchtui.cache.records import Batch

_STAGES = {"in_progress": 0, "canceling": 1, "ended": 2}


class KnownBatches:
    """Batches by id.

    Args:
        cache: Where they are kept between runs.
    """

    def __init__(self, cache: BatchCache) -> None:
        self._cache = cache
        self._wires: dict[str, str] = {}
        self._deleted: set[str] = set()

    @cached_property
    def _batches(self) -> dict[str, Batch]:
        return {batch.id: batch for batch in self._cache.newest()}

    def newest(self) -> list[Batch]:
        """All of them, newest first."""
        return sorted(self._batches.values(), key=lambda batch: (-batch.created_at, batch.id))

    def get(self, batch_id: str) -> Batch | None:
        """One of them."""
        return self._batches.get(batch_id)

    def wire(self, batch_id: str) -> str | None:
        """The JSON object of a batch as the server sent it last."""
        return self._wires.get(batch_id) or self._cache.wire(batch_id)

    def between(self, newer_than: float, older_than: float) -> list[Batch]:
        """Those created strictly between two times, newest first."""
        return [batch for batch in self.newest() if newer_than < batch.created_at < older_than]

    def running(self) -> list[Batch]:
        """Those that had not ended when last seen, newest first."""
        return [batch for batch in self.newest() if not batch.is_ended and batch.gone_at is None]

    def learn(self, told: Sequence[tuple[Batch, str]]) -> list[Batch]:
        """Takes in what the server says, each batch with its JSON; answers those that differ from before.

        An answer that was overtaken by a newer one is not believed: no batch goes back a stage, and none
        that was deleted here comes back.
        """
        news = [(batch, wire) for batch, wire in told if not self._is_overtaken(batch)]
        changed = [batch for batch, _ in news if _differs(self.get(batch.id), batch)]
        self._batches.update((batch.id, batch) for batch, _ in news)
        self._wires.update((batch.id, wire) for batch, wire in news)
        self._cache.store(news)
        return changed

    def drop(
        self, ids: Iterable[str], now: float, keep: Callable[[str], bool]
    ) -> tuple[list[Batch], list[str]]:
        """Forgets batches that the server no longer has.

        Args:
            ids: Which ones.
            now: When that was found out, in seconds since the epoch.
            keep: Whether a batch stays known all the same, as one that is gone.

        Returns:
            Those that are kept, and the ids of those that are not.
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

    def note_deleted(self, batch_id: str) -> None:
        """Remembers that a batch was deleted here, whatever answers to older questions may still say."""
        self._deleted.add(batch_id)

    def _is_overtaken(self, batch: Batch) -> bool:
        known = self.get(batch.id)
        if batch.id in self._deleted:
            return True
        return known is not None and _STAGES.get(batch.status, 0) < _STAGES.get(known.status, 0)


def _differs(known: Batch | None, now: Batch) -> bool:
    return known is None or replace(known, seen_at=now.seen_at) != now
