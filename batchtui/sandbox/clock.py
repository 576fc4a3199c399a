"""The sandbox's own time, which may run faster than the wall clock."""

from __future__ import annotations

import time
from datetime import UTC, datetime

MINUTE = 60.0
HOUR = 60 * MINUTE
DAY = 24 * HOUR


class Clock:
    """Seconds since 1970 as the sandbox counts them: right at the start, then `speed` times as fast.

    Args:
        speed: Sandbox seconds in one real second; 0 stops the clock.
        started_at: What to begin with instead of the time of now.
    """

    def __init__(self, speed: float, started_at: float | None = None) -> None:
        self._speed = speed
        self.start = time.time() if started_at is None else started_at
        self._origin = time.monotonic()

    def now(self) -> float:
        """The sandbox's time, in seconds since 1970."""
        return self.start + (time.monotonic() - self._origin) * self._speed


def rfc3339(seconds: float | None) -> str | None:
    """A moment as the API writes it, `2026-11-20T08:15:30.123456Z`; None stays None."""
    if seconds is None:
        return None
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
