"""Plain records of batches for the screens, because importing the pydantic models takes 30 ms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

RESULTS_DAYS = 29
"""Days from creation until the server removes results. Source: public guide, Batch processing."""


class Counts(NamedTuple):
    """Request counts of a batch by state; they add up to the number of requests."""

    processing: int
    succeeded: int
    errored: int
    canceled: int
    expired: int

    @property
    def total(self) -> int:
        """Number of requests."""
        return sum(self)

    @property
    def done(self) -> int:
        """Number of requests with an outcome."""
        return self.total - self.processing

    @property
    def unsuccessful(self) -> int:
        """Number of requests that ended without a reply: errored, canceled or expired."""
        return self.errored + self.canceled + self.expired


@dataclass(frozen=True, slots=True)
class Batch:
    """The last known state of a batch. All times are seconds since the epoch."""

    id: str
    status: str
    """`in_progress`, `canceling` or `ended`; an open set."""
    counts: Counts
    created_at: float
    expires_at: float
    ended_at: float | None
    cancel_initiated_at: float | None
    archived_at: float | None
    has_results_url: bool
    seen_at: float
    """When the server last returned it."""
    gone_at: float | None = None
    """When it was found to be gone from the server. Such batches are kept only if their results are saved."""

    @property
    def is_ended(self) -> bool:
        """Whether processing has ended."""
        return self.status == "ended"

    @property
    def is_archived(self) -> bool:
        """Whether the server has removed the results."""
        return self.archived_at is not None

    @property
    def has_results(self) -> bool:
        """Whether results are available on the server."""
        return self.is_ended and not self.is_archived and self.has_results_url and self.gone_at is None

    @property
    def results_until(self) -> float:
        """When the server removes the results."""
        return self.created_at + RESULTS_DAYS * 86_400
