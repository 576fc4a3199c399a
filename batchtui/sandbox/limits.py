"""The `anthropic-ratelimit-*` headers. The limit is not enforced."""

from __future__ import annotations

import time
from datetime import UTC, datetime

REQUESTS_PER_MINUTE = 4000
MINUTE = 60


class RateLimit:
    """Count the requests per minute of real time."""

    def __init__(self) -> None:
        self._minute = self._count = 0

    def headers(self, status: int) -> dict[str, str]:
        """Count one request and return the headers.

        Args:
            status: The status of the response; a 429 reports none remaining.
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
