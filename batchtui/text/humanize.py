"""Counts, sizes, durations and ids as people write them."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from decimal import Decimal

_MINUTE = 60
_HOUR = 60 * _MINUTE
_DAY = 24 * _HOUR
_ELLIPSIS = "…"
_ID_WIDTH = 14
"""Enough of the end of a batch ID to tell IDs apart."""


def count(number: int) -> str:
    """Writes a number in groups of three digits: `100,000`."""
    return f"{number:,}"


def plural(number: int, one: str, many: str) -> str:
    """Writes a number with its noun: `1 batch`, `2,000 batches`."""
    return f"{count(number)} {one if number == 1 else many}"


def size(number: int) -> str:
    """Writes a number of bytes in decimal units, three digits or so: `812 B`, `12.4 MB`, `412 MB`."""
    if number < 1000:
        return f"{number} B"
    amount, unit = number / 1000, "kB"
    for larger in ("MB", "GB", "TB"):
        # What would be rounded up to a thousand belongs to the next unit.
        if amount >= 999.5:
            amount, unit = amount / 1000, larger
    return f"{amount:.1f} {unit}" if amount < 99.95 else f"{amount:,.0f} {unit}"


def duration(seconds: float) -> str:
    """Writes a duration in its largest whole unit, rounded down: `45s`, `38m`, `23h`, `31d`.

    Args:
        seconds: The duration in seconds. Below zero (clocks differ) counts as zero.
    """
    whole = max(0, int(seconds))
    for unit, letter in ((_DAY, "d"), (_HOUR, "h"), (_MINUTE, "m")):
        if whole >= unit:
            return f"{whole // unit}{letter}"
    return f"{whole}s"


def long_duration(seconds: float) -> str:
    """Writes a duration for a sentence, rounded down: `45 s`, `38 min`, `23 h 22 min`, `3 days`.

    Args:
        seconds: The duration in seconds. Below zero (clocks differ) counts as zero.
    """
    whole = max(0, int(seconds))
    if whole < _MINUTE:
        return f"{whole} s"
    if whole < _HOUR:
        return f"{whole // _MINUTE} min"
    if whole >= _DAY:
        return plural(whole // _DAY, "day", "days")
    hours, minutes = divmod(whole // _MINUTE, 60)
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"


def ago(seconds: float) -> str:
    """Writes how long ago something was: `just now` within the first minute, then `38 min ago`, `3 days ago`.

    Args:
        seconds: The age in seconds.
    """
    return "just now" if seconds < _MINUTE else f"{long_duration(seconds)} ago"


def until_longer(seconds: float, *, is_fine: bool = False) -> float:
    """Return for how many seconds more an age reads as it does now.

    Args:
        seconds: The age in seconds.
        is_fine: As `long_duration` writes it, which has minutes beside hours.
    """
    unit = _unit(seconds, is_fine)
    return unit - max(0.0, seconds) % unit


def until_shorter(seconds: float, *, is_fine: bool = False) -> float:
    """Return for how many seconds more a time that is left reads as it does now.

    Args:
        seconds: The time left in seconds; infinite once it is over.
        is_fine: As `long_duration` writes it, which has minutes beside hours.
    """
    return seconds % _unit(seconds, is_fine) if seconds > 0 else inf


def _unit(seconds: float, is_fine: bool) -> int:
    if seconds >= _DAY:
        return _DAY
    if seconds >= _HOUR and not is_fine:
        return _HOUR
    return _MINUTE if seconds >= _MINUTE else 1


def percent(part: int, whole: int) -> str:
    """Writes a share in whole percent: `41 %`; `–` where there is no whole.

    Some is never shown as `0 %`, and `100 %` only when all are there.
    """
    if whole <= 0:
        return "–"
    if part <= 0:
        return "0 %"
    if part >= whole:
        return "100 %"
    return f"{min(99, max(1, round(100 * part / whole)))} %"


def money(dollars: Decimal | None, *, round_up: bool = False) -> str:
    """Writes US dollars to the cent, below ten cents to a hundredth of one: `$1.23`, `$0.0042`, `unknown`.

    Something is never shown as nothing: the least is `<$0.0001`.

    Args:
        dollars: The amount; None if it is not known.
        round_up: Write no less than the amount.
    """
    if dollars is None:
        return "unknown"
    is_small = 0 < dollars * 10 < 1
    if round_up:
        dollars = dollars.quantize(type(dollars)("0.0001" if is_small else "0.01"), "ROUND_CEILING")
    if not is_small:
        return f"${dollars:,.2f}"
    return f"${dollars:.4f}" if dollars * 10_000 >= 1 else "<$0.0001"


def shorten(text: str, width: int) -> str:
    """Cuts text at its end to at most `width` characters: `prompt is…`.

    Characters are counted, not terminal cells: a wide one counts once.
    """
    if len(text) <= width:
        return text
    return text[: width - 1] + _ELLIPSIS if width > 0 else ""


def shorten_id(text: str, width: int = _ID_WIDTH) -> str:
    """Cuts an id at its front to at most `width` characters: `…NnXjNJJKqJ2EF`. The end tells ids apart."""
    if len(text) <= width:
        return text
    return _ELLIPSIS + text[len(text) - width + 1 :] if width > 0 else ""
