"""The state of batches over time, and the initial history."""

from __future__ import annotations

import itertools
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batchtui.sandbox.batch import Batch
from batchtui.sandbox.clock import DAY, HOUR
from batchtui.sandbox.history import make_history

NOW = 1_800_000_000.0
ages = st.floats(-10, 40 * DAY)


@st.composite
def batches(draw: st.DrawFn) -> Batch:
    size = draw(st.integers(1, 100_000))
    return Batch(
        id="msgbatch_1",
        size=size,
        created_at=NOW,
        duration=draw(st.floats(1, 3 * DAY)),
        errored=draw(st.integers(0, size)),
        job="labels",
        cancel_at=draw(st.none() | st.floats(NOW, NOW + 2 * DAY)),
    )


@given(batches(), st.lists(ages, min_size=2, max_size=6))
def test_counts_add_up_and_are_monotonic(batch: Batch, after: list[float]) -> None:
    counts = [batch.counts(NOW + age) for age in sorted(after)]
    assert {sum(item) for item in counts} == {batch.size}
    assert all(min(item) >= 0 for item in counts)
    for earlier, later in itertools.pairwise(counts):
        assert later.processing <= earlier.processing
        assert later.succeeded >= earlier.succeeded
        assert later.errored >= earlier.errored


@given(batches(), ages)
def test_only_ended_batches_have_final_fields(batch: Batch, after: float) -> None:
    wire = batch.to_wire(NOW + after, "http://here", live_counts=True)
    ended = wire["processing_status"] == "ended"
    assert ended == (wire["ended_at"] is not None)
    assert ended == (batch.counts(NOW + after).processing == 0 and NOW + after >= batch.ends_at)
    assert (wire["results_url"] is not None) == (ended and wire["archived_at"] is None)


@given(batches())
def test_a_batch_ends_within_a_day(batch: Batch) -> None:
    assert batch.status(NOW + DAY) == "ended"
    if batch.cancel_at is None and batch.duration <= DAY:
        assert batch.counts(NOW + DAY) == (0, batch.size - batch.errored, batch.errored, 0, 0)


def test_history_covers_every_state() -> None:
    history = make_history(7, 150, NOW)
    states = Counter((batch.status(NOW), batch.is_archived(NOW)) for batch in history)
    assert states.total() == 150
    assert states["in_progress", False] >= 3
    assert states["canceling", False] >= 1
    assert states["ended", True] >= 10
    ended = [batch.counts(NOW) for batch in history if batch.status(NOW) == "ended"]
    assert any(counts.canceled for counts in ended)
    assert any(counts.expired > 0.9 * sum(counts) for counts in ended)
    assert any(counts.errored > 0.5 * sum(counts) for counts in ended)
    assert any(counts.succeeded == 100_000 - counts.errored for counts in ended if sum(counts) == 100_000)
    assert {batch.size for batch in history} >= {3, 100_000}
    assert 33 * DAY < NOW - min(batch.created_at for batch in history) <= 35 * DAY


def test_running_batches_make_progress() -> None:
    running = [batch for batch in make_history(7, 20, NOW) if batch.status(NOW) == "in_progress"]
    large = max(running, key=lambda batch: batch.size)
    assert large.size == 100_000
    assert large.counts(NOW + 60).succeeded - large.counts(NOW).succeeded > 60 * 50
    assert any(0 < batch.ends_at - NOW < 120 for batch in running)
    assert any(batch.ends_at - NOW > HOUR for batch in running)


@pytest.mark.parametrize("size", [0, 1, 15, 16, 17])
def test_history_has_the_requested_size(size: int) -> None:
    assert len(make_history(7, size, NOW)) == size


def test_history_depends_on_seed_and_start() -> None:
    first, later, other = make_history(1, 40, NOW), make_history(1, 40, NOW + DAY), make_history(2, 40, NOW)
    assert [batch.id for batch in first] == [batch.id for batch in later]
    assert {batch.id for batch in first}.isdisjoint(batch.id for batch in other)
    for one, two in zip(first, later, strict=True):
        assert two.created_at - one.created_at == pytest.approx(DAY)
        assert one.counts(NOW) == two.counts(NOW + DAY)
