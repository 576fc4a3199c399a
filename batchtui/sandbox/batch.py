"""One batch: the facts that never change, and what follows from them at any moment."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING, Any, NamedTuple

from batchtui.sandbox.clock import DAY, rfc3339

if TYPE_CHECKING:
    from collections.abc import Sequence

    from batchtui.sandbox.submission import Submitted

# Public API guide, "Batch processing": unprocessed requests expire after 24 hours, results stay for 29 days,
# both from the creation of the batch.
EXPIRES_AFTER = DAY
ARCHIVED_AFTER = 29 * DAY
WAVES = 5
WAVE_HEIGHT = 0.7


class Counts(NamedTuple):
    """How many requests of a batch are in which state."""

    processing: int
    succeeded: int
    errored: int
    canceled: int
    expired: int


@dataclasses.dataclass(eq=False)
class Batch:
    """The facts of one batch. Everything else is a pure function of them and the time.

    Args:
        id: The batch's id.
        size: How many requests it has.
        created_at: Seconds since 1970.
        duration: Seconds until the last request is done if nothing stops the batch before.
        errored: How many of the requests fail if they are all processed.
        job: The kind of work its requests asked for, a name in `content.JOBS`.
        cancel_at: When cancellation was asked for, if it was.
        submitted: The requests, if a client created this batch.
        listed_at: When it can be seen first, if that is later than its creation.
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
        """When whatever is still unprocessed expires."""
        return self.created_at + EXPIRES_AFTER

    @property
    def ends_at(self) -> float:
        """When the batch ends, in whichever way."""
        ends = [self.created_at + self.duration, self.expires_at]
        if self.cancel_at is not None:
            # Requests already on their way are still finished, more of them in a large batch.
            ends.append(self.cancel_at + 10 + self.size / 500)
        return min(ends)

    def status(self, now: float) -> str:
        """`in_progress`, `canceling` or `ended`."""
        if now >= self.ends_at:
            return "ended"
        return "in_progress" if self.cancel_at is None else "canceling"

    def is_archived(self, now: float) -> bool:
        """Whether the results are gone because of their age."""
        return now >= self.created_at + ARCHIVED_AFTER

    def counts(self, now: float) -> Counts:
        """The five counts, as truth has them. They add up to the size and never go back."""
        done = self._fraction_done(min(now, self.ends_at))
        succeeded, errored = int((self.size - self.errored) * done), int(self.errored * done)
        rest = self.size - succeeded - errored
        if now < self.ends_at:
            return Counts(rest, succeeded, errored, 0, 0)
        if self.cancel_at is not None:
            return Counts(0, succeeded, errored, rest, 0)
        return Counts(0, succeeded, errored, 0, rest)

    def _fraction_done(self, moment: float) -> float:
        """From 0 to 1: faster and slower by turns, as a queue that others use too."""
        if moment >= self.created_at + self.duration:
            return 1.0
        linear, turn = max(0.0, moment - self.created_at) / self.duration, 2 * math.pi * WAVES
        return linear - WAVE_HEIGHT * math.sin(turn * linear) / turn

    def to_wire(self, now: float, base_url: str, *, live_counts: bool) -> dict[str, Any]:
        """The MessageBatch object of the API.

        Args:
            now: Seconds since 1970.
            base_url: Where clients reach the server, for `results_url`.
            live_counts: Whether counts move before the batch ends.
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
