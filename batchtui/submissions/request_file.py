"""Stored requests: a file of JSON lines, and an index to find them by custom_id."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from batchtui.disk import open_database, set_aside, transaction
from batchtui.submissions.validation import custom_id_of

MIGRATIONS = (
    """
    CREATE TABLE requests (
        n INTEGER PRIMARY KEY,
        custom_id TEXT NOT NULL,
        line INTEGER NOT NULL,
        offset INTEGER NOT NULL,
        length INTEGER NOT NULL
    );
    CREATE TABLE loads (
        first INTEGER NOT NULL,
        model TEXT NOT NULL,
        prompt INTEGER NOT NULL,
        requests INTEGER NOT NULL,
        input_tokens INTEGER NOT NULL,
        max_tokens INTEGER NOT NULL
    );
    """,
    """
    ALTER TABLE loads ADD COLUMN most_prompt INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE loads ADD COLUMN most_input_tokens INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE loads ADD COLUMN cache TEXT NOT NULL DEFAULT '';
    ALTER TABLE loads ADD COLUMN geo TEXT NOT NULL DEFAULT '';
    ALTER TABLE loads ADD COLUMN is_bound INTEGER NOT NULL DEFAULT 0
    """,
)
INDEX_BY_ID = "CREATE INDEX requests_by_id ON requests (custom_id)"
CHUNK_BYTES = 256 * 1024
IDS_PER_QUERY = 500
_OPENING, _CLOSING = b'{"requests":[', b"]}"


class Span(NamedTuple):
    """Consecutive requests that make one batch.

    Attributes:
        first: Number of the first request, from 0.
        requests: Number of requests.
        start: Their offset in the file, in bytes.
        size: Their bytes, newlines included.
    """

    first: int
    requests: int
    start: int
    size: int


class Load(NamedTuple):
    """Requests to one model with prompts of about one length, which prices may depend on.

    Attributes:
        model: The model.
        prompt: Estimated tokens of one prompt, rounded up.
        requests: Number of requests.
        input_tokens: Estimated tokens of all prompts.
        max_tokens: Maximum tokens of all replies.
        most_prompt: Maximum tokens of one prompt, rounded up; 0 if unknown.
        most_input_tokens: Maximum tokens of all prompts.
        cache: How long prompts may be cached: `1h`, `5m`, or empty for not at all.
        geo: Where they may run: `us`, `global`, or empty for the workspace's default.
        is_bound: Whether the maximums are known.
    """

    model: str
    prompt: int
    requests: int
    input_tokens: int
    max_tokens: int
    most_prompt: int = 0
    most_input_tokens: int = 0
    cache: str = ""
    geo: str = ""
    is_bound: bool = False


class RequestFile:
    """One file of requests with its index.

    Args:
        folder: A private folder that exists.
        name: The name of both files, without extension.
    """

    def __init__(self, folder: Path, name: str) -> None:
        self.name = name
        self.data = folder / f"{name}.jsonl"
        self.index = folder / f"{name}.index.db"

    def new_index(self) -> sqlite3.Connection:
        """Open the index, or create it.

        Raises:
            sqlite3.Error: It cannot be used.
        """
        # A single file, which can be moved, and read on a read-only disk.
        return open_database(self.index, MIGRATIONS, rebuild=False, durable=True)

    def _open_index(self) -> sqlite3.Connection:
        """Open the index; rebuild it from the requests if it is missing, damaged or incomplete."""
        try:
            db = self.new_index()
        except sqlite3.OperationalError:
            raise
        except sqlite3.DatabaseError:
            set_aside(self.index)
            db = self.new_index()
        try:
            if not db.execute("SELECT 1 FROM sqlite_master WHERE name = 'requests_by_id'").fetchone():
                with transaction(db):
                    db.executemany("INSERT OR REPLACE INTO requests VALUES (?, ?, ?, ?, ?)", self._rows())
                    db.execute(INDEX_BY_ID)
        except BaseException:
            db.close()
            raise
        return db

    def _rows(self) -> Iterator[tuple[int, str, int, int, int]]:
        offset = 0
        with self.data.open("rb") as file:
            for number, line in enumerate(file):
                yield number, custom_id_of(line), number + 1, offset, len(line) - 1
                offset += len(line)

    def find(self, custom_id: str, span: Span) -> bytes | None:
        """Return a request of a batch as it was sent, or None.

        Raises:
            OSError: The file cannot be read.
            sqlite3.Error: The index cannot be read.
        """
        return next((raw for _, raw in self.lines([custom_id], span)), None)

    def lines(self, custom_ids: Iterable[str], span: Span) -> Iterator[tuple[str, bytes]]:
        """Return requests by custom_id, each with its line; unknown ids are skipped."""
        ids = list(custom_ids)
        with closing(self._open_index()) as db, self.data.open("rb", buffering=0) as file:
            for start in range(0, len(ids), IDS_PER_QUERY):
                some = ids[start : start + IDS_PER_QUERY]
                marks = ", ".join("?" * len(some))
                condition = f"custom_id IN ({marks}) AND n >= ? AND n < ?"
                query = f"SELECT custom_id, offset, length FROM requests WHERE {condition} ORDER BY n"  # noqa: S608
                found = db.execute(query, (*some, span.first, span.first + span.requests))
                for custom_id, offset, length in found.fetchall():
                    yield custom_id, os.pread(file.fileno(), length, offset)

    def custom_ids(self, span: Span) -> Iterator[str]:
        """Return the custom_ids of a batch in order."""
        query = "SELECT custom_id FROM requests WHERE n >= ? AND n < ? ORDER BY n"
        with closing(self._open_index()) as db:
            for (custom_id,) in db.execute(query, (span.first, span.first + span.requests)):
                yield custom_id

    def all_custom_ids(self) -> Iterator[str]:
        """Return all custom_ids, read from the requests instead of the index."""
        return (custom_id for _, custom_id, *_ in self._rows())

    def loads(self, span: Span) -> list[Load]:
        """Return requests and tokens of a batch by model; empty for requests that were attached unchecked."""
        query = f"SELECT {', '.join(Load._fields)} FROM loads WHERE first = ?"  # noqa: S608 - constant names
        with closing(self._open_index()) as db:
            return [Load._make(row) for row in db.execute(query, (span.first,))]

    def place(self, n: int) -> tuple[str, int] | None:
        """Return the custom_id of a request by its number, from 0, and its line in the original file."""
        query = "SELECT custom_id, line FROM requests WHERE n = ?"
        with closing(self._open_index()) as db:
            found: tuple[str, int] | None = db.execute(query, (n,)).fetchone()
            return found

    def sync(self) -> None:
        """Sync the requests to disk."""
        with self.data.open("rb") as file:
            os.fsync(file.fileno())

    def remove(self) -> None:
        """Delete the requests. Only for requests that were never sent: the API does not return them."""
        for suffix in ("", "-wal", "-shm", "-journal"):
            self.index.with_name(self.index.name + suffix).unlink(missing_ok=True)
        self.data.unlink(missing_ok=True)


class RequestBody:
    """The body of a create call, streamed from a request file.

    Args:
        path: The file of JSON lines.
        span: The requests to send.
        on_progress: Called with the bytes sent so far.
        before_end: Called before the last bytes; without those the server cannot accept the body.
    """

    def __init__(
        self,
        path: Path,
        span: Span,
        on_progress: Callable[[int], None] | None = None,
        before_end: Callable[[], None] | None = None,
    ) -> None:
        self._path = path
        self._span = span
        self._on_progress = on_progress or (lambda _: None)
        self._before_end = before_end or (lambda: None)

    @property
    def size(self) -> int:
        """Bytes of the body."""
        return body_size(self._span.size)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Return the bytes; each newline but the last becomes a comma."""
        yield _OPENING
        left = self._span.size - 1
        with self._path.open("rb", buffering=0) as file:
            file.seek(self._span.start)
            while left:
                chunk = file.read(min(CHUNK_BYTES, left))
                if not chunk:
                    raise OSError(f"{self._path} became shorter while it was being sent.")
                left -= len(chunk)
                yield chunk.replace(b"\n", b",")
                self._on_progress(self._span.size - left)
        self._before_end()
        yield _CLOSING


def body_size(lines_size: int) -> int:
    """Return the size of the body for lines of this size, newlines included."""
    return len(_OPENING) + lines_size - 1 + len(_CLOSING)
