"""Follows batches to their end, through losses of the network that last for hours."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from batchtui.api import ApiError, StatusError
from batchtui.api.retry import WATCH_BACKOFF, is_retryable

if TYPE_CHECKING:
    from batchtui.cache import Batch
    from batchtui.workspace.changes import Changes

FIRST_SECONDS = WATCH_BACKOFF.initial
SLOWEST_SECONDS = 60.0
SLOWER = 1.25
"""While nothing changes, each wait is so many times the one before."""
MOST_SINGLY = 3
"""More batches than that are asked about by one list call, and singly only where it does not tell of them."""


class Watched(Protocol):
    """What a watch needs of a workspace."""

    async def refresh(self) -> Changes:
        """One list call."""

    async def update(self, batch_id: str) -> Changes:
        """Asks about one batch."""

    def seen(self, batch_id: str) -> Batch | None:
        """A batch as it was last seen."""

    def is_missing(self, batch_id: str) -> bool:
        """Whether the server did not have a known batch when asked last, and it is being looked for again."""


@dataclass(frozen=True, slots=True)
class Looked:
    """A look at the batches.

    Attributes:
        batches: All that are watched and still there, as they are now.
        changed: Those that are new or differ from the look before.
        gone: Ids that the server no longer has.
    """

    batches: Sequence[Batch]
    changed: Sequence[Batch]
    gone: Sequence[str]


@dataclass(frozen=True, slots=True)
class Waiting:
    """The server could not be asked, or did not have a batch that was there before.

    Attributes:
        why: One sentence.
        seconds: Until it is asked again.
    """

    why: str
    seconds: float


async def watch(
    workspace: Watched, batch_ids: Sequence[str], interval: float | None = None
) -> AsyncIterator[Looked | Waiting]:
    """Looks at batches until all have ended or are gone.

    Args:
        workspace: Where they are.
        batch_ids: Which ones.
        interval: Seconds between two looks; ever more, up to a minute, while nothing changes by default.

    Raises:
        StatusError: The server said no in a way that waiting cannot mend, such as to the key.
    """
    known: dict[str, Batch] = {}
    left, gone, missing = list(dict.fromkeys(batch_ids)), set[str](), set[str]()
    pause, failures = interval or FIRST_SECONDS, 0
    while True:
        try:
            await _look(workspace, left)
        except ApiError as error:
            if isinstance(error, StatusError) and not is_retryable(error):
                raise
            failures += 1
            seconds = replace(WATCH_BACKOFF, initial=pause).seconds(failures, error)
            yield Waiting(str(error), seconds)
            await asyncio.sleep(seconds)
            continue
        failures = 0
        seen = {batch_id: workspace.seen(batch_id) for batch_id in left}
        now_gone = [batch_id for batch_id, batch in seen.items() if batch is None or batch.gone_at]
        gone.update(now_gone)
        here = {batch_id: batch for batch_id, batch in seen.items() if batch and not batch.gone_at}
        changed = [batch for batch_id, batch in here.items() if _differs(known.get(batch_id), batch)]
        known |= here
        yield Looked([b for i, b in known.items() if i not in gone], changed, now_gone)
        left = [batch_id for batch_id, batch in here.items() if not batch.is_ended]
        if not left:
            return
        if interval is None:
            pause = FIRST_SECONDS if changed else min(pause * SLOWER, SLOWEST_SECONDS)
        now_missing = {batch_id for batch_id in left if workspace.is_missing(batch_id)}
        for batch_id in sorted(now_missing - missing):
            yield Waiting(f"{batch_id} was not found. It counts as deleted if that stays so.", pause)
        missing = now_missing
        await asyncio.sleep(pause)


async def _look(workspace: Watched, batch_ids: Sequence[str]) -> None:
    """Asks about all of them in as few calls as can be."""
    began = time.time()
    if len(batch_ids) > MOST_SINGLY:
        await workspace.refresh()
    for batch_id in batch_ids:
        batch = workspace.seen(batch_id)
        if batch is None or (batch.seen_at < began and batch.gone_at is None):
            await workspace.update(batch_id)


def _differs(before: Batch | None, now: Batch) -> bool:
    return before is None or (before.status, before.counts) != (now.status, now.counts)
