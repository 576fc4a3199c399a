"""The list of batches, paged from the server without leaving gaps."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from math import inf
from typing import TYPE_CHECKING

from batchtui.api import BadRequest, NotFound
from batchtui.cache import Batch, Counts, KnownBatches
from batchtui.text import is_plain_id
from batchtui.workspace.changes import Changes

if TYPE_CHECKING:
    from datetime import datetime

    from batchtui.api import BatchesClient, BatchPage, MessageBatch

PAGE = 100
"""Batches per page: under 100 kB, and more than a screen shows."""
LARGEST_PAGE = 1000
"""The API's maximum; for walking the whole list."""
MAX_STRAGGLERS = 20
"""Running batches below the newest page that one refresh retrieves individually."""
NOT_FOUND_SECONDS = 120.0
"""How long a known batch may return 404 before it counts as deleted: the API does so for seconds after a
create, and now and then later. Source: anthropic-sdk-python#1432."""
NOT_FOUND_POLLS = 3
"""Minimum number of 404s in that time."""
CURSOR_TRIES = 5
"""Newer batches to try as the cursor when the edge was deleted."""
CURSOR_ERRORS = (NotFound, BadRequest)
"""Possible errors for a cursor whose batch was deleted; the API does not document which."""


class BatchList:
    """The batches of a workspace, as the server last returned them.

    From the *top* down to the *edge*, everything is as the server returned it in this session. Below the
    edge are cached batches, until `older` moves it down. The top moves up only once the gap below it is
    filled.

    Args:
        known: Batches in memory, backed by the disk cache.
        client: Returns the API client.
        keep: Whether to keep a batch that was deleted on the server.
        not_found_seconds: How long a known batch may return 404 before it counts as deleted.
    """

    def __init__(
        self,
        known: KnownBatches,
        client: Callable[[], BatchesClient],
        keep: Callable[[str], bool],
        not_found_seconds: float,
    ) -> None:
        self.has_older = True
        """Whether the server may have batches below the edge."""
        self._known = known
        self._client = client
        self._keep = keep
        self._not_found_seconds = not_found_seconds
        self._not_found: dict[str, tuple[float, int]] = {}
        """Known batches that returned 404: when first, and how many times since."""
        self._top: Batch | None = None
        self._edge: Batch | None = None

    async def refresh(self) -> Changes:
        """Fetch the newest batches and update all running ones; nearly always one call."""
        page = await self._client().list(limit=PAGE)
        changes, batches = self._merge_page(page)
        if self._edge is None or not batches or not page.has_more:
            self._edge, self.has_older = (batches[-1] if batches else None), page.has_more
        elif self._top and batches[-1].created_at > self._top.created_at:
            changes += await self._fill_gap(self._top, batches[-1])
        self._top = batches[0] if batches else None
        return changes + await self._update_stragglers(batches)

    async def newest(self, limit: float, status: str | None = None) -> list[Batch]:
        """Fetch the newest `limit` batches, optionally of one status."""
        await self.refresh()
        while True:
            floor = self._edge.created_at if self._edge else inf
            listed = [b for b in self._known.newest() if b.created_at >= floor and b.gone_at is None]
            found = [batch for batch in listed if status in (None, batch.status)]
            if len(found) >= limit or not self.has_older:
                return found if limit == inf else found[: int(limit)]
            await self.older(LARGEST_PAGE)

    async def older(self, limit: int = PAGE) -> Changes:
        """Fetch the next page below the edge, if there is one."""
        if self._edge is None:
            return await self.refresh()
        if not self.has_older:
            return Changes()
        page = await self._list_after(self._edge, limit)
        changes, batches = self._merge_page(page, older_than=self._edge.created_at)
        # Stop if the server returns the same page again, or this would never end.
        moved = bool(batches) and batches[-1].created_at < self._edge.created_at
        self._edge, self.has_older = batches[-1] if moved else self._edge, page.has_more and moved
        return changes

    async def retrieve(self, batch_id: str) -> tuple[Batch, Changes]:
        """Fetch one batch.

        Raises:
            NotFound: The server does not have it.
        """
        batch = await self._client().retrieve(batch_id)
        changes = self.merge([batch])
        return self._known.get(batch.id) or _record(batch), changes

    async def update(self, batch_id: str) -> Changes:
        """Fetch one batch; a known batch that returns 404 long enough is removed."""
        if not is_plain_id(batch_id):
            return Changes()  # only a list call can return it
        try:
            return (await self.retrieve(batch_id))[1]
        except NotFound:
            return self.remove([batch_id]) if self._counts_as_deleted(batch_id) else Changes()

    def last_known(self, batch_id: str) -> Batch | None:
        """Return a batch as last fetched."""
        return self._known.get(batch_id)

    def is_missing(self, batch_id: str) -> bool:
        """Whether a known batch returned 404 last time, but does not count as deleted yet."""
        return batch_id in self._not_found

    def merge(self, batches: Sequence[MessageBatch]) -> Changes:
        """Add or update batches from an API response."""
        for batch in batches:
            self._not_found.pop(batch.id, None)
        return Changes(self._known.merge([(_record(batch), batch.wire) for batch in batches]))

    def remove(self, ids: Sequence[str]) -> Changes:
        """Remove batches that the server no longer has; those to keep are marked as gone instead."""
        for batch_id in ids:
            self._not_found.pop(batch_id, None)
        return Changes(*self._known.drop(ids, time.time(), keep=self._keep))

    def _counts_as_deleted(self, batch_id: str) -> bool:
        """Record a 404 of a batch; return whether there were enough of them."""
        if self._known.get(batch_id) is None:
            return True
        now = time.monotonic()
        since, polls = self._not_found.get(batch_id, (now, 0))
        self._not_found[batch_id] = since, polls + 1
        return polls + 1 >= NOT_FOUND_POLLS and now - since >= self._not_found_seconds

    async def _fill_gap(self, top: Batch, bottom_of_new: Batch) -> Changes:
        """Fetch everything newer than the top, upwards from there, so that an error leaves no gap."""
        changes, before = Changes(), top.id
        try:
            while True:
                page = await self._client().list(limit=PAGE, before_id=before)
                more, batches = self._merge_page(page, prune=False)
                changes += more
                if not page.has_more or not batches or batches[0].id == before:
                    return changes
                before = batches[0].id
        except CURSOR_ERRORS:
            self._edge, self.has_older = bottom_of_new, True
            return changes

    async def _list_after(self, edge: Batch, limit: int) -> BatchPage:
        """Fetch the page below the edge, even if the edge itself was deleted."""
        newer = self._known.between(edge.created_at, inf)
        for cursor in (edge, *reversed(newer[-CURSOR_TRIES:])):
            with suppress(*CURSOR_ERRORS):
                return await self._client().list(limit=limit, after_id=cursor.id)
        return await self._client().list(limit=limit)

    async def _update_stragglers(self, newest_page: Sequence[Batch]) -> Changes:
        """Update running batches that are older than the newest page."""
        floor = newest_page[-1].created_at if newest_page else -inf
        running = [batch for batch in self._known.running() if batch.created_at < floor]
        changes = Changes()
        for batch in running[:MAX_STRAGGLERS]:
            changes += await self.update(batch.id)
        return changes

    def _merge_page(
        self, page: BatchPage, *, older_than: float = inf, prune: bool = True
    ) -> tuple[Changes, Sequence[Batch]]:
        """Merge a page and remove known batches that are missing from it; also return the page's batches."""
        changes = self.merge(page.data)
        batches = [_record(batch) for batch in page.data]
        floor = batches[-1].created_at if page.has_more and batches else -inf
        ids = {batch.id for batch in batches}
        absent = [b for b in self._known.between(floor, older_than) if b.id not in ids] if prune else []
        newest = max((batch.created_at for batch in batches), default=0.0)
        deleted = [b.id for b in absent if not self._may_be_unlisted(b, newest)]
        return changes + self.remove(deleted), batches

    def _may_be_unlisted(self, batch: Batch, newest_listed: float) -> bool:
        """Return whether a batch may be too new for the list.

        `created_at` is by the server's clock. This machine's may be far behind it, so it is used only to
        measure how long ago the batch was last seen.
        """
        now = max(self._client().server_time or time.time(), newest_listed)
        age = max(now - batch.created_at, time.time() - batch.seen_at)
        return age < self._not_found_seconds


def _record(batch: MessageBatch) -> Batch:
    counts = batch.request_counts
    return Batch(
        id=batch.id,
        status=batch.processing_status,
        counts=Counts(counts.processing, counts.succeeded, counts.errored, counts.canceled, counts.expired),
        created_at=batch.created_at.timestamp(),
        expires_at=batch.expires_at.timestamp(),
        ended_at=_seconds(batch.ended_at),
        cancel_initiated_at=_seconds(batch.cancel_initiated_at),
        archived_at=_seconds(batch.archived_at),
        has_results_url=batch.results_url is not None,
        seen_at=time.time(),
    )


def _seconds(when: datetime | None) -> float | None:
    return when.timestamp() if when else None
