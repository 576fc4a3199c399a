"""Poll batches until they have ended, however long the network is down."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from batchtui.api import ApiError, StatusError
from batchtui.api.retry import WATCH_BACKOFF, is_retryable

if TYPE_CHECKING:
    from batchtui.cache import Batch
    from batchtui.workspace.batch_list import BatchList

FIRST_SECONDS = WATCH_BACKOFF.initial
IDLE_FACTOR = 1.25
"""While nothing changes, each poll interval is this many times the last."""
LONGEST_IDLE_SECONDS = 60.0
MAX_RETRIEVES = 3
"""More batches than this are polled by one list call; only those missing from it are retrieved."""


@dataclass(frozen=True, slots=True)
class PollResult:
    """The state of the watched batches.

    Attributes:
        batches: All watched batches that exist.
        changed: Batches whose status or counts changed since the last poll.
        gone: Ids of batches that were found to be deleted.
    """

    batches: Sequence[Batch]
    changed: Sequence[Batch]
    gone: Sequence[str]


@dataclass(frozen=True, slots=True)
class PollFailure:
    """A poll failed, or a batch was not found for now.

    Attributes:
        reason: One sentence.
        seconds: Wait until the next poll.
    """

    reason: str
    seconds: float


async def watch(
    batch_list: BatchList, batch_ids: Sequence[str], interval: float | None = None
) -> AsyncIterator[PollResult | PollFailure]:
    """Poll batches until all have ended or are gone.

    Args:
        batch_list: The workspace's batches.
        batch_ids: The batches to watch.
        interval: Seconds between polls; by default 5, backing off to 60 while nothing changes.

    Raises:
        StatusError: The server refused in a way that a retry cannot fix, such as a bad key.
    """
    latest: dict[str, Batch] = {}
    left, gone, missing = list(dict.fromkeys(batch_ids)), set[str](), set[str]()
    pause, failures = interval or FIRST_SECONDS, 0
    while True:
        try:
            await _poll(batch_list, left)
        except ApiError as error:
            if isinstance(error, StatusError) and not is_retryable(error):
                raise
            failures += 1
            seconds = replace(WATCH_BACKOFF, initial=pause).seconds(failures, error)
            yield PollFailure(str(error), seconds)
            await asyncio.sleep(seconds)
            continue
        failures = 0
        found = {batch_id: batch_list.last_known(batch_id) for batch_id in left}
        now_gone = [batch_id for batch_id, batch in found.items() if batch is None or batch.gone_at]
        gone.update(now_gone)
        present = {batch_id: batch for batch_id, batch in found.items() if batch and not batch.gone_at}
        changed = [batch for batch_id, batch in present.items() if _differs(latest.get(batch_id), batch)]
        latest |= present
        yield PollResult([b for i, b in latest.items() if i not in gone], changed, now_gone)
        left = [batch_id for batch_id, batch in present.items() if not batch.is_ended]
        if not left:
            return
        if interval is None:
            pause = FIRST_SECONDS if changed else min(pause * IDLE_FACTOR, LONGEST_IDLE_SECONDS)
        now_missing = {batch_id for batch_id in left if batch_list.is_missing(batch_id)}
        for batch_id in sorted(now_missing - missing):
            yield PollFailure(f"{batch_id} was not found. Checking whether it was deleted.", pause)
        missing = now_missing
        await asyncio.sleep(pause)


async def _poll(batch_list: BatchList, batch_ids: Sequence[str]) -> None:
    """Update all batches in as few calls as possible."""
    started = time.time()
    if len(batch_ids) > MAX_RETRIEVES:
        await batch_list.refresh()
    for batch_id in batch_ids:
        batch = batch_list.last_known(batch_id)
        if batch is None or (batch.seen_at < started and batch.gone_at is None):
            await batch_list.update(batch_id)


def _differs(before: Batch | None, now: Batch) -> bool:
    return before is None or (before.status, before.counts) != (now.status, now.counts)
