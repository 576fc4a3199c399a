"""A batch whose state is a function of time."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING, Any, NamedTuple

from batchtui.sandbox.clock import DAY, rfc3339

if TYPE_CHECKING:
    from collections.abc import Sequence

    from batchtui.sandbox.submission import Submitted

# Seconds from creation. Source: public API guide, "Batch processing".
EXPIRES_AFTER = DAY
ARCHIVED_AFTER = 29 * DAY
WAVES = 5
WAVE_HEIGHT = 0.7


class Counts(NamedTuple):
    """Request counts of a batch by state."""

    processing: int
    succeeded: int
    errored: int
    canceled: int
    expired: int


@dataclasses.dataclass(eq=False)
class Batch:
    """A batch. Its state is a pure function of these fields and the time, in seconds since the epoch.

    Args:
        id: The batch ID.
        size: Number of requests.
        created_at: Creation time.
        duration: Seconds until the last request is done if the batch is not canceled and does not expire.
        errored: Number of requests that fail if all are processed.
        job: Kind of work, a name for `load_job`.
        cancel_at: When cancellation was requested, if it was.
        submitted: The requests, if a client created this batch.
        listed_at: When it first appears in lists, if later than its creation.
    """

    id: str
    size: int
    created_at: float
    duration: float
    errored: int
    job: str
    cancel_at: float | None = None
    submitted: Sequence[Submitted] | None = None
    listed_at: float = 0.0

    @property
    def expires_at(self) -> float:
        """When unprocessed requests expire."""
        return self.created_at + EXPIRES_AFTER

    @property
    def ends_at(self) -> float:
        """When the batch ends: completed, canceled or expired."""
        ends = [self.created_at + self.duration, self.expires_at]
        if self.cancel_at is not None:
            # Requests in progress are completed; a large batch has more of them.
            ends.append(self.cancel_at + 10 + self.size / 500)
        return min(ends)

    def status(self, now: float) -> str:
        """Return `in_progress`, `canceling` or `ended`."""
        if now >= self.ends_at:
            return "ended"
        return "in_progress" if self.cancel_at is None else "canceling"

    def is_archived(self, now: float) -> bool:
        """Return whether the results have been removed."""
        return now >= self.created_at + ARCHIVED_AFTER

    def counts(self, now: float) -> Counts:
        """Return the actual counts. They add up to the size and never decrease, except `processing`."""
        done = self._fraction_done(min(now, self.ends_at))
        succeeded, errored = int((self.size - self.errored) * done), int(self.errored * done)
        rest = self.size - succeeded - errored
        if now < self.ends_at:
            return Counts(rest, succeeded, errored, 0, 0)
        if self.cancel_at is not None:
            return Counts(0, succeeded, errored, rest, 0)
        return Counts(0, succeeded, errored, 0, rest)

    def _fraction_done(self, now: float) -> float:
        """Return the progress from 0 to 1, at a speed that varies like a shared queue's."""
        if now >= self.created_at + self.duration:
            return 1.0
        linear, turn = max(0.0, now - self.created_at) / self.duration, 2 * math.pi * WAVES
        return linear - WAVE_HEIGHT * math.sin(turn * linear) / turn

    def to_wire(self, now: float, base_url: str, *, live_counts: bool) -> dict[str, Any]:
        """Return the API's MessageBatch object.

        Args:
            now: Seconds since the epoch.
            base_url: The server's base URL, for `results_url`.
            live_counts: Whether counts change before the batch ends.
        """
        status = self.status(now)
        ended, archived = status == "ended", self.is_archived(now)
        counts = self.counts(now) if ended or live_counts else Counts(self.size, 0, 0, 0, 0)
        return {
            "id": self.id,
            "type": "message_batch",
            "processing_status": status,
            "request_counts": counts._asdict(),
            "ended_at": rfc3339(self.ends_at if ended else None),
            "created_at": rfc3339(self.created_at),
            "expires_at": rfc3339(self.expires_at),
            "archived_at": rfc3339(self.created_at + ARCHIVED_AFTER if archived else None),
            "cancel_initiated_at": rfc3339(self.cancel_at),
            "results_url": f"{base_url}/v1/messages/batches/{self.id}/results"
            if ended and not archived
            else None,
        }
