"""What a process knows is told by what it knew, not by what others wrote to the disk."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from batchtui.cache import Batch, BatchCache, Counts, KnownBatches

BATCH = Batch("b1", "in_progress", Counts(5, 0, 0, 0, 0), 1000.0, 87400.0, None, None, None, False, 1200.0)


def known(folder: Path) -> KnownBatches:
    return KnownBatches(BatchCache(folder / "cache.db"))


def told(*batches: Batch) -> list[tuple[Batch, str]]:
    return [(batch, "{}") for batch in batches]


def test_news_are_news_to_each_process(tmp_path: Path) -> None:
    one, two = known(tmp_path), known(tmp_path)
    assert (one.newest(), two.newest()) == ([], [])
    assert one.learn(told(BATCH)) == [BATCH]
    assert two.learn(told(BATCH)) == [BATCH]
    assert two.learn(told(replace(BATCH, seen_at=1300.0))) == []
    assert one.drop(["b1"], 9.0, keep=lambda _: False) == ([], ["b1"])
    assert two.drop(["b1"], 9.0, keep=lambda _: False) == ([], ["b1"])


def test_what_others_stored_is_known_at_the_start(tmp_path: Path) -> None:
    known(tmp_path).learn(told(BATCH))
    assert known(tmp_path).newest() == [BATCH]


def test_an_answer_that_was_overtaken_is_not_believed(tmp_path: Path) -> None:
    batches = known(tmp_path)
    canceling = replace(BATCH, status="canceling")
    batches.learn(told(canceling))
    assert batches.learn(told(BATCH)) == []
    assert batches.get("b1") == canceling
    batches.note_deleted("b1")
    batches.drop(["b1"], 9.0, keep=lambda _: False)
    assert batches.learn(told(replace(BATCH, status="ended"))) == []
    assert batches.newest() == []


def test_saved_ones_stay_known_as_gone(tmp_path: Path) -> None:
    batches = known(tmp_path)
    batches.learn(told(BATCH))
    gone = replace(BATCH, gone_at=9.0)
    assert batches.drop(["b1", "unknown"], 9.0, keep=lambda _: True) == ([gone], [])
    assert batches.drop(["b1"], 10.0, keep=lambda _: True) == ([], [])
    assert batches.running() == []
    assert known(tmp_path).newest() == [gone]


def test_between_is_strict(tmp_path: Path) -> None:
    batches = known(tmp_path)
    batches.learn(told(*(replace(BATCH, id=f"b{age}", created_at=1000.0 - age) for age in (1, 2, 3))))
    assert [batch.id for batch in batches.between(997.0, 999.0)] == ["b2"]
