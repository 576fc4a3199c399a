"""The sandbox's clock, which may run faster than real time."""

from __future__ import annotations

import time
from datetime import UTC, datetime

MINUTE = 60.0
HOUR = 60 * MINUTE
DAY = 24 * HOUR


class Clock:
    """A clock that runs `speed` times as fast as real time.

    Args:
        speed: Sandbox seconds per real second; 0 stops the clock.
        started_at: Start time in seconds since the epoch; now by default.
    """

    def __init__(self, speed: float, started_at: float | None = None) -> None:
        self._speed = speed
        self.start = time.time() if started_at is None else started_at
        self._origin = time.monotonic()

    def now(self) -> float:
        """Return the sandbox's time, in seconds since the epoch."""
        return self.start + (time.monotonic() - self._origin) * self._speed


def rfc3339(seconds: float | None) -> str | None:
    """Format a time like the API, `2026-11-20T08:15:30.123456Z`; None stays None."""
    if seconds is None:
        return None
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
