"""A point in time by several clocks, because any one of them may be changed while we wait."""

from __future__ import annotations

import time
from typing import NamedTuple

# On Linux this clock also counts while the machine sleeps.
_BOOT_CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


class Moment(NamedTuple):
    """A point in time by several clocks.

    Attributes:
        wall: Seconds since the epoch by this machine's clock, which may be changed.
        boot: Seconds since this machine started; None if unknown.
        server: Seconds since the epoch by the server's clock; None if unknown.
    """

    wall: float
    boot: float | None
    server: float | None

    @classmethod
    def now(cls, server: float | None = None) -> Moment:
        """Return the current moment.

        Args:
            server: Time of the server's latest response, if known.
        """
        return cls(time.time(), time.clock_gettime(_BOOT_CLOCK), server)

    def until_now(self) -> Moment:
        """Return the current moment, with the server's clock advanced by the time since this one."""
        now = Moment.now()
        if self.server is None:
            return now
        return now._replace(server=self.server + self._replace(server=None).elapsed(now))

    def elapsed(self, now: Moment) -> float:
        """Return the fewest seconds that any clock shows.

        So a clock that was set forward does not count. Negative times, of a clock set back, are ignored.
        """
        spans = [now.wall - self.wall]
        if self.boot is not None and now.boot is not None:
            # A smaller number means that the machine was restarted since.
            spans.append(now.boot - self.boot if now.boot >= self.boot else now.boot)
        if self.server is not None and now.server is not None:
            spans.append(now.server - self.server)
        return min((span for span in spans if span >= 0), default=0.0)
