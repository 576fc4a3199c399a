"""The batches that a sandbox starts with: five weeks of an imaginary team's work."""

from __future__ import annotations

from typing import TYPE_CHECKING

from batchtui.sandbox.batch import Batch
from batchtui.sandbox.chance import dice, make_id
from batchtui.sandbox.clock import DAY, HOUR, MINUTE

if TYPE_CHECKING:
    from random import Random

SPAN = 35 * DAY
RECENT = 16 * HOUR
SIZES = (3, 8, 12, 25, 40, 60, 100, 120, 250, 250, 400, 500, 500, 800, 1000, 1000, 1500, 2000, 2500, 5000)
LARGE_SIZES = (8000, 10_000, 12_000, 20_000, 25_000, 50_000, 100_000)
JOBS = (
    "reviews",
    "labels",
    "support",
    "extraction",
    "summaries",
    "contracts",
    "code-review",
    "sql",
    "translation",
    "research",
    "tutoring",
)
ERROR_SHARES = (0.0, 0.0, 0.0, 0.001, 0.002, 0.004, 0.01, 0.02, 0.05)


def make_history(seed: int, size: int, now: float) -> list[Batch]:
    """Return the batches that exist when the sandbox starts, newest first.

    The same seed gives the same batches at the same age. Recent batches always cover the same cases; older
    ones are random.

    Args:
        seed: Random seed.
        size: Number of batches.
        now: Seconds since the epoch.
    """
    rng = dice("history", seed)
    recent = _recent(rng, now)[:size]
    return recent + _older(rng, now, size - len(recent))


def _recent(rng: Random, now: float) -> list[Batch]:
    """Return one batch of each interesting kind, the most interesting first."""

    def batch(
        age: float, job: str, size: int, duration: float, errored: int = 0, cancel_after: float = 0
    ) -> Batch:
        created_at = now - age - rng.random()
        cancel_at = created_at + cancel_after if cancel_after else None
        return Batch(make_id(rng, "msgbatch_"), size, created_at, duration, errored, job, cancel_at)

    return [
        batch(4 * MINUTE, "extraction", 100_000, 11 * MINUTE, 212),
        batch(1 * MINUTE, "translation", 60, 2.5 * MINUTE, 1),
        batch(6, "reviews", 400, 14 * MINUTE, 3),
        batch(18 * MINUTE, "summaries", 50_000, 70 * MINUTE, 40, cancel_after=18 * MINUTE - 5),
        batch(28 * MINUTE, "code-review", 2000, 95 * MINUTE, 12),
        batch(33 * MINUTE, "translation", 250, 9 * MINUTE),
        batch(51 * MINUTE, "hostile", 320, 12 * MINUTE, 64),
        batch(1.4 * HOUR, "support", 5000, 38 * MINUTE, 19),
        batch(2.2 * HOUR, "research", 1000, 25 * MINUTE, 7),
        batch(3.1 * HOUR, "tutoring", 3, 2 * MINUTE),
        batch(4.6 * HOUR, "contracts", 10_000, 2 * HOUR, 6589),
        batch(5.5 * HOUR, "code-review", 800, 50 * MINUTE, 4, cancel_after=21 * MINUTE),
        batch(6.3 * HOUR, "sql", 120, 4 * MINUTE, 1, cancel_after=4 * MINUTE - 2),
        batch(8.0 * HOUR, "labels", 2500, 6 * MINUTE, 2),
        batch(10.7 * HOUR, "reviews", 100_000, 1.7 * HOUR, 431),
        batch(31.0 * HOUR, "research", 1500, 40 * DAY, 30),
    ]


def _older(rng: Random, now: float, size: int) -> list[Batch]:
    """Return batches between the ages `RECENT` and `SPAN`, spread about evenly."""
    step = (SPAN - RECENT) / max(1, size)
    return [_any_batch(rng, now - RECENT - (number + rng.random()) * step) for number in range(size)]


def _any_batch(rng: Random, created_at: float) -> Batch:
    """Return an old batch: most succeeded, some were canceled, failed or expired."""
    size = rng.choice(LARGE_SIZES if rng.random() < 0.1 else SIZES)
    duration = 90 + size * rng.uniform(0.02, 0.5) + rng.expovariate(1 / (20 * MINUTE))
    batch = Batch(
        id=make_id(rng, "msgbatch_"),
        size=size,
        created_at=created_at,
        duration=min(duration, 20 * HOUR),
        errored=round(size * rng.choice(ERROR_SHARES)),
        job=rng.choice(JOBS),
    )
    chance = rng.random()
    if chance < 0.06:
        batch.cancel_at = created_at + batch.duration * rng.uniform(0.05, 0.9)
    elif chance < 0.09:
        batch.duration = DAY * rng.uniform(1.02, 1.6)
    elif chance < 0.13:
        batch.errored = round(size * rng.uniform(0.3, 1.0))
    return batch
