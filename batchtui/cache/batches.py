"""The batches of one workspace as SQLite keeps them."""

from __future__ import annotations

import errno
import sqlite3
import threading
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from dataclasses import fields
from pathlib import Path
from typing import Any

from batchtui.cache.records import Batch, Counts
from batchtui.disk import NewerSchema, open_database, open_read_only, set_aside, transaction

MIGRATIONS = (
    """
    CREATE TABLE batches (
        id TEXT PRIMARY KEY,
        status TEXT NOT NULL,
        processing INTEGER NOT NULL,
        succeeded INTEGER NOT NULL,
        errored INTEGER NOT NULL,
        canceled INTEGER NOT NULL,
        expired INTEGER NOT NULL,
        created_at REAL NOT NULL,
        expires_at REAL NOT NULL,
        ended_at REAL,
        cancel_initiated_at REAL,
        archived_at REAL,
        has_results_url INTEGER NOT NULL,
        seen_at REAL NOT NULL,
        gone_at REAL,
        wire TEXT NOT NULL
    ) WITHOUT ROWID;
    CREATE INDEX batches_by_age ON batches (created_at DESC, id);
    CREATE TABLE counts (
        batch_id TEXT NOT NULL REFERENCES batches (id) ON DELETE CASCADE,
        at REAL NOT NULL,
        processing INTEGER NOT NULL,
        succeeded INTEGER NOT NULL,
        errored INTEGER NOT NULL,
        canceled INTEGER NOT NULL,
        expired INTEGER NOT NULL,
        PRIMARY KEY (batch_id, at)
    ) WITHOUT ROWID;
    """,
)

_COLUMNS = (
    "id, status, processing, succeeded, errored, canceled, expired, created_at, expires_at, "
    "ended_at, cancel_initiated_at, archived_at, has_results_url, seen_at, gone_at"
)
_COUNTS = "processing, succeeded, errored, canceled, expired"
_NEWEST = f"SELECT {_COLUMNS} FROM batches ORDER BY created_at DESC, id"  # noqa: S608


def newest_known(path: Path, limit: int) -> tuple[list[Batch], int]:
    """The newest batches in a cache, and how many it holds; for a glance before there is anything else.

    The file is not made, mended or changed: where it cannot be read, nothing is known.

    Args:
        path: The database file of a `BatchCache`.
        limit: Batches wanted.
    """
    try:
        with closing(open_read_only(path)) as connection:
            rows = connection.execute(f"{_NEWEST} LIMIT ?", (limit,)).fetchall()
            total = connection.execute("SELECT count(*) FROM batches").fetchone()[0]
    except sqlite3.Error:
        return [], 0
    return [_batch(row) for row in rows], total


