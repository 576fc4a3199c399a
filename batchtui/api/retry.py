"""When a call is tried again, and how long to wait first."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from batchtui.api.errors import ConnectionLost, NotReachable, StatusError, TimedOut

if TYPE_CHECKING:
    from stamina import Attempt

# stamina logs each retry as a warning; without a handler Python would print it over the screens.
logging.getLogger("stamina").addHandler(logging.NullHandler())

RETRIED_STATUSES = frozenset({408, 409, 429})


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How patient a client is.

    Attributes:
        attempts: Tries in all, the first one counted.
        timeout: Seconds after which no further try is begun.
        wait_initial: Seconds before the second try; doubles each time, with jitter.
        wait_max: Longest wait in seconds, also of what a server may ask for by `retry-after`.
    """

    attempts: int = 4
    timeout: float = 90.0
    wait_initial: float = 0.5
    wait_max: float = 30.0

    def backoff(self, error: Exception) -> bool | float:
        """Whether to try again after this error, or how many seconds to wait before that."""
        if isinstance(error, TimedOut):
            return False
        if isinstance(error, NotReachable | ConnectionLost):
            return True
        if not isinstance(error, StatusError) or not is_retryable(error):
            return False
        return True if error.retry_after is None else min(error.retry_after, self.wait_max)

    def tries(self) -> AsyncIterator[Attempt]:
        """The attempts of one call, each a context manager."""
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


def is_retryable(error: StatusError) -> bool:
    """Whether the same call may succeed later: the server's own verdict first, then the status."""
    if error.is_final:
        return False
    if error.should_retry is not None:
        return error.should_retry
    return error.status in RETRIED_STATUSES or error.status >= 500
