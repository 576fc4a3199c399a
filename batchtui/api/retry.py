"""Retries of calls, and backoff between polls and downloads."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from batchtui.api.errors import ConnectionLost, NotReachable, StatusError, TimedOut

if TYPE_CHECKING:
    from stamina import Attempt

# stamina logs each retry as a warning, which Python would print over the screens without a handler.
logging.getLogger("stamina").addHandler(logging.NullHandler())

RETRIED_STATUSES = frozenset({408, 409, 429})


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Retries of one call.

    Attributes:
        attempts: Maximum number of attempts, including the first.
        timeout: Seconds after which no further attempt starts.
        wait_initial: Seconds before the second attempt; doubles each time, with jitter.
        wait_max: Maximum wait in seconds, also for `retry-after`.
    """

    attempts: int = 4
    timeout: float = 90.0
    wait_initial: float = 0.5
    wait_max: float = 30.0

    def backoff(self, error: Exception) -> bool | float:
        """Return whether to retry after this error, or the seconds to wait before the retry."""
        if isinstance(error, TimedOut):
            return False
        if isinstance(error, NotReachable | ConnectionLost):
            return True
        if not isinstance(error, StatusError) or not is_retryable(error):
            return False
        return True if error.retry_after is None else min(error.retry_after, self.wait_max)

    def tries(self) -> AsyncIterator[Attempt]:
        """Iterate over the attempts of one call, each a context manager."""
        import stamina

        return aiter(
            stamina.retry_context(
                on=self.backoff,
                attempts=self.attempts,
                timeout=self.timeout,
                wait_initial=self.wait_initial,
                wait_max=self.wait_max,
                wait_jitter=self.wait_initial,
            )
        )


@dataclass(frozen=True, slots=True)
class Backoff:
    """Exponential backoff for loops that continue after a call has failed.

    Attributes:
        initial: Seconds after the first failure; doubles with each further one.
        maximum: Maximum wait in seconds, also for `retry-after`.
    """

    initial: float
    maximum: float

    def seconds(self, failures: int, error: Exception | None = None) -> float:
        """Return the wait after a number of failures in a row, at least the error's `retry-after`."""
        retry_after = error.retry_after if isinstance(error, StatusError) else None
        return min(self.maximum, max(retry_after or 0.0, self.initial * 2.0 ** min(failures - 1, 30)))


DOWNLOAD_BACKOFF = Backoff(initial=0.5, maximum=30.0)
POLL_BACKOFF = Backoff(initial=2.0, maximum=120.0)
WATCH_BACKOFF = Backoff(initial=5.0, maximum=300.0)


def is_retryable(error: StatusError) -> bool:
    """Return whether the same call may succeed later, by `x-should-retry`, else by the status."""
    if error.is_final:
        return False
    if error.should_retry is not None:
        return error.should_retry
    return error.status in RETRIED_STATUSES or error.status >= 500