class BatchCache:
    """Batches and the history of their counts, in one file that threads and processes share.

    Each thread has a connection of its own; a write is one transaction. It is a cache: where the file
    cannot be used, nothing is known and nothing is kept, and `notice` says so. It never raises.

    Args:
        path: The database file, in an existing private folder; None to keep nothing.
        notice: Why nothing is kept.
    """

    def __init__(self, path: Path | None, notice: str | None = None) -> None:
        self.path = path
        self.notice = notice
        """One sentence for the person, when the file could not be used as it should."""
        self._local = threading.local()
        self._opened: list[sqlite3.Connection] = []
        self._is_read_only = False

    def newest(self) -> list[Batch]:
        """All batches, newest first."""
        return [_batch(row) for row in self._read(_NEWEST)]

    def get(self, batch_id: str) -> Batch | None:
        """One batch, if it was ever seen."""
        query = f"SELECT {_COLUMNS} FROM batches WHERE id = ?"  # noqa: S608
        return next(map(_batch, self._read(query, batch_id)), None)

    def wire(self, batch_id: str) -> str | None:
        """The JSON object of a batch as the server sent it last, unknown fields and all."""
        rows = self._read("SELECT wire FROM batches WHERE id = ?", batch_id)
        return str(rows[0][0]) if rows else None

    def matching(self, prefix: str, limit: int = 10) -> list[str]:
        """The ids that begin with `prefix`, at most `limit`, newest first."""
        query = "SELECT id FROM batches WHERE substr(id, 1, ?) = ? ORDER BY created_at DESC LIMIT ?"
        return [row[0] for row in self._read(query, len(prefix), prefix, limit)]

    def history(self, batch_id: str, since: float = 0.0) -> list[tuple[float, Counts]]:
        """When the counts of a batch were seen to change since some time, oldest first."""
        query = f"SELECT at, {_COUNTS} FROM counts WHERE batch_id = ? AND at >= ? ORDER BY at"  # noqa: S608
        return [(at, Counts(*counts)) for at, *counts in self._read(query, batch_id, since)]

    def store(self, batches: Sequence[tuple[Batch, str]]) -> None:
        """Keeps what the server just said: each batch with its JSON. Changed counts go into the history."""
        places = ", ".join("?" * (_COLUMNS.count(",") + 2))
        updates = ", ".join(f"{name} = excluded.{name}" for name in (*_COLUMNS.split(", ")[1:], "wire"))
        upsert = (
            f"INSERT INTO batches ({_COLUMNS}, wire) VALUES ({places}) "  # noqa: S608
            f"ON CONFLICT (id) DO UPDATE SET {updates}"
        )

        def write(connection: sqlite3.Connection) -> None:
            for batch, wire in batches:
                connection.execute(upsert, (*_row(batch), wire))
                _remember_counts(connection, batch)

        if batches:
            self._write(write)

    def mark_gone(self, ids: Iterable[str], at: float) -> None:
        """Notes that the server no longer has these batches, and keeps what is known of them."""
        rows = [(at, batch_id) for batch_id in ids]
        if rows:
            query = "UPDATE batches SET gone_at = ? WHERE id = ?"
            self._write(lambda connection: connection.executemany(query, rows))

    def forget(self, ids: Iterable[str]) -> None:
        """Drops batches and their history."""
        rows = [(batch_id,) for batch_id in ids]
        if rows:
            query = "DELETE FROM batches WHERE id = ?"
            self._write(lambda connection: connection.executemany(query, rows))

    def close(self) -> None:
        """Closes the connections of all threads."""
        for connection in self._opened:
            connection.close()
        self._opened.clear()
        self._local = threading.local()

    def _read(self, query: str, *values: object) -> list[Any]:
        rows: list[Any] = []
        self._attempt(lambda connection: rows.extend(connection.execute(query, values)))
        return rows

    def _write(self, work: Callable[[sqlite3.Connection], object]) -> None:
        def in_transaction(connection: sqlite3.Connection) -> None:
            if not self._is_read_only:
                with transaction(connection):
                    work(connection)

        self._attempt(in_transaction)

    def _attempt(self, work: Callable[[sqlite3.Connection], object]) -> None:
        """Does something with the file; a damaged one is recreated, any other trouble is noted."""
        if self.path is None:
            return
        try:
            try:
                work(self._connection(self.path))
            except sqlite3.OperationalError:
                raise  # locked, disk full, no permission: the data is not to blame
            except sqlite3.DatabaseError as error:
                self.close()
                set_aside(self.path)
                self.notice = f"The cache {self.path} was damaged ({error}). It was backed up and recreated."
                work(self._connection(self.path))
        except (OSError, sqlite3.Error) as error:
            reason = getattr(error, "strerror", None) or error
            self.notice = f"The cache {self.path} cannot be used now ({reason}). Nothing is saved meanwhile."

    def _connection(self, path: Path) -> sqlite3.Connection:
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._local.connection = self._open(path)
            self._opened.append(connection)
        return connection

    def _open(self, path: Path) -> sqlite3.Connection:
        try:
            return open_database(path, MIGRATIONS, rebuild=False)
        except NewerSchema as newer:
            self.notice = f"{newer} It is read but not changed; update batchtui to use it fully."
        except OSError as error:
            if error.errno not in (errno.EACCES, errno.EROFS):
                raise
            self.notice = f"The cache {path} is read but not changed ({error.strerror})."
        self._is_read_only = True
        return open_read_only(path)


def _remember_counts(connection: sqlite3.Connection, batch: Batch) -> None:
    """Adds to the history what differs from the last entry: a batch at rest takes no space."""
    query = f"SELECT {_COUNTS} FROM counts WHERE batch_id = ? ORDER BY at DESC LIMIT 1"  # noqa: S608
    last = connection.execute(query, (batch.id,)).fetchone()
    if last != tuple(batch.counts):
        insert = "INSERT OR REPLACE INTO counts VALUES (?, ?, ?, ?, ?, ?, ?)"
        connection.execute(insert, (batch.id, batch.seen_at, *batch.counts))


def _row(batch: Batch) -> tuple[object, ...]:
    """The values of `_COLUMNS`: the record's own fields in their order, the counts laid flat."""
    batch_id, status, counts, *rest = (getattr(batch, field.name) for field in fields(Batch))
    return (batch_id, status, *counts, *rest)


def _batch(row: Sequence[Any]) -> Batch:
    batch_id, status, *rest = row
    created, expires, ended, cancel, archived, has_url, seen, gone = rest[5:]
    return Batch(
        batch_id,
        status,
        Counts(*rest[:5]),
        created,
        expires,
        ended,
        cancel,
        archived,
        bool(has_url),
        seen,
        gone,
    )
