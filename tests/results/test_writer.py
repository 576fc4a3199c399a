"""Bytes become a file and an index, however they are cut up and whatever is in them."""

from __future__ import annotations

import resource
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batchtui.results import Flag, ResultFiles, Results
from batchtui.results.writer import ResultWriter
from tests.results.odd import ODD
from tests.results.wire import all_rows, body_of, jsonl, succeeded

BODY = b"\xef\xbb\xbf" + jsonl(
    succeeded("first"), b"", *(line for line, *_ in ODD.values()), b" \r", succeeded("first"), succeeded("é")
)


@contextmanager
def new_files() -> Iterator[ResultFiles]:
    with tempfile.TemporaryDirectory() as folder:
        yield ResultFiles(Path(folder), "batch")


def write(files: ResultFiles, chunks: list[bytes]) -> None:
    with closing(ResultWriter(files)) as writer:
        writer.begin(0, None, None)
        writer.land(chunks)
        writer.end(None)


with new_files() as reference:
    write(reference, [BODY])
    ROWS = all_rows(reference)


def test_every_line_is_kept_flagged_and_counted() -> None:
    assert len(ROWS) == len(ODD) + 3
    assert [row.flag for row in ROWS[1:-2]] == [
        flag or ("duplicate" if custom_id in ("first", "good", "a") and seen else None)
        for custom_id, flag, seen in _seen_before()
    ]
    assert [(row.custom_id, row.flag) for row in ROWS[-2:]] == [("first", Flag.DUPLICATE), ("é", None)]


def _seen_before() -> Iterator[tuple[str, str | None, bool]]:
    seen: set[str] = set()
    for _, custom_id, _, flag in ODD.values():
        yield custom_id, flag, custom_id in seen
        seen.add(custom_id)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, len(BODY)), max_size=12), st.booleans())
def test_any_split_gives_the_same_index(cuts: list[int], reopen: bool) -> None:
    edges = [0, *sorted(cuts), len(BODY)]
    chunks = [BODY[a:b] for a, b in pairwise(edges)]
    with new_files() as files:
        if reopen:
            for start, chunk in zip(edges, chunks, strict=False):
                with closing(ResultWriter(files)) as writer:
                    writer.begin(start, None, None)
                    writer.land([chunk])
            write(files, [BODY])
        else:
            write(files, chunks)
        assert files.data.read_bytes() == BODY
        assert all_rows(files) == ROWS


@settings(max_examples=40, deadline=None)
@given(st.integers(0, len(BODY)), st.integers(0, len(BODY)), st.binary(max_size=40))
def test_what_comes_again_is_compared_and_what_differs_replaces(here: int, same: int, rest: bytes) -> None:
    other = BODY[:same] + rest
    with new_files() as files, new_files() as fresh:
        write(files, [BODY[:here]])
        with closing(ResultWriter(files)) as writer:
            writer.begin(0, None, len(other))
            writer.land([other[:50], other[50:]])
            writer.end(None)
        write(fresh, [other])
        assert files.data.read_bytes() == other
        assert all_rows(files) == all_rows(fresh)


def test_a_line_of_60_mb_is_kept_and_read_within_bounds() -> None:
    long = succeeded("long", "0123456789" * 6_000_000)
    body = jsonl(succeeded("before"), long, succeeded("after"))
    with new_files() as files:
        write(files, [body[i : i + 262_144] for i in range(0, len(body), 262_144)])
        before, row, after = all_rows(files)
        assert (row.custom_id, row.outcome, row.output_tokens, row.flag) == ("long", "succeeded", 7, None)
        assert [before.custom_id, after.custom_id] == ["before", "after"]
        with Results(files) as results:
            assert results.raw(row) == body[row.offset : row.offset + row.length]
            assert results.preview(row) == ""


def test_an_endless_line_is_kept_but_not_read() -> None:
    piece = b"x" * 1_000_000
    with new_files() as files:
        with closing(ResultWriter(files)) as writer:
            writer.begin(0, None, None)
            for _ in range(10):
                writer.land([piece])
            before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            for _ in range(70):
                writer.land([piece])
            writer.end(None)
            grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
        (row,) = all_rows(files)
        assert (row.length, row.flag) == (80_000_000, Flag.TOO_LONG)
        assert grown < 8 * 1024


def test_a_gap_is_refused() -> None:
    with (
        new_files() as files,
        closing(ResultWriter(files)) as writer,
        pytest.raises(ValueError, match="gap"),
    ):
        writer.begin(5, None, None)


def test_ids_that_are_no_file_names_are_replaced(tmp_path: Path) -> None:
    names = {
        ResultFiles(tmp_path, batch_id).complete.relative_to(tmp_path).name
        for batch_id in ("msgbatch_01AbC", "../../etc/passwd", "a/b", "", ".", "x" * 300, "é", "\ud800")
    }
    assert len(names) == 8
    assert "msgbatch_01AbC.jsonl" in names
    assert all(len(name) < 60 and "/" not in name and not name.startswith(".") for name in names)


def test_removing_leaves_nothing() -> None:
    with new_files() as files:
        write(files, [body_of(5)])
        assert any(files.folder.iterdir())
        files.remove()
        assert not any(files.folder.iterdir())


def test_an_index_of_the_first_schema_is_made_again_from_the_file() -> None:
    with new_files() as files:
        write(files, [BODY])
        with closing(sqlite3.connect(files.index)) as db, db:
            db.execute("ALTER TABLE rows DROP COLUMN more_usage")
            db.execute("PRAGMA user_version = 1")
        assert not all_rows(files)
        ResultWriter(files).close()
        assert [row._replace(flag=None) for row in all_rows(files)] == [
            row._replace(flag=None) for row in ROWS
        ]
