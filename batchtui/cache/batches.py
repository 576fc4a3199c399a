"""The batches of one workspace as SQLite keeps them."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from batchtui.cache.records import Batch, Counts
from batchtui.disk import NewerSchema, open_database, open_read_only, transaction

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


class BatchCache:
    """Batches and the history of their counts, in one file that threads and processes share.

    Each thread has a connection of its own; a write is one transaction.

    Args:
        path: The database file, in an existing private folder.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.notice: str | None = None
        """One sentence for the person, when the file could not be used as it should."""
        self._local = threading.local()
        self._opened: list[sqlite3.Connection] = []

    def newest(self, limit: int = -1) -> list[Batch]:
        """Batches, newest first; all of them without a limit."""
        query = f"SELECT {_COLUMNS} FROM batches ORDER BY created_at DESC, id LIMIT ?"  # noqa: S608
        return [_batch(row) for row in self._connection.execute(query, (limit,))]

    def between(self, newer_than: float, older_than: float) -> list[Batch]:
        """Batches created strictly between two times, newest first."""
        query = (
            f"SELECT {_COLUMNS} FROM batches WHERE created_at > ? AND created_at < ? "  # noqa: S608
            "ORDER BY created_at DESC, id"
        )
        return [_batch(row) for row in self._connection.execute(query, (newer_than, older_than))]

    def running(self) -> list[Batch]:
        """Batches that had not ended when last seen, newest first."""
        query = (
            f"SELECT {_COLUMNS} FROM batches WHERE status <> 'ended' AND gone_at IS NULL "  # noqa: S608
            "ORDER BY created_at DESC, id"
        )
        return [_batch(row) for row in self._connection.execute(query)]

    def get(self, batch_id: str) -> Batch | None:
        """One batch, if it was ever seen."""
        query = f"SELECT {_COLUMNS} FROM batches WHERE id = ?"  # noqa: S608
        row = self._connection.execute(query, (batch_id,)).fetchone()
        return _batch(row) if row else None

    def wire(self, batch_id: str) -> str | None:
        """The JSON object of a batch as the server sent it last, unknown fields and all."""
        row = self._connection.execute("SELECT wire FROM batches WHERE id = ?", (batch_id,)).fetchone()
        return str(row[0]) if row else None

    def matching(self, prefix: str) -> list[str]:
        """The ids that begin with `prefix`, at most 10, newest first."""
        query = "SELECT id FROM batches WHERE substr(id, 1, ?) = ? ORDER BY created_at DESC LIMIT 10"
        return [row[0] for row in self._connection.execute(query, (len(prefix), prefix))]

    def history(self, batch_id: str) -> list[tuple[float, Counts]]:
        """When the counts of a batch were seen to change, oldest first."""
        query = f"SELECT at, {_COUNTS} FROM counts WHERE batch_id = ? ORDER BY at"  # noqa: S608
        rows = self._connection.execute(query, (batch_id,))
        return [(at, Counts(*counts)) for at, *counts in rows]

    def store(self, batches: Sequence[tuple[Batch, str]]) -> None:
        """Keeps what the server just said: each batch with its JSON. Changed counts go into the history."""
        if self.is_read_only or not batches:
            return
        places = ", ".join("?" * (_COLUMNS.count(",") + 2))
        updates = ", ".join(f"{name} = excluded.{name}" for name in (*_COLUMNS.split(", ")[1:], "wire"))
        upsert = (
            f"INSERT INTO batches ({_COLUMNS}, wire) VALUES ({places}) "  # noqa: S608
            f"ON CONFLICT (id) DO UPDATE SET {updates}"
        )
        with transaction(self._connection):
            for batch, wire in batches:
                self._connection.execute(upsert, (*_row(batch), wire))
                self._remember_counts(batch)

    def mark_gone(self, ids: Iterable[str], at: float) -> None:
        """Notes that the server no longer has these batches, and keeps what is known of them."""
        if self.is_read_only:
            return
        query = "UPDATE batches SET gone_at = ? WHERE id = ?"
        with transaction(self._connection):
            self._connection.executemany(query, ((at, batch_id) for batch_id in ids))

    def forget(self, ids: Iterable[str]) -> None:
        """Drops batches and their history."""
        if self.is_read_only:
            return
        with transaction(self._connection):
            self._connection.executemany(
                "DELETE FROM batches WHERE id = ?", ((batch_id,) for batch_id in ids)
            )

    @property
    def is_read_only(self) -> bool:
        """Whether the file belongs to a newer batchtui, so that nothing is written."""
        _ = self._connection
        return self.notice is not None

    def close(self) -> None:
        """Closes the connections of all threads."""
        for connection in self._opened:
            connection.close()
        self._opened.clear()
        self._local = threading.local()

    @property
    def _connection(self) -> sqlite3.Connection:
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._local.connection = self._open()
            self._opened.append(connection)
        return connection

    def _open(self) -> sqlite3.Connection:
        try:
            return open_database(self.path, MIGRATIONS)
        except NewerSchema as newer:
            self.notice = f"{newer} It is read but not changed; update batchtui to use it fully."
            return open_read_only(self.path)

    def _remember_counts(self, batch: Batch) -> None:
        """Adds to the history what differs from the last entry: a batch at rest takes no space."""
        query = f"SELECT {_COUNTS} FROM counts WHERE batch_id = ? ORDER BY at DESC LIMIT 1"  # noqa: S608
        last = self._connection.execute(query, (batch.id,)).fetchone()
        if last != tuple(batch.counts):
            insert = "INSERT OR REPLACE INTO counts VALUES (?, ?, ?, ?, ?, ?, ?)"
            self._connection.execute(insert, (batch.id, batch.seen_at, *batch.counts))


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
