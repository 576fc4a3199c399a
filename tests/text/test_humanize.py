"""Numbers and ids as people write them."""

from __future__ import annotations

import re
from decimal import Decimal
from math import inf

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from batchtui.text import (
    ago,
    count,
    duration,
    long_duration,
    money,
    percent,
    plural,
    shorten,
    shorten_id,
    size,
    until_longer,
    until_shorter,
)

DAY = 86_400
SECONDS = st.floats(min_value=0, max_value=400 * DAY)


def test_counts_and_nouns() -> None:
    assert count(100_000) == "100,000"
    assert plural(1, "batch", "batches") == "1 batch"
    assert plural(0, "batch", "batches") == "0 batches"
    assert plural(2_000, "batch", "batches") == "2,000 batches"


@pytest.mark.parametrize(
    ("number", "written"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1_000, "1.0 kB"),
        (12_400_000, "12.4 MB"),
        (99_949, "99.9 kB"),
        (99_950, "100 kB"),
        (412_000_000, "412 MB"),
        (999_499, "999 kB"),
        (999_500, "1.0 MB"),
        (1_080_000_000, "1.1 GB"),
        (5 * 10**15, "5,000 TB"),
    ],
)
def test_sizes(number: int, written: str) -> None:
    assert size(number) == written


@pytest.mark.parametrize(
    ("seconds", "short", "long"),
    [
        (-5, "0s", "0 s"),
        (45.9, "45s", "45 s"),
        (60, "1m", "1 min"),
        (38 * 60 + 59, "38m", "38 min"),
        (2 * 3600, "2h", "2 h"),
        (23 * 3600 + 22 * 60, "23h", "23 h 22 min"),
        (DAY, "1d", "1 day"),
        (31.5 * DAY, "31d", "31 days"),
    ],
)
def test_durations(seconds: float, short: str, long: str) -> None:
    assert duration(seconds) == short
    assert long_duration(seconds) == long


def test_ages() -> None:
    assert ago(-3) == ago(59.9) == "just now"
    assert ago(38 * 60) == "38 min ago"
    assert ago(3 * DAY) == "3 days ago"


@pytest.mark.parametrize(
    ("part", "whole", "written"),
    [
        (41_212, 100_000, "41 %"),
        (1, 100_000, "1 %"),
        (99_999, 100_000, "99 %"),
        (100_000, 100_000, "100 %"),
        (0, 5, "0 %"),
        (6, 5, "100 %"),
        (0, 0, "–"),
    ],
)
def test_shares(part: int, whole: int, written: str) -> None:
    assert percent(part, whole) == written


UNITS = {"B": 1, "kB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}
UNIT_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": DAY}


def bytes_of(written: str) -> float:
    """Reads a size back, in bytes."""
    amount, unit = written.split(" ")
    return float(amount.replace(",", "")) * UNITS[unit]


def seconds_of(written: str) -> int:
    """Reads a short duration back, in seconds."""
    return int(written[:-1]) * UNIT_SECONDS[written[-1]]


@given(st.integers(0, 10**16), st.integers(0, 10**16))
def test_a_larger_size_is_never_written_as_smaller(one: int, other: int) -> None:
    small, large = sorted((one, other))
    assert bytes_of(size(small)) <= bytes_of(size(large))


@given(st.integers(0, 10**14))
def test_a_written_size_is_near_and_short(number: int) -> None:
    assert bytes_of(size(number)) == pytest.approx(number, rel=0.05)
    assert re.fullmatch(r"\d{1,3} B|\d{1,2}\.\d [kMGT]B|\d{3} [kMGT]B", size(number))


@given(SECONDS, SECONDS)
def test_a_longer_duration_is_never_written_as_shorter(one: float, other: float) -> None:
    small, large = sorted((one, other))
    assert seconds_of(duration(small)) <= seconds_of(duration(large)) <= large


@given(st.integers(1, 10**6), st.integers(0, 10**6))
def test_part_of_a_whole_is_neither_none_nor_all(whole: int, part: int) -> None:
    shown = int(percent(part, whole).removesuffix(" %"))
    assert (shown == 0) == (part == 0)
    assert (shown == 100) == (part >= whole)


@given(st.text(), st.integers(0, 40))
def test_cut_text_fits_and_shows_that_it_was_cut(text: str, width: int) -> None:
    front, back = shorten(text, width), shorten_id(text, width)
    assert len(front) == len(back) == min(len(text), width)
    if len(text) <= width:
        assert front == back == text
    elif width:
        assert front == text[: width - 1] + "…"
        assert back == "…" + text[len(text) - width + 1 :]


def test_an_id_is_cut_at_its_front() -> None:
    assert shorten_id("msgbatch_013Zva2CMHLNnXjNJJKqJ2EF", 14) == "…NnXjNJJKqJ2EF"
    assert shorten("prompt is too long", 10) == "prompt is…"


@pytest.mark.parametrize(
    ("dollars", "written"),
    [
        (None, "unknown"),
        ("0", "$0.00"),
        ("0.00000005", "<$0.0001"),
        ("0.0001", "$0.0001"),
        ("0.00421", "$0.0042"),
        ("0.0999", "$0.0999"),
        ("0.1", "$0.10"),
        ("1.234", "$1.23"),
        ("12345.678", "$12,345.68"),
    ],
)
def test_money(dollars: str | None, written: str) -> None:
    assert money(None if dollars is None else Decimal(dollars)) == written


@given(SECONDS)
def test_an_age_reads_the_same_until_it_does_not(seconds: float) -> None:
    for words, is_fine in ((duration, False), (long_duration, True)):
        wait = until_longer(seconds, is_fine=is_fine)
        assume(wait > 1e-3)  # below that, the sum is rounded
        assert words(seconds + wait * 0.9) == words(seconds)
        assert words(seconds + wait + 0.01) != words(seconds)


@given(st.floats(min_value=1.1, max_value=400 * DAY))
def test_a_time_left_reads_the_same_until_it_does_not(seconds: float) -> None:
    for words, is_fine in ((duration, False), (long_duration, True)):
        wait = until_shorter(seconds, is_fine=is_fine)
        assert words(seconds - wait * 0.9) == words(seconds)
        assert words(seconds - wait - 0.01) != words(seconds)


def test_what_is_over_does_not_change() -> None:
    assert until_shorter(0) == until_shorter(-5) == inf
