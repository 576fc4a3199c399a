"""Stores the record of each submission twice: in a receipt beside its requests, and in `journal.db`.

Either is enough: what is missing, damaged or older in one is restored from the other. The receipt is written
first, then the row; a record counts as written when both are on disk.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from batchtui.config import ConfigError, private_dir
from batchtui.disk import NewerSchema, set_aside, transaction
from batchtui.submissions.errors import JournalError
from batchtui.submissions.journal_db import Mirror, Row
from batchtui.submissions.preparing import NO_ROOM
from batchtui.submissions.receipts import Receipts
from batchtui.submissions.records import DamagedRecord, NewerRecord, Submission, seal, unseal

T = TypeVar("T")

_NOT_DAMAGE = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_NOMEM,
    }
)
"""SQLite errors that do not mean that the file is damaged."""

_FAILURES = (OSError, sqlite3.Error, UnicodeDecodeError)
"""Errors of a file; the last is how sqlite3 reports damaged error messages."""


class RecordStore:
    """The records of one workspace. Safe to use from several threads and processes.

    Args:
        folder: The workspace's private folder; it must exist.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / "journal.db"
        self._requests = folder / "requests"
        self._receipts = Receipts(self._requests)
        self._lock = threading.RLock()
        self._mirror: Mirror | None = None
        self._version = 0
        self._records: dict[str, Submission] | None = None
        self._read: dict[str, tuple[Row, Submission]] = {}
        """Rows that were decoded before: decoding 100,000 takes a second."""
        self._write_error = ""
        """Why nothing can be written; empty if it can."""
        self.unrecorded: set[str] = set()
        """Names of stored requests without a readable record."""
        self.notice = ""
        """What is damaged or cannot be used; empty if nothing."""

    def records(self) -> dict[str, Submission]:
        """Return all records by name: the same object until this or another process changes one.

        Raises:
            JournalError: The folder cannot be read.
        """
        with self._lock:
            try:
                if self._mirror and self._mirror.version() != self._version:
                    self._records = None
            except _FAILURES:
                self._records = None
            return self._load()

    def refresh(self) -> None:
        """Read both places again.

        Raises:
            JournalError: One of them cannot be read or written.
        """
        with self._lock:
            if self._mirror and not self._is_current(self._mirror):
                self.close()
            if self._write_error:
                self._write_error = self.notice = ""
            self._records = None
            self._load()
            self._writable()

    def change(self, name: str, change: Callable[[Submission | None], Submission]) -> Submission:
        """Change a record.

        Args:
            name: Name of the submission.
            change: Called with the current record on disk, or None; returns the new one.

        Raises:
            JournalError: It cannot be written.
        """

        def work(db: Mirror) -> Submission:
            current = self._current(db, name)
            made = replace(change(current), revision=current.revision + 1 if current else 1)
            text = seal(made)
            private_dir(self._requests)
            db.store([(name, Row(self._receipts.write(name, text), text))])
            return made

        return self._write(work)

    def remove(self, name: str, should_remove: Callable[[Submission], bool]) -> bool:
        """Delete a record if `should_remove` says so; return whether it was deleted.

        Raises:
            JournalError: It cannot be written.
        """

        def work(db: Mirror) -> bool:
            current = self._current(db, name)
            if current is None or not should_remove(current):
                return False
            db.remove(name)
            self._receipts.remove(name)
            return True

        return self._write(work)

    @contextmanager
    def journal_errors(self) -> Iterator[None]:
        """Turn disk errors into `JournalError`."""
        try:
            yield
        except _FAILURES as error:
            raise self._journal_error(error) from error

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            if self._mirror:
                self._mirror.close()
                self._mirror = None

    def _write(self, work: Callable[[Mirror], T], *, retry: bool = True) -> T:
        """Run work in a transaction, which also locks the receipts against other processes."""
        with self._lock:
            self._load()
            db = self._writable()
            try:
                with transaction(db.connection):
                    return work(db)
            except _FAILURES as error:
                if not retry or not _is_damage(error):
                    raise self._journal_error(error) from error
                self._rebuild(error)
            finally:
                self._records = None
            return self._write(work, retry=False)

    def _writable(self) -> Mirror:
        if self._write_error or self._mirror is None:
            raise JournalError(self._write_error)
        return self._mirror

    def _load(self) -> dict[str, Submission]:
        if self._records is None:
            self._open()
            try:
                # Receipts are written before requests and listed after them: each listed request has one.
                copies = self._receipts.copies()
                self._records = self._reconcile(self._receipts.stamps())
            except OSError as error:
                raise self._journal_error(error) from error
            self.unrecorded = copies - self._records.keys()
        return self._records

    def _open(self) -> None:
        """Open journal.db. Without it receipts can still be read, but nothing is written."""
        if self._mirror:
            return
        try:
            self._mirror = Mirror(self._path)
        except (*_FAILURES, NewerSchema) as error:
            if _is_damage(error):
                self._rebuild(error)
            else:
                self._disable_writes(error)

    def _rebuild(self, error: Exception) -> None:
        """Back up a damaged journal.db and create a new one, which is filled from the receipts."""
        self.close()
        try:
            backup = set_aside(self._path)
            self._mirror = Mirror(self._path)
            self._version = self._mirror.version()
        except (*_FAILURES, NewerSchema) as new_error:
            self._disable_writes(new_error)
            return
        self.notice = (
            f"The journal of submissions was damaged ({error}) and was rebuilt from its receipts. "
            f"The damaged file is {backup}."
        )

    def _reconcile(self, stamps: dict[str, str]) -> dict[str, Submission]:
        """Read both places, and restore what is missing, damaged or older in one of them."""
        rows = self._rows()
        if stamps and not rows and self._mirror and not self.notice:
            self.notice = (
                f"The journal of submissions was missing and was rebuilt from {len(stamps)} receipts."
            )
        records, different = dict[str, Submission](), list[str]()
        for name in sorted(stamps.keys() | rows.keys()):
            stamp, row = stamps.get(name), rows.get(name)
            record = self._record_in(name, row)
            if record is None or row is None or row.stamp != stamp:
                record = _newest(record, self._unsealed(name, self._receipts.read(name)))
                different.append(name)
            if record:
                records[name] = record
        self._repair(different)
        return records

    def _rows(self) -> dict[str, Row]:
        try:
            if self._mirror:
                self._version = self._mirror.version()
                return self._mirror.rows()
        except _FAILURES as error:
            if _is_damage(error):
                self._rebuild(error)
            else:
                self._disable_writes(error)
        return {}

    def _repair(self, names: Sequence[str], *, retry: bool = True) -> None:
        """Write the newest record of each name to both places."""
        if not names or not self._mirror or self._write_error:
            return
        try:
            private_dir(self._requests)
            with transaction(self._mirror.connection):
                for name in names:
                    self._sync_copies(self._mirror, name)
        except (*_FAILURES, ConfigError) as error:
            if retry and _is_damage(error):
                self._rebuild(error)
                self._repair(sorted(self._receipts.stamps()), retry=False)
            else:
                self._disable_writes(error)

    def _sync_copies(self, db: Mirror, name: str) -> None:
        record = self._current(db, name)
        if record is None:
            return  # unreadable, but left for the user
        text = seal(record)
        # No fsync: the other place has it.
        is_equal = self._receipts.read(name) == text
        stamp = self._receipts.stamp(name) if is_equal else self._receipts.write(name, text, sync=False)
        db.store([(name, Row(stamp, text))])

    def _current(self, db: Mirror, name: str) -> Submission | None:
        """Return the current record on disk; call it in a transaction."""
        row = db.row(name)
        in_row = self._unsealed(name, row.text) if row else None
        return _newest(in_row, self._unsealed(name, self._receipts.read(name)))

    def _record_in(self, name: str, row: Row | None) -> Submission | None:
        if row is None:
            return None
        before = self._read.get(name)
        if before and before[0] == row:
            return before[1]
        record = self._unsealed(name, row.text)
        if record:
            self._read[name] = row, record
        return record

    def _unsealed(self, name: str, text: bytes) -> Submission | None:
        try:
            submission = unseal(text)
        except DamagedRecord:
            return None
        except NewerRecord as error:
            self._disable_writes(error)
            return None
        return submission if submission.id == name else None

    def _is_current(self, mirror: Mirror) -> bool:
        """Return whether the open file is still at the journal's path."""
        try:
            status = self._path.stat()
        except OSError:
            return False
        return mirror.file == (status.st_dev, status.st_ino)

    def _disable_writes(self, error: Exception) -> None:
        """Remember why nothing can be written, and report it."""
        self._write_error = self.notice = str(self._journal_error(error))

    def _journal_error(self, error: Exception) -> JournalError:
        if isinstance(error, JournalError | ConfigError):
            return JournalError(str(error))
        where = f"The journal of submissions in {self._path.parent}"
        if isinstance(error, NewerSchema | NewerRecord):
            return JournalError(f"{where} is from a newer batchtui. Update batchtui to submit.")
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        why = getattr(error, "strerror", None) or str(error)
        if code in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR) or getattr(error, "errno", 0) in NO_ROOM:
            return JournalError(
                f"{where} cannot be written ({why}). Free some space and run the same command again."
            )
        if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            return JournalError(f"{where} is in use by another process. Try again when it is done.")
        return JournalError(
            f"{where} cannot be used ({why}). Check its permissions. Nothing is sent without it."
        )


def _newest(*records: Submission | None) -> Submission | None:
    return max(filter(None, records), key=lambda record: record.revision, default=None)


def _is_damage(error: Exception) -> bool:
    """Return whether the file is damaged and can be replaced."""
    if isinstance(error, sqlite3.Error):
        return getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT) & 0xFF not in _NOT_DAMAGE
    return isinstance(error, IsADirectoryError | UnicodeDecodeError)
