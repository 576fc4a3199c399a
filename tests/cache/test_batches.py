"""The batch cache: storage, history of counts, damaged and locked files."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from batchtui.cache import Batch, BatchCache, Counts
from batchtui.cache.batches import MIGRATIONS
from batchtui.disk import open_database

BATCH = Batch(
    id="msgbatch_1",
    status="in_progress",
    counts=Counts(5, 4, 3, 2, 1),
    created_at=1000.5,
    expires_at=87400.5,
    ended_at=None,
    cancel_initiated_at=1100.25,
    archived_at=None,
    has_results_url=False,
    seen_at=1200.0,
)


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[BatchCache]:
    cache = BatchCache(tmp_path / "cache.db")
    yield cache
    cache.close()


def store(cache: BatchCache, *batches: Batch) -> None:
    cache.store([(batch, f'{{"id":"{batch.id}"}}') for batch in batches])


def test_store_and_get(cache: BatchCache) -> None:
    ended = replace(BATCH, id="b2", status="ended", ended_at=2.5, archived_at=3.5, has_results_url=True)
    store(cache, BATCH, ended)
    assert cache.get("msgbatch_1") == BATCH
    assert cache.get("b2") == ended
    assert cache.wire("b2") == '{"id":"b2"}'
    assert cache.get("b3") is None


def test_newest_order(cache: BatchCache) -> None:
    store(cache, *(replace(BATCH, id=f"b{age}", created_at=1000.0 - age) for age in (3, 1, 2)))
    assert [batch.id for batch in cache.newest()] == ["b1", "b2", "b3"]


def test_history_records_only_changes(cache: BatchCache) -> None:
    later = replace(BATCH, seen_at=1300.0, counts=Counts(4, 5, 3, 2, 1))
    for batch in (BATCH, replace(BATCH, seen_at=1250.0), later, replace(later, seen_at=1400.0)):
        store(cache, batch)
    assert cache.history(BATCH.id) == [(1200.0, BATCH.counts), (1300.0, later.counts)]


def test_forget_deletes_the_history(cache: BatchCache) -> None:
    store(cache, BATCH)
    cache.forget([BATCH.id])
    assert cache.get(BATCH.id) is None
    assert cache.history(BATCH.id) == []


def test_mark_gone_keeps_the_batch(cache: BatchCache) -> None:
    store(cache, BATCH)
    cache.mark_gone([BATCH.id], 9.0)
    assert cache.get(BATCH.id) == replace(BATCH, gone_at=9.0)


def test_matching_treats_prefixes_literally(cache: BatchCache) -> None:
    store(cache, BATCH, replace(BATCH, id="msgbatch_2"), replace(BATCH, id="other"))
    assert sorted(cache.matching("msgbatch_")) == ["msgbatch_1", "msgbatch_2"]
    assert cache.matching("msgbatch%") == []
    assert cache.matching("o") == ["other"]


def test_threads_share_the_file(cache: BatchCache) -> None:
    store(cache, BATCH)
    found: list[Batch | None] = []
    thread = threading.Thread(target=lambda: found.append(cache.get(BATCH.id)))
    thread.start()
    thread.join()
    assert found == [BATCH]


def test_newer_schema_is_read_only(tmp_path: Path) -> None:
    path = tmp_path / "cache.db"
    first = BatchCache(path)
    store(first, BATCH)
    first.close()
    open_database(path, [*MIGRATIONS, "CREATE TABLE novelty (x)"]).close()
    cache = BatchCache(path)
    store(cache, replace(BATCH, id="b2"))
    cache.forget([BATCH.id])
    assert cache.newest() == [BATCH]
    assert cache.notice is not None
    assert "newer batchtui" in cache.notice
    cache.close()


def test_damaged_file_is_backed_up_and_recreated(tmp_path: Path) -> None:
    path = tmp_path / "cache.db"
    first = BatchCache(path)
    store(first, *(replace(BATCH, id=f"b{n}", created_at=float(n)) for n in range(500)))
    first.close()
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * (path.stat().st_size - 4096))
    cache = BatchCache(path)
    assert cache.newest() == []
    assert cache.notice is not None
    assert "backed up" in cache.notice
    store(cache, BATCH)
    assert cache.newest() == [BATCH]
    assert list(tmp_path.glob("cache.db.corrupt-*"))
    cache.close()


def test_locked_file_sets_a_notice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("batchtui.disk.sqlite.BUSY_SECONDS", 0.01)
    path = tmp_path / "cache.db"
    cache = BatchCache(path)
    store(cache, BATCH)
    other = open_database(path, MIGRATIONS)
    other.execute("BEGIN IMMEDIATE")
    store(cache, replace(BATCH, id="b2"))
    assert cache.notice is not None
    assert "locked" in cache.notice
    other.execute("ROLLBACK")
    store(cache, replace(BATCH, id="b3"))
    assert [batch.id for batch in cache.newest()] == ["b3", "msgbatch_1"]
    other.close()
    cache.close()


def test_derived_properties() -> None:
    ended = replace(BATCH, status="ended", has_results_url=True)
    assert (BATCH.counts.total, BATCH.counts.done) == (15, 10)
    assert ended.has_results
    assert not BATCH.has_results
    assert not replace(ended, archived_at=1.0).has_results
    assert not replace(ended, gone_at=1.0).has_results
    assert ended.results_until == 1000.5 + 29 * 86_400
