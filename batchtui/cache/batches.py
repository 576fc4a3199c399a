"""SQLite cache of the batches of one workspace."""

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

CACHE_FILE = "cache.db"
"""File name of a `BatchCache`, in the workspace's cache folder."""
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


def load_cached_list(path: Path, limit: int) -> tuple[list[Batch], int]:
    """Return the newest batches of a cache and its number of batches, for the first frame.

    The file is never created or changed. If it cannot be read, the result is empty.

    Args:
        path: The database file of a `BatchCache`.
        limit: Maximum number of batches.
    """
    try:
        with closing(open_read_only(path)) as connection:
            rows = connection.execute(f"{_NEWEST} LIMIT ?", (limit,)).fetchall()
            total = connection.execute("SELECT count(*) FROM batches").fetchone()[0]
    except sqlite3.Error:
        return [], 0
    return [_batch(row) for row in rows], total


class BatchCache:
    """Batches and the history of their counts, in a file shared by threads and processes.

    Each thread has its own connection, and each write is one transaction. It never raises: if the file
    cannot be used, reads are empty, writes are ignored, and `notice` gives the reason.

    Args:
        path: The database file, in an existing private folder; None to store nothing.
        notice: Why nothing is stored.
    """

    def __init__(self, path: Path | None, notice: str | None = None) -> None:
        self.path = path
        self.notice = notice
        """Message for the user if the file could not be used normally."""
        self._local = threading.local()
        self._opened: list[sqlite3.Connection] = []
        self._is_read_only = False

    def newest(self) -> list[Batch]:
        """Return all batches, newest first."""
        return [_batch(row) for row in self._read(_NEWEST)]

    def get(self, batch_id: str) -> Batch | None:
        """Return a batch if it is cached."""
        query = f"SELECT {_COLUMNS} FROM batches WHERE id = ?"  # noqa: S608
        return next(map(_batch, self._read(query, batch_id)), None)

    def wire(self, batch_id: str) -> str | None:
        """Return the JSON of a batch as the server last sent it."""
        rows = self._read("SELECT wire FROM batches WHERE id = ?", batch_id)
        return str(rows[0][0]) if rows else None

    def matching(self, prefix: str, limit: int = 10) -> list[str]:
        """Return up to `limit` IDs that start with `prefix`, newest first."""
        query = "SELECT id FROM batches WHERE substr(id, 1, ?) = ? ORDER BY created_at DESC LIMIT ?"
        return [row[0] for row in self._read(query, len(prefix), prefix, limit)]

    def history(self, batch_id: str, since: float = 0.0) -> list[tuple[float, Counts]]:
        """Return the changes of a batch's counts since a time, each with its time, oldest first."""
        query = f"SELECT at, {_COUNTS} FROM counts WHERE batch_id = ? AND at >= ? ORDER BY at"  # noqa: S608
        return [(at, Counts(*counts)) for at, *counts in self._read(query, batch_id, since)]

    def store(self, batches: Sequence[tuple[Batch, str]]) -> None:
        """Insert or update batches, each with its JSON, and add changed counts to the history."""
        placeholders = ", ".join("?" * (_COLUMNS.count(",") + 2))
        updates = ", ".join(f"{name} = excluded.{name}" for name in (*_COLUMNS.split(", ")[1:], "wire"))
        upsert = (
            f"INSERT INTO batches ({_COLUMNS}, wire) VALUES ({placeholders}) "  # noqa: S608
            f"ON CONFLICT (id) DO UPDATE SET {updates}"
        )

        def write(connection: sqlite3.Connection) -> None:
            for batch, wire in batches:
                connection.execute(upsert, (*_row(batch), wire))
                _add_to_history(connection, batch)

        if batches:
            self._write(write)

    def mark_gone(self, ids: Iterable[str], at: float) -> None:
        """Mark batches as gone from the server, without deleting them."""
        rows = [(at, batch_id) for batch_id in ids]
        if rows:
            query = "UPDATE batches SET gone_at = ? WHERE id = ?"
            self._write(lambda connection: connection.executemany(query, rows))

    def forget(self, ids: Iterable[str]) -> None:
        """Delete batches and their history."""
        rows = [(batch_id,) for batch_id in ids]
        if rows:
            query = "DELETE FROM batches WHERE id = ?"
            self._write(lambda connection: connection.executemany(query, rows))

    def close(self) -> None:
        """Close the connections of all threads."""
        for connection in self._opened:
            connection.close()
        self._opened.clear()
        self._local = threading.local()

    def _read(self, query: str, *values: object) -> list[Any]:
        rows: list[Any] = []
        self._try(lambda connection: rows.extend(connection.execute(query, values)))
        return rows

    def _write(self, work: Callable[[sqlite3.Connection], object]) -> None:
        def in_transaction(connection: sqlite3.Connection) -> None:
            if not self._is_read_only:
                with transaction(connection):
                    work(connection)

        self._try(in_transaction)

    def _try(self, work: Callable[[sqlite3.Connection], object]) -> None:
        """Run `work` on the file. A damaged file is recreated; other errors only set `notice`."""
        if self.path is None:
            return
        try:
            try:
                work(self._connection(self.path))
            except sqlite3.OperationalError:
                raise  # locked, disk full, no permission: the file is not damaged
            except sqlite3.DatabaseError as error:
                self.close()
                set_aside(self.path)
                self.notice = f"The cache {self.path} was damaged ({error}). It was backed up and recreated."
                work(self._connection(self.path))
        except (OSError, sqlite3.Error) as error:
            reason = getattr(error, "strerror", None) or error
            self.notice = f"The cache {self.path} is unavailable ({reason}). Changes are not saved."

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
            self.notice = f"{newer} It is read-only until you update batchtui."
        except OSError as error:
            if error.errno not in (errno.EACCES, errno.EROFS):
                raise
            self.notice = f"The cache {path} is read-only ({error.strerror})."
        self._is_read_only = True
        return open_read_only(path)


def _add_to_history(connection: sqlite3.Connection, batch: Batch) -> None:
    """Add the counts to the history if they differ from the last entry."""
    query = f"SELECT {_COUNTS} FROM counts WHERE batch_id = ? ORDER BY at DESC LIMIT 1"  # noqa: S608
    last = connection.execute(query, (batch.id,)).fetchone()
    if last != tuple(batch.counts):
        insert = "INSERT OR REPLACE INTO counts VALUES (?, ?, ?, ?, ?, ?, ?)"
        connection.execute(insert, (batch.id, batch.seen_at, *batch.counts))


def _row(batch: Batch) -> tuple[object, ...]:
    """Return the values of `_COLUMNS`: the fields in order, with the counts flattened."""
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
