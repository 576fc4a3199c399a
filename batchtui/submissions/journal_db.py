"""`journal.db` (SQLite): a copy of every receipt, so that one file is read instead of thousands."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import NamedTuple

from batchtui.disk import open_database, transaction
from batchtui.submissions.records import Part, PartState, Submission, seal, unseal
from batchtui.submissions.request_file import Span

MIGRATIONS = (
    """
    CREATE TABLE submissions (
        id TEXT PRIMARY KEY,
        digest TEXT NOT NULL,
        source TEXT NOT NULL,
        requests INTEGER NOT NULL,
        parent TEXT,
        created_at REAL NOT NULL
    );
    CREATE INDEX submissions_by_digest ON submissions (digest);
    CREATE TABLE parts (
        submission TEXT NOT NULL REFERENCES submissions (id),
        number INTEGER NOT NULL,
        first INTEGER NOT NULL,
        requests INTEGER NOT NULL,
        start INTEGER NOT NULL,
        size INTEGER NOT NULL,
        state TEXT NOT NULL,
        batch_id TEXT,
        sent_at REAL,
        newest_before TEXT,
        newest_before_at REAL,
        PRIMARY KEY (submission, number)
    );
    CREATE TABLE batches (
        batch_id TEXT PRIMARY KEY,
        submission TEXT NOT NULL,
        first INTEGER NOT NULL,
        requests INTEGER NOT NULL,
        start INTEGER NOT NULL,
        size INTEGER NOT NULL,
        attached_at REAL NOT NULL
    );
    """,
    """
    CREATE TABLE receipts (
        name TEXT PRIMARY KEY,
        stamp TEXT NOT NULL,
        text BLOB NOT NULL
    );
    """,
)
_ONE_ROW = "SELECT stamp, text FROM receipts WHERE name = ? AND typeof(text) = 'blob'"
_V1_TABLES = ("parts", "batches", "submissions")
"""Tables of version 1, which had no receipts."""


class Row(NamedTuple):
    """A receipt in the journal.

    Attributes:
        stamp: Stamp of the receipt's file when both were identical.
        text: The sealed record.
    """

    stamp: str
    text: bytes


class Mirror:
    """The open database.

    Args:
        path: The file, in an existing private folder.

    Raises:
        NewerSchema: A newer batchtui wrote it.
        sqlite3.DatabaseError: It is damaged or cannot be used.
        OSError: It cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        self.connection = open_database(path, MIGRATIONS, rebuild=False, durable=True)
        try:
            status = path.stat()
            self.file = status.st_dev, status.st_ino
            self._check()
        except BaseException:
            self.connection.close()
            raise

    def _check(self) -> None:
        is_v1 = self._has_v1_tables()
        # The full check also compares indexes with tables and so finds changed values. Receipts have
        # checksums and do not need it.
        (found,) = self.connection.execute(
            f"PRAGMA {'integrity_check' if is_v1 else 'quick_check'}(1)"
        ).fetchone()
        if found != "ok":
            raise sqlite3.DatabaseError(found)
        if is_v1:
            with transaction(self.connection):
                if self._has_v1_tables():  # unless another process was faster
                    self.store(_v1_rows(self.connection))
                    for table in _V1_TABLES:
                        self.connection.execute(f"DROP TABLE {table}")

    def _has_v1_tables(self) -> bool:
        query = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'submissions'"
        return self.connection.execute(query).fetchone() is not None

    def version(self) -> int:
        """Return a number that changes when another process writes."""
        (version,) = self.connection.execute("PRAGMA data_version").fetchone()
        return int(version)

    def rows(self) -> dict[str, Row]:
        """Return all receipts by name."""
        return {
            name: Row(stamp, text)
            for name, stamp, text in self.connection.execute(
                "SELECT name, stamp, text FROM receipts WHERE typeof(text) = 'blob'"
            )
        }

    def row(self, name: str) -> Row | None:
        """Return a receipt."""
        found = self.connection.execute(_ONE_ROW, (name,)).fetchone()
        return Row(*found) if found else None

    def store(self, rows: Iterable[tuple[str, Row]]) -> None:
        """Insert or replace receipts; call it in a transaction."""
        self.connection.executemany(
            "INSERT OR REPLACE INTO receipts VALUES (?, ?, ?)", ((name, *row) for name, row in rows)
        )

    def remove(self, name: str) -> None:
        """Delete a receipt; call it in a transaction."""
        self.connection.execute("DELETE FROM receipts WHERE name = ?", (name,))

    def close(self) -> None:
        """Close the file."""
        self.connection.close()


def _v1_rows(db: sqlite3.Connection) -> list[tuple[str, Row]]:
    """Return the submissions of version 1 as receipts.

    Raises:
        sqlite3.DatabaseError: The tables are not valid.
    """
    try:
        rows = [(one.id, Row("", seal(one))) for one in _v1_submissions(db)]
        for _, row in rows:
            unseal(row.text)
    except (ValueError, TypeError) as error:
        raise sqlite3.DatabaseError(str(error)) from error
    return rows


def _v1_submissions(db: sqlite3.Connection) -> list[Submission]:
    """Return the submissions of version 1."""
    query = "SELECT * FROM parts ORDER BY submission, number"
    parts = {
        submission: [_v1_part(*row) for row in rows]
        for submission, rows in groupby(db.execute(query).fetchall(), key=itemgetter(0))
    }
    made = [
        Submission(name, digest, source, requests, parent, created_at, parts.get(name, []))
        for name, digest, source, requests, parent, created_at in db.execute("SELECT * FROM submissions")
    ]
    query = """
        SELECT submission, first, requests, start, size, batch_id, attached_at FROM batches
        WHERE submission NOT IN (SELECT id FROM submissions) ORDER BY submission, attached_at
    """
    for name, rows in groupby(db.execute(query).fetchall(), key=itemgetter(0)):
        attached = [
            Part(name, number, Span(*span), PartState.ATTACHED, batch_id, attached_at)
            for number, (_, *span, batch_id, attached_at) in enumerate(rows)
        ]
        requests = max(part.span.first + part.span.requests for part in attached)
        made.append(Submission(name, "", "", requests, None, attached[0].sent_at or 0.0, attached))
    return made


def _v1_part(submission: str, number: int, *rest: object) -> Part:
    *span, state, batch_id, sent_at, before, before_at = rest
    known = batch_id, sent_at, before, before_at or 0.0
    return Part(submission, number, Span(*span), PartState(str(state)), *known)  # type: ignore[arg-type]
