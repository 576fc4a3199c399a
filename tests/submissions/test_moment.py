"""Elapsed time is never overestimated, whichever clock is changed."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from batchtui.submissions.moment import Moment

SECONDS = st.floats(0, 1e7)
JUMPS = st.floats(-1e9, 1e9)
START = Moment(1.7e9, 1e6, 1.7e9)


def later(seconds: float, *, wall: float = 0.0, server: float = 0.0) -> Moment:
    """Return a later moment, on changed clocks."""
    return Moment(START.wall + seconds + wall, 1e6 + seconds, 1.7e9 + seconds + server)


@given(SECONDS, JUMPS, JUMPS)
def test_changed_clocks_never_increase_elapsed_time(seconds: float, wall: float, server: float) -> None:
    assert START.elapsed(later(seconds, wall=wall, server=server)) <= seconds + 1e-5


@given(SECONDS, st.floats(-1e9, -1e8))
def test_clock_set_back_is_ignored(seconds: float, back: float) -> None:
    for now in (later(seconds, wall=back), later(seconds, server=back)):
        assert abs(START.elapsed(now) - seconds) < 1e-5


@given(SECONDS, SECONDS)
def test_uptime_counts_after_restart(uptime: float, off: float) -> None:
    now = Moment(START.wall + uptime + off, uptime, None)
    assert START.elapsed(now) <= uptime + off + 1e-5


@given(SECONDS)
def test_missing_clocks_are_ignored(seconds: float) -> None:
    start, now = Moment(1.7e9, None, None), later(seconds)
    assert abs(start.elapsed(now) - seconds) < 1e-5


def test_no_time_passes_without_usable_clock() -> None:
    assert Moment(1.7e9, None, None).elapsed(Moment(1.6e9, 5.0, None)) == 0.0


def test_until_now_advances_server_clock() -> None:
    before = Moment.now(server=5e8)
    now = before.until_now()
    assert now.server is not None
    assert 0 <= now.server - 5e8 < 60
    assert Moment.now().until_now().server is None
