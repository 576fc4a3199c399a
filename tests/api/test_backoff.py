"""Waits of loops that continue after a failed call."""

from __future__ import annotations

from batchtui.api import RateLimited, ServerError
from batchtui.api.retry import Backoff

BACKOFF = Backoff(initial=2.0, maximum=60.0)


def test_backoff_doubles_up_to_its_maximum() -> None:
    assert [BACKOFF.seconds(failures) for failures in (1, 2, 3, 6, 10_000)] == [2.0, 4.0, 8.0, 60.0, 60.0]


def test_backoff_waits_at_least_as_long_as_the_server_asks() -> None:
    def limited(seconds: float | None) -> RateLimited:
        return RateLimited(429, "rate_limit_error", "Slow down", retry_after=seconds)

    waits = [BACKOFF.seconds(2, limited(seconds)) for seconds in (None, 1.0, 30.0, 86_400.0)]
    assert waits == [4.0, 4.0, 30.0, 60.0]
    assert BACKOFF.seconds(1, ServerError(500, "api_error", "Oops")) == 2.0
