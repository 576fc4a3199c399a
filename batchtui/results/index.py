"""The index of a results file: one row a line, in SQLite, and how far the file is known.

It holds nothing that the file does not: where it is missing, old or wrong it is made again.
"""
# ruff: noqa: S608 - SQL is put together from names of our own; values always go as parameters

from __future__ import annotations

import sqlite3
import sys
from contextlib import suppress
from itertools import chain
from typing import NamedTuple

from batchtui.disk import open_database, transaction
from batchtui.results.files import ResultFiles
from batchtui.results.row import Flag, ResultRow

SCHEMA = """
DROP TABLE IF EXISTS rows;
DROP TABLE IF EXISTS file;
CREATE TABLE rows (
    n INTEGER PRIMARY KEY,
    offset INTEGER NOT NULL,
    length INTEGER NOT NULL,
    custom_id TEXT NOT NULL,
    outcome TEXT NOT NULL,
    error_type TEXT NOT NULL,
    error_message TEXT NOT NULL,
    model TEXT NOT NULL,
    stop_reason TEXT NOT NULL,
    input_tokens INTEGER NOT NULL,
    cache_write_tokens INTEGER NOT NULL,
    cache_write_1h_tokens INTEGER NOT NULL,
    cache_read_tokens INTEGER NOT NULL,
    output_tokens INTEGER NOT NULL,
    web_searches INTEGER NOT NULL,
    flag TEXT,
    inference_geo TEXT NOT NULL,
    more_usage TEXT NOT NULL
);
CREATE TABLE file (
    covered INTEGER NOT NULL,
    synced INTEGER NOT NULL,
    boot TEXT NOT NULL,
    validator TEXT,
    total INTEGER,
    expected INTEGER,
    sealed_rows INTEGER NOT NULL,
    replaced INTEGER NOT NULL
);
INSERT INTO file VALUES (0, 0, '', NULL, NULL, NULL, 0, 0)
"""
# An index of the first schema lacks columns that only the lines can fill: it is made again from the file.
MIGRATIONS = ("", SCHEMA)

COLUMNS = ", ".join(ResultRow._fields)
_VALUES = f"({', '.join('?' * len(ResultRow._fields))})"
_BLOCK = 20
"""Rows inserted by one statement; measured: a quarter faster than one by one, more gains nothing."""
_INSERT = f"INSERT INTO rows VALUES {_VALUES}"
_INSERT_BLOCK = f"INSERT INTO rows VALUES {', '.join([_VALUES] * _BLOCK)}"
_FLAG_DUPLICATES = """
UPDATE rows SET flag = ? WHERE flag IS NULL AND n IN (
    SELECT n FROM (
        SELECT n, ROW_NUMBER() OVER (PARTITION BY custom_id ORDER BY n) AS place
        FROM rows WHERE custom_id <> ''
    ) WHERE place > 1
)
"""


class FileState(NamedTuple):
    """How far the results file is known.

    Attributes:
        covered: Bytes whose lines are in the index; the start of the first line that is not.
        synced: Bytes that are known to be on disk, whatever happens to the machine.
        boot: Which run of the machine this was written in; empty where that cannot be told.
        validator: What the server called this version of the file, for resuming.
        total: Bytes of the whole file, if the server said so.
        expected: Results that the batch has, if known.
        sealed_rows: Rows that were there when `Index.seal` last ran.
        replaced: How often the server sent other bytes than were here.
    """

    covered: int = 0
    synced: int = 0
    boot: str = ""
    validator: str | None = None
    total: int | None = None
    expected: int | None = None
    sealed_rows: int = 0
    replaced: int = 0


