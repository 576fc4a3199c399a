"""Figures: what was measured, beside whom, and whether it is what was aimed at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median, quantiles

NOT_INSTALLED = "not installed"


@dataclass(frozen=True)
class Runs:
    """The same thing measured several times.

    Args:
        values: One for each run.
        unit: `s`, `ms`, `MB` or `B`.
    """

    values: Sequence[float]
    unit: str

    @property
    def median(self) -> float:
        """The one in the middle."""
        return median(self.values)

    def __str__(self) -> str:
        if len(self.values) == 1:
            return f"{_short(self.median)} {self.unit} (one run)"
        spread = f"{_short(min(self.values))}–{_short(max(self.values))}"
        return f"{_short(self.median)} {self.unit} ({spread})"


@dataclass(frozen=True)
class Target:
    """What is aimed at.

    Args:
        limit: At most so much.
        of: Of the ratio to the peer, or of the value itself.
    """

    limit: float
    of: str = "ratio"


@dataclass(frozen=True)
class Row:
    """One line of a benchmark's table.

    Args:
        what: What was measured.
        ours: Our figures.
        peer: Name of whom it is compared with.
        theirs: The peer's figures; None where it is not installed.
        target: What is aimed at, if anything.
    """

    what: str
    ours: Runs
    peer: str = ""
    theirs: Runs | None = None
    target: Target | None = None

    @property
    def ratio(self) -> float | None:
        """Ours to theirs: below 1 we are the lighter."""
        return self.ours.median / self.theirs.median if self.theirs else None

    @property
    def cells(self) -> tuple[str, ...]:
        """What, ours, peer, ratio, target, verdict."""
        peer = f"{self.peer}: {self.theirs or NOT_INSTALLED}" if self.peer else "–"
        ratio = f"{self.ratio:.2g}" if self.ratio and self.ratio < 1 else f"{self.ratio or 0:.1f}"
        return (
            self.what,
            str(self.ours),
            peer,
            ratio if self.ratio is not None else "–",
            self._target,
            self._verdict,
        )

    @property
    def _target(self) -> str:
        if self.target is None:
            return "–"
        limit = f"{self.target.limit:g}"
        if self.target.of == "ratio":
            return f"≤ {limit} × {self.peer}"
        return f"≤ {limit} {self.ours.unit}"

    @property
    def _reached(self) -> float | None:
        if self.target and self.target.of == "ratio":
            return self.ratio
        return self.ours.median

    @property
    def _verdict(self) -> str:
        if self.target is None or self._reached is None:
            return "–"
        reached = self._reached
        if reached <= self.target.limit:
            return "met"
        times = f"{reached / self.target.limit:.2g} times too much" if self.target.limit else "not met"
        return f"missed: {times}"


TITLES = ("what", "ours", "peer", "ratio", "target", "met")


def percentile(values: Sequence[float], percent: int) -> float:
    """The value that so many percent do not exceed."""
    return quantiles(values, n=100, method="inclusive")[percent - 1]


def table(rows: Sequence[Row]) -> str:
    """The rows as a Markdown table."""
    lines = [TITLES, ("---",) * len(TITLES), *(row.cells for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _short(value: float) -> str:
    """Three digits."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
