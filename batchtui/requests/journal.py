"""What was submitted from here, written down before it is sent (SQLite).

This is no cache: it says what may have been paid for already. What cannot be read raises.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from batchtui.disk import NewerSchema, open_database, transaction
from batchtui.requests.kept import Span
from batchtui.requests.preparing import Prepared

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
)


class PartState(StrEnum):
    """How far one batch of a submission has come."""

    WAITING = "waiting"
    """Nothing was sent."""
    SENDING = "sending"
    """It is being sent, or was when this process or the connection ended: it may exist."""
    ACCEPTED = "accepted"
    """It exists; its id is known."""
    ABSENT = "absent"
    """It was sent, no answer came, and the server was then asked and did not have it."""


@dataclass(frozen=True, slots=True)
class Part:
    """One batch of a submission.

    Attributes:
        submission: The submission's id, which is also the name of its kept requests.
        number: Which part, from 0.
        span: Its requests.
        state: How far it has come.
        batch_id: The batch, once known.
        sent_at: When sending began, in seconds since the epoch by this machine's clock.
        newest_before: The newest batch on the server at that time; empty if there was none.
        newest_before_at: When that one was created, by the server's clock; 0 if there was none.
    """

    submission: str
    number: int
    span: Span
    state: PartState
    batch_id: str | None
    sent_at: float | None
    newest_before: str | None
    newest_before_at: float

    @property
    def may_exist(self) -> bool:
        """Whether it was sent once without a clear answer since."""
        return self.batch_id is None and self.sent_at is not None


@dataclass(frozen=True, slots=True)
class Submission:
    """Requests that were sent, or were to be, as one or several batches.

    Attributes:
        id: Its id.
        digest: SHA-256 of its requests.
        source: Where they came from.
        requests: How many.
        parent: The batch whose failed requests these are, if they are.
        created_at: When, in seconds since the epoch.
        parts: Its batches.
    """

    id: str
    digest: str
    source: str
    requests: int
    parent: str | None
    created_at: float
    parts: Sequence[Part]

    @property
    def batch_ids(self) -> list[str]:
        """Its batches that are known."""
        return [part.batch_id for part in self.parts if part.batch_id]

    @property
    def is_whole(self) -> bool:
        """Whether all of it was accepted."""
        return len(self.batch_ids) == len(self.parts)


class Journal:
    """The journal of one workspace. May be used from any thread.

    Args:
        path: The database file, in an existing private folder.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None

    def begin(self, prepared: Prepared, parent: str | None = None) -> Submission:
        """Writes down what is about to be sent, all of it still waiting."""
        submission = prepared.kept.name
        with self._lock, transaction(self._db):
            self._db.execute(
                "INSERT INTO submissions VALUES (?, ?, ?, ?, ?, ?)",
                (submission, prepared.digest, prepared.source, prepared.requests, parent, time.time()),
            )
            self._db.executemany(
                "INSERT INTO parts VALUES (?, ?, ?, ?, ?, ?, ?, NULL, NULL, NULL, NULL)",
                [
                    (submission, number, *span, PartState.WAITING)
                    for number, span in enumerate(prepared.parts)
                ],
            )
        return self.submission(submission)

    def note_sending(self, part: Part, newest_before: str, newest_before_at: float) -> Part:
        """Writes down that a part is about to be sent; once this is back, it is on disk."""
        values = (PartState.SENDING, time.time(), newest_before, newest_before_at)
        self._update(part, "state = ?, sent_at = ?, newest_before = ?, newest_before_at = ?", *values)
        return self.parts(part.submission)[part.number]

    def note_absent(self, part: Part) -> None:
        """Writes down that the server was looked at and does not have it; it may still appear."""
        self._update(part, "state = ?", PartState.ABSENT)

    def note_not_sent(self, part: Part) -> None:
        """Writes down that the batch cannot exist: the server said no, or was never reached."""
        self._update(
            part,
            "state = ?, sent_at = NULL, newest_before = NULL, newest_before_at = NULL",
            PartState.WAITING,
        )

    def note_accepted(self, part: Part, batch_id: str) -> None:
        """Writes down which batch a part has become, and that it came from the part's requests."""
        accept = "UPDATE parts SET state = ?, batch_id = ? WHERE submission = ? AND number = ?"
        with self._lock, transaction(self._db):
            self._db.execute(accept, (PartState.ACCEPTED, batch_id, part.submission, part.number))
            self._tie(batch_id, part.submission, part.span)

    def attach(self, batch_id: str, kept: str, span: Span) -> None:
        """Ties a batch to the requests that it came from; they take the place of earlier ones."""
        with self._lock, transaction(self._db):
            self._tie(batch_id, kept, span)

    def _tie(self, batch_id: str, kept: str, span: Span) -> None:
        insert = "INSERT OR REPLACE INTO batches VALUES (?, ?, ?, ?, ?, ?, ?)"
        self._db.execute(insert, (batch_id, kept, *span, time.time()))

    def forget_unsent(self, submission: str) -> bool:
        """Drops a submission if nothing of it can have been sent; answers whether it was so."""
        with self._lock, transaction(self._db):
            sent = (
                "SELECT 1 FROM parts WHERE submission = ? AND (batch_id IS NOT NULL OR sent_at IS NOT NULL)"
            )
            if self._db.execute(sent, (submission,)).fetchone():
                return False
            self._db.execute("DELETE FROM parts WHERE submission = ?", (submission,))
            self._db.execute("DELETE FROM submissions WHERE id = ?", (submission,))
            return True

    def requests_of(self, batch_id: str) -> tuple[str, Span] | None:
        """The name of the kept requests of a batch, and which of them are its own."""
        rows = self._read(
            "SELECT submission, first, requests, start, size FROM batches WHERE batch_id = ?", batch_id
        )
        return (rows[0][0], Span(*rows[0][1:])) if rows else None

    def submission(self, submission: str) -> Submission:
        """One submission by its id.

        Raises:
            LookupError: There is none.
        """
        found = self._submissions("id = ?", submission)
        if not found:
            raise LookupError(f"no submission {submission}")
        return found[0]

    def same(self, digest: str) -> list[Submission]:
        """Submissions of the same content, newest first."""
        return self._submissions("digest = ?", digest)

    def parts(self, submission: str) -> list[Part]:
        """The parts of a submission; none if there is no such submission."""
        return self._parts("submission = ?", submission)

    def submission_of(self, batch_id: str) -> Submission | None:
        """The submission that a batch came from."""
        rows = self._read("SELECT submission FROM parts WHERE batch_id = ?", batch_id)
        return self.submission(rows[0][0]) if rows else None

    def children(self, batch_id: str) -> list[Submission]:
        """What was submitted again of a batch, oldest first."""
        return self._submissions("parent = ?", batch_id)[::-1]

    def known_batches(self) -> set[str]:
        """The batches of which it is known which requests they came from."""
        return {row[0] for row in self._read("SELECT batch_id FROM batches")}

    def lost_parts(self) -> list[Part]:
        """Parts that were sent once without a clear answer since."""
        return self._parts("batch_id IS NULL AND sent_at IS NOT NULL")

    def kept_names(self) -> set[str]:
        """The names of all kept requests that something here refers to."""
        return {
            row[0] for row in self._read("SELECT id FROM submissions UNION SELECT submission FROM batches")
        }

    def close(self) -> None:
        """Closes the file."""
        with self._lock:
            if self._connection:
                self._connection.close()
                self._connection = None

    def _submissions(self, condition: str, *values: object) -> list[Submission]:
        query = f"SELECT * FROM submissions WHERE {condition} ORDER BY created_at DESC"  # noqa: S608 - our own words
        return [
            Submission(submission, digest, source, requests, parent, created_at, self.parts(submission))
            for submission, digest, source, requests, parent, created_at in self._read(query, *values)
        ]

    def _parts(self, condition: str, *values: object) -> list[Part]:
        query = f"SELECT * FROM parts WHERE {condition} ORDER BY submission, number"  # noqa: S608 - our own words
        return [_part(*row) for row in self._read(query, *values)]

    def _update(self, part: Part, assignments: str, *values: object) -> None:
        query = f"UPDATE parts SET {assignments} WHERE submission = ? AND number = ?"  # noqa: S608 - our own words
        with self._lock, transaction(self._db):
            self._db.execute(query, (*values, part.submission, part.number))

    def _read(self, query: str, *values: object) -> list[Any]:
        with self._lock:
            return self._db.execute(query, values).fetchall()

    @property
    def _db(self) -> sqlite3.Connection:
        if self._connection is None:
            try:
                self._connection = open_database(self._path, MIGRATIONS, rebuild=False)
                # What is about to be paid for must outlast a loss of power.
                self._connection.execute("PRAGMA synchronous = FULL")
            except (sqlite3.Error, NewerSchema) as error:
                raise OSError(
                    f"The journal of what was submitted, {self._path}, cannot be used ({error}): nothing is "
                    "sent without it. Mend it, or move it away to begin anew."
                ) from error
        return self._connection


def _part(submission: str, number: int, *rest: Any) -> Part:  # noqa: ANN401 - a row
    *span, state, batch_id, sent_at, newest_before, newest_before_at = rest
    before = newest_before, newest_before_at or 0.0
    return Part(submission, number, Span(*span), PartState(state), batch_id, sent_at, *before)
