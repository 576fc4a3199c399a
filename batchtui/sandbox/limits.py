"""The `anthropic-ratelimit-*` headers: a count that no request is refused for."""

from __future__ import annotations

import time
from datetime import UTC, datetime

REQUESTS_PER_MINUTE = 4000
MINUTE = 60


class RateLimit:
    """Counts the requests of each minute of this machine's clock, whatever the sandbox's speed."""

    def __init__(self) -> None:
        self._minute = self._count = 0

    def headers(self, status: int) -> dict[str, str]:
        """Count one request, and say what is left.

        Args:
            status: The status of its answer; after a 429 nothing is left.
        """
        minute = int(time.time()) // MINUTE
        self._count = self._count + 1 if minute == self._minute else 1
        self._minute = minute
        left = 0 if status == 429 else max(0, REQUESTS_PER_MINUTE - self._count)
        reset = datetime.fromtimestamp((minute + 1) * MINUTE, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        return {
            "anthropic-ratelimit-requests-limit": str(REQUESTS_PER_MINUTE),
            "anthropic-ratelimit-requests-remaining": str(left),
            "anthropic-ratelimit-requests-reset": reset,
        }
