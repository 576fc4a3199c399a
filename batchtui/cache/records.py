"""What a screen needs of a batch, without the wire library: pydantic costs a start 30 ms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

RESULTS_DAYS = 29
"""Results stay on the server for so many days from creation. Source: public guide, Batch processing."""


class Counts(NamedTuple):
    """How many requests of a batch are where; the five add up to all of them."""

    processing: int
    succeeded: int
    errored: int
    canceled: int
    expired: int

    @property
    def total(self) -> int:
        """The number of requests."""
        return sum(self)

    @property
    def done(self) -> int:
        """Requests that have an outcome."""
        return self.total - self.processing

    @property
    def unsuccessful(self) -> int:
        """Requests that ended without a reply: errored, canceled or expired."""
        return self.errored + self.canceled + self.expired


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch as it was last seen. All times are seconds since the epoch, UTC."""

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
    """When the server last told us."""
    gone_at: float | None = None
    """When the server was found not to have it any more; kept only while its results are saved here."""

    @property
    def is_ended(self) -> bool:
        """Nothing changes any more, but for the results being archived."""
        return self.status == "ended"

    @property
    def is_archived(self) -> bool:
        """The server no longer has the results."""
        return self.archived_at is not None

    @property
    def has_results(self) -> bool:
        """The server has results to give."""
        return self.is_ended and not self.is_archived and self.has_results_url and self.gone_at is None

    @property
    def results_until(self) -> float:
        """When the server removes the results."""
        return self.created_at + RESULTS_DAYS * 86_400
