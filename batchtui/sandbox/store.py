"""The batches of the sandbox's one workspace, newest first."""

from __future__ import annotations

import bisect
from typing import TYPE_CHECKING, NamedTuple

from batchtui.sandbox.batch import Batch
from batchtui.sandbox.errors import invalid_request, not_found

if TYPE_CHECKING:
    from collections.abc import Callable


class Page(NamedTuple):
    """One page of batches, newest first, and whether there are more in the requested direction."""

    batches: list[Batch]
    has_more: bool


class Store:
    """Batches in memory, with the API's rules for listing, canceling and deleting them.

    Args:
        batches: The initial batches, in any order.
        now: Returns the current time, to hide batches that are not listed yet.
    """

    def __init__(self, batches: list[Batch], now: Callable[[], float]) -> None:
        self._now = now
        self._batches = sorted(batches, key=_newest_first)
        self._by_id = {batch.id: batch for batch in batches}

    def add(self, batch: Batch) -> None:
        """Add a batch."""
        bisect.insort(self._batches, batch, key=_newest_first)
        self._by_id[batch.id] = batch

    def get(self, batch_id: str) -> Batch:
        """Return the batch with this ID.

        Raises:
            ApiError: Not found.
        """
        batch = self._by_id.get(batch_id)
        if batch is None or batch.listed_at > self._now():
            raise not_found(f"Message Batch '{batch_id}' not found.")
        return batch

    def page(self, limit: int, after_id: str | None, before_id: str | None) -> Page:
        """Return one page of the list.

        Args:
            limit: Page size.
            after_id: Return the batches just older than this one.
            before_id: Return the batches just newer than this one.

        Raises:
            ApiError: Both cursors are given, or the batch is not found. It is unconfirmed that the API
                returns 404 for unknown cursors.
        """
        if after_id is not None and before_id is not None:
            raise invalid_request("Only one of `after_id` and `before_id` may be given.")
        now = self._now()
        listed = [batch for batch in self._batches if batch.listed_at <= now]
        if before_id is not None:
            newer = listed[: listed.index(self.get(before_id))]
            return Page(newer[-limit:], len(newer) > limit)
        start = 0 if after_id is None else listed.index(self.get(after_id)) + 1
        older = listed[start:]
        return Page(older[:limit], len(older) > limit)

    def cancel(self, batch_id: str, now: float) -> Batch:
        """Start canceling a batch, if it is not canceling already.

        Raises:
            ApiError: Not found, or ended. It is unconfirmed that the API returns 400 for ended batches.
        """
        batch = self.get(batch_id)
        if batch.status(now) == "ended":
            raise invalid_request(f"Message Batch '{batch_id}' has ended and can no longer be canceled.")
        if batch.cancel_at is None:
            batch.cancel_at = now
        return batch

    def delete(self, batch_id: str, now: float) -> None:
        """Delete an ended batch.

        Raises:
            ApiError: Not found, or not ended.
        """
        batch = self.get(batch_id)
        if batch.status(now) != "ended":
            raise invalid_request(
                f"Message Batch '{batch_id}' is still processing; cancel it before deleting it."
            )
        del self._by_id[batch_id]
        self._batches.remove(batch)


def _newest_first(batch: Batch) -> tuple[float, str]:
    return (-batch.created_at, batch.id)
