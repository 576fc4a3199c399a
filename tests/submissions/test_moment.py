"""The time since an attempt is never thought to be longer than it is, whichever clock is set meanwhile."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from batchtui.submissions.moment import Moment

SECONDS = st.floats(0, 1e7)
JUMPS = st.floats(-1e9, 1e9)
START = Moment(1.7e9, 1e6, 1.7e9)


def later(seconds: float, *, wall: float = 0.0, server: float = 0.0) -> Moment:
    """A moment so much later, on clocks that were set meanwhile."""
    return Moment(START.wall + seconds + wall, 1e6 + seconds, 1.7e9 + seconds + server)


@given(SECONDS, JUMPS, JUMPS)
def test_clocks_that_are_set_never_make_it_longer(seconds: float, wall: float, server: float) -> None:
    assert START.elapsed(later(seconds, wall=wall, server=server)) <= seconds + 1e-5


@given(SECONDS, st.floats(-1e9, -1e8))
def test_a_clock_that_was_set_back_far_is_left_out(seconds: float, back: float) -> None:
    for now in (later(seconds, wall=back), later(seconds, server=back)):
        assert abs(START.elapsed(now) - seconds) < 1e-5


@given(SECONDS, SECONDS)
def test_after_a_restart_at_least_the_new_uptime_has_passed(uptime: float, off: float) -> None:
    now = Moment(START.wall + uptime + off, uptime, None)
    assert START.elapsed(now) <= uptime + off + 1e-5


@given(SECONDS)
def test_clocks_that_are_missing_are_left_out(seconds: float) -> None:
    start, now = Moment(1.7e9, None, None), later(seconds)
    assert abs(start.elapsed(now) - seconds) < 1e-5


def test_without_any_clock_that_can_be_believed_no_time_has_passed() -> None:
    assert Moment(1.7e9, None, None).elapsed(Moment(1.6e9, 5.0, None)) == 0.0


def test_the_servers_clock_is_advanced_by_the_time_since() -> None:
    before = Moment.now(server=5e8)
    now = before.until_now()
    assert now.server is not None
    assert 0 <= now.server - 5e8 < 60
    assert Moment.now().until_now().server is None
