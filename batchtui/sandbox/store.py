"""The batches of the sandbox's one workspace, newest first."""

from __future__ import annotations

import bisect
from typing import TYPE_CHECKING, NamedTuple

from batchtui.sandbox.batch import Batch
from batchtui.sandbox.errors import invalid_request, not_found

if TYPE_CHECKING:
    from collections.abc import Callable


class Page(NamedTuple):
    """Some batches, newest first, and whether there are more in the direction asked for."""

    batches: list[Batch]
    has_more: bool


class Store:
    """Keeps batches in memory, and refuses what the API refuses.

    Args:
        batches: What the workspace has at the start, in any order.
        now: Tells the time, for batches that are listed later than they are created.
    """

    def __init__(self, batches: list[Batch], now: Callable[[], float]) -> None:
        self._now = now
        self._batches = sorted(batches, key=_newest_first)
        self._by_id = {batch.id: batch for batch in batches}

    def add(self, batch: Batch) -> None:
        """Take in a new batch."""
        bisect.insort(self._batches, batch, key=_newest_first)
        self._by_id[batch.id] = batch

    def get(self, batch_id: str) -> Batch:
        """The batch with this id.

        Raises:
            ApiError: There is none.
        """
        batch = self._by_id.get(batch_id)
        if batch is None or batch.listed_at > self._now():
            raise not_found(f"Message Batch '{batch_id}' not found.")
        return batch

    def page(self, limit: int, after_id: str | None, before_id: str | None) -> Page:
        """One page of the list.

        Args:
            limit: At most so many batches.
            after_id: Only batches older than this one.
            before_id: Only batches newer than this one, those next to it.

        Raises:
            ApiError: Both cursors are given, or the one given names no batch. That an unknown cursor is
                a 404 is unconfirmed.
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
        """Begin to cancel a batch; one that is canceling already stays as it is.

        Raises:
            ApiError: There is none, or it has ended. That this is a 400 is unconfirmed.
        """
        batch = self.get(batch_id)
        if batch.status(now) == "ended":
            raise invalid_request(f"Message Batch '{batch_id}' has ended and can no longer be canceled.")
        if batch.cancel_at is None:
            batch.cancel_at = now
        return batch

    def delete(self, batch_id: str, now: float) -> None:
        """Forget a batch that has ended.

        Raises:
            ApiError: There is none, or it has not ended.
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