class Index:
    """The writing side of an index. Only whoever holds the batch's lock makes one.

    Rows and the state of the file become visible to readers together, by `commit`.
    """

    def __init__(self, files: ResultFiles) -> None:
        self._waiting: list[ResultRow] = []
        self._db = open_database(files.index, MIGRATIONS, rebuild=False)
        try:
            # One fsync per 16 MB of index instead of one per 4 MB.
            self._db.execute("PRAGMA wal_autocheckpoint = 4000")
            self.rows = row_count(self._db)
            self.state = file_state(self._db)
        except BaseException:
            self._db.close()
            raise

    def add(self, row: ResultRow) -> None:
        """Takes the next row; `row.n` must be `self.rows`."""
        self._waiting.append(row)
        self.rows += 1

    def commit(self, state: FileState) -> None:
        """Makes the rows and the state of the file visible, and safe from everything but loss of power."""
        rows = self._waiting
        if not rows and state == self.state:
            return
        whole = len(rows) - len(rows) % _BLOCK
        blocks = (list(chain.from_iterable(rows[i : i + _BLOCK])) for i in range(0, whole, _BLOCK))
        with transaction(self._db):
            self._db.executemany(_INSERT_BLOCK, blocks)
            self._db.executemany(_INSERT, rows[whole:])
            self._write_state(state)
        self._waiting = []

    @property
    def waiting(self) -> int:
        """Rows that are not committed yet."""
        return len(self._waiting)

    def offset_of(self, n: int, *, default: int) -> int:
        """Where a committed row starts, in bytes."""
        found = self._db.execute("SELECT offset FROM rows WHERE n = ?", (n,)).fetchone()
        return int(found[0]) if found else default

    def last_row(self) -> ResultRow | None:
        """The last row that was committed."""
        found = self._db.execute(f"SELECT {COLUMNS} FROM rows ORDER BY n DESC LIMIT 1").fetchone()
        return ResultRow._make(found) if found else None

    def cut(self, size: int, state: FileState) -> FileState:
        """Forgets every row that reaches to `size` bytes or beyond, and answers what is still covered."""
        self._waiting.clear()
        last = self.last_row()
        with transaction(self._db):
            if last and last.offset + last.length >= size:
                self._db.execute("DELETE FROM rows WHERE offset + length >= ?", (size,))
                last = self.last_row()
                state = state._replace(sealed_rows=0)
            covered = last.offset + last.length + 1 if last else 0
            self._write_state(state._replace(covered=covered))
        self.rows = last.n + 1 if last else 0
        return self.state

    def seal(self, state: FileState) -> FileState:
        """Makes look-up by custom_id fast and flags duplicates; for when all is here."""
        with transaction(self._db):
            self._db.execute("CREATE INDEX IF NOT EXISTS rows_by_custom_id ON rows (custom_id)")
            if self.distinct_ids() < self.rows:
                self._db.execute(_FLAG_DUPLICATES, (Flag.DUPLICATE,))
            sealed = state._replace(sealed_rows=self.rows)
            self._write_state(sealed)
        return sealed

    def distinct_ids(self, *, before: int = sys.maxsize) -> int:
        """How many different custom_ids there are, in the lines that start before a byte."""
        counted = self._db.execute(
            "SELECT COUNT(DISTINCT custom_id) FROM rows WHERE custom_id <> '' AND offset < ?", (before,)
        )
        return int(counted.fetchone()[0])

    def nameless_rows(self) -> int:
        """How many lines have no custom_id."""
        return int(self._db.execute("SELECT COUNT(*) FROM rows WHERE custom_id = ''").fetchone()[0])

    def close(self) -> None:
        """Closes the database, with all of it in its one file if no reader is in the way."""
        with suppress(sqlite3.Error):
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        self._db.close()

    def _write_state(self, state: FileState) -> None:
        names = ", ".join(f"{name} = ?" for name in FileState._fields)
        self._db.execute(f"UPDATE file SET {names}", state)
        self.state = state


def row_count(db: sqlite3.Connection) -> int:
    """How many rows are committed; quick at any size, because their numbers have no gaps."""
    return int(db.execute("SELECT COALESCE(MAX(n) + 1, 0) FROM rows").fetchone()[0])


def file_state(db: sqlite3.Connection) -> FileState:
    """How far the file is known, as it was last committed."""
    return FileState._make(db.execute(f"SELECT {', '.join(FileState._fields)} FROM file").fetchone())


def remove_index(files: ResultFiles) -> None:
    """Deletes an index that cannot be used; it is made again from the file."""
    for path in files.index_parts():
        path.unlink(missing_ok=True)
