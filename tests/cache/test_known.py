"""Batches in memory: changes are detected per process, outdated responses are ignored."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from batchtui.cache import Batch, BatchCache, Counts, KnownBatches

BATCH = Batch("b1", "in_progress", Counts(5, 0, 0, 0, 0), 1000.0, 87400.0, None, None, None, False, 1200.0)


def known(folder: Path) -> KnownBatches:
    return KnownBatches(BatchCache(folder / "cache.db"))


def received(*batches: Batch) -> list[tuple[Batch, str]]:
    return [(batch, "{}") for batch in batches]


def test_each_process_detects_changes(tmp_path: Path) -> None:
    one, two = known(tmp_path), known(tmp_path)
    assert (one.newest(), two.newest()) == ([], [])
    assert one.merge(received(BATCH)) == [BATCH]
    assert two.merge(received(BATCH)) == [BATCH]
    assert two.merge(received(replace(BATCH, seen_at=1300.0))) == []
    assert one.drop(["b1"], 9.0, keep=lambda _: False) == ([], ["b1"])
    assert two.drop(["b1"], 9.0, keep=lambda _: False) == ([], ["b1"])


def test_cached_batches_are_loaded(tmp_path: Path) -> None:
    known(tmp_path).merge(received(BATCH))
    assert known(tmp_path).newest() == [BATCH]


def test_outdated_responses_are_ignored(tmp_path: Path) -> None:
    batches = known(tmp_path)
    canceling = replace(BATCH, status="canceling")
    batches.merge(received(canceling))
    assert batches.merge(received(BATCH)) == []
    assert batches.get("b1") == canceling
    batches.mark_deleted("b1")
    batches.drop(["b1"], 9.0, keep=lambda _: False)
    assert batches.merge(received(replace(BATCH, status="ended"))) == []
    assert batches.newest() == []


def test_kept_batches_are_marked_as_gone(tmp_path: Path) -> None:
    batches = known(tmp_path)
    batches.merge(received(BATCH))
    gone = replace(BATCH, gone_at=9.0)
    assert batches.drop(["b1", "unknown"], 9.0, keep=lambda _: True) == ([gone], [])
    assert batches.drop(["b1"], 10.0, keep=lambda _: True) == ([], [])
    assert batches.running() == []
    assert known(tmp_path).newest() == [gone]


def test_between_excludes_both_ends(tmp_path: Path) -> None:
    batches = known(tmp_path)
    batches.merge(received(*(replace(BATCH, id=f"b{age}", created_at=1000.0 - age) for age in (1, 2, 3))))
    assert [batch.id for batch in batches.between(997.0, 999.0)] == ["b2"]
