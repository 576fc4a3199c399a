"""Records of submissions, each written in two places: a receipt beside its requests, and `journal.db`.

Either place is enough: what is missing, damaged or older in one is written again from the other. The receipt
is written first, then the row, and a record counts as written when both are on the disk.
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
"""Errors of SQLite that say nothing against the file."""

_FAILURES = (OSError, sqlite3.Error, UnicodeDecodeError)
"""What a file may fail with; the last is what sqlite3 makes of damage in its own words."""


class JournalError(OSError):
    """The journal cannot be read or written; one sentence or two, with what to do."""


class Store:
    """The records of one workspace. May be used from any thread, and by several processes.

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
        """Rows that were read before: taking them apart again would take a second with 100,000."""
        self._obstacle = ""
        """Why nothing can be written; empty if it can."""
        self.unrecorded: set[str] = set()
        """Names of kept requests without a record that can be read."""
        self.notice = ""
        """One sentence for the person when something was damaged or cannot be used."""

    def records(self) -> dict[str, Submission]:
        """All records by name: the same object until something has changed, here or by another process.

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
        """Looks at both places again.

        Raises:
            JournalError: One of them cannot be read or written.
        """
        with self._lock:
            if self._mirror and not self._is_in_place(self._mirror):
                self.close()
            if self._obstacle:
                self._obstacle = self.notice = ""
            self._records = None
            self._load()
            self._writable()

    def change(self, name: str, change: Callable[[Submission | None], Submission]) -> Submission:
        """Writes down what a record becomes.

        Args:
            name: Whose record.
            change: Gets it as it is on the disk now, or None if there is none.

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

    def remove(self, name: str, may_go: Callable[[Submission], bool]) -> bool:
        """Deletes a record and calls `may_go` before, which decides whether to; returns whether it went.

        Raises:
            JournalError: It cannot be written.
        """

        def work(db: Mirror) -> bool:
            current = self._current(db, name)
            if current is None or not may_go(current):
                return False
            db.remove(name)
            self._receipts.remove(name)
            return True

        return self._write(work)

    @contextmanager
    def explaining(self) -> Iterator[None]:
        """Turns errors of the disk into `JournalError`."""
        try:
            yield
        except _FAILURES as error:
            raise self._explained(error) from error

    def close(self) -> None:
        """Closes the file."""
        with self._lock:
            if self._mirror:
                self._mirror.close()
                self._mirror = None

    def _write(self, work: Callable[[Mirror], T], *, retry: bool = True) -> T:
        """Does something in a transaction, which also keeps other processes out of the receipts."""
        with self._lock:
            self._load()
            db = self._writable()
            try:
                with transaction(db.connection):
                    return work(db)
            except _FAILURES as error:
                if not retry or not _is_damage(error):
                    raise self._explained(error) from error
                self._start_again(error)
            finally:
                self._records = None
            return self._write(work, retry=False)

    def _writable(self) -> Mirror:
        if self._obstacle or self._mirror is None:
            raise JournalError(self._obstacle)
        return self._mirror

    def _load(self) -> dict[str, Submission]:
        if self._records is None:
            self._open()
            try:
                # Receipts are made first and are looked up last: each copy that is seen has one by then.
                copies = self._receipts.copies()
                self._records = self._agree(self._receipts.stamps())
            except OSError as error:
                raise self._explained(error) from error
            self.unrecorded = copies - self._records.keys()
        return self._records

    def _open(self) -> None:
        """Opens journal.db. Where it cannot be had, receipts can still be read, but nothing is written."""
        if self._mirror:
            return
        try:
            self._mirror = Mirror(self._path)
        except (*_FAILURES, NewerSchema) as error:
            if _is_damage(error):
                self._start_again(error)
            else:
                self._obstruct(error)

    def _start_again(self, error: Exception) -> None:
        """Backs a damaged journal.db up and starts another, which the receipts will fill."""
        self.close()
        try:
            aside = set_aside(self._path)
            self._mirror = Mirror(self._path)
            self._version = self._mirror.version()
        except (*_FAILURES, NewerSchema) as again:
            self._obstruct(again)
            return
        self.notice = (
            f"The journal of submissions was damaged ({error}) and was rebuilt from its receipts. "
            f"The damaged file is {aside}."
        )

    def _agree(self, stamps: dict[str, str]) -> dict[str, Submission]:
        """Reads both places, and writes again what is missing, damaged or older in one of them."""
        rows = self._rows()
        if stamps and not rows and self._mirror and not self.notice:
            self.notice = (
                f"The journal of submissions was missing and was rebuilt from {len(stamps)} receipts."
            )
        records, apart = dict[str, Submission](), list[str]()
        for name in stamps.keys() | rows.keys():
            stamp, row = stamps.get(name), rows.get(name)
            record = self._in_row(name, row)
            if record is None or row is None or row.stamp != stamp:
                record = _newest(record, self._unsealed(name, self._receipts.read(name)))
                apart.append(name)
            if record:
                records[name] = record
        self._repair(apart)
        return records

    def _rows(self) -> dict[str, Row]:
        try:
            if self._mirror:
                self._version = self._mirror.version()
                return self._mirror.rows()
        except _FAILURES as error:
            if _is_damage(error):
                self._start_again(error)
            else:
                self._obstruct(error)
        return {}

    def _repair(self, names: Sequence[str], *, retry: bool = True) -> None:
        """Makes both places say the same."""
        if not names or not self._mirror or self._obstacle:
            return
        try:
            private_dir(self._requests)
            with transaction(self._mirror.connection):
                for name in names:
                    self._level(self._mirror, name)
        except (*_FAILURES, ConfigError) as error:
            if retry and _is_damage(error):
                self._start_again(error)
                self._repair(list(self._receipts.stamps()), retry=False)
            else:
                self._obstruct(error)

    def _level(self, db: Mirror, name: str) -> None:
        record = self._current(db, name)
        if record is None:
            return  # nothing is known for sure; what is there may still be of use to somebody
        text = seal(record)
        # Not synced: the other place has it.
        is_there = self._receipts.read(name) == text
        stamp = self._receipts.stamp(name) if is_there else self._receipts.write(name, text, sync=False)
        db.store([(name, Row(stamp, text))])

    def _current(self, db: Mirror, name: str) -> Submission | None:
        """A record as it is on the disk now; in a transaction."""
        row = db.row(name)
        in_row = self._unsealed(name, row.text) if row else None
        return _newest(in_row, self._unsealed(name, self._receipts.read(name)))

    def _in_row(self, name: str, row: Row | None) -> Submission | None:
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
            self._obstruct(error)
            return None
        return submission if submission.id == name else None

    def _is_in_place(self, mirror: Mirror) -> bool:
        """Whether the open file still has the journal's name."""
        try:
            status = self._path.stat()
        except OSError:
            return False
        return mirror.file == (status.st_dev, status.st_ino)

    def _obstruct(self, error: Exception) -> None:
        """Remembers why nothing can be written, and says so."""
        self._obstacle = self.notice = str(self._explained(error))

    def _explained(self, error: Exception) -> JournalError:
        if isinstance(error, JournalError | ConfigError):
            return JournalError(str(error))
        where = f"The journal of submissions in {self._path.parent}"
        if isinstance(error, NewerSchema | NewerRecord):
            return JournalError(f"{where} is from a newer batchtui. Update batchtui to submit.")
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        why = getattr(error, "strerror", None) or str(error)
        if code in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR) or getattr(error, "errno", 0) in NO_ROOM:
            return JournalError(
                f"{where} cannot be written ({why}). Make room and run the same command again."
            )
        if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            return JournalError(f"{where} is in use by another process. Try again when it is done.")
        return JournalError(
            f"{where} cannot be used ({why}). Check its permissions; nothing is sent without it."
        )


def _newest(*records: Submission | None) -> Submission | None:
    return max(filter(None, records), key=lambda record: record.revision, default=None)


def _is_damage(error: Exception) -> bool:
    """Whether the file is to blame, so that another can take its place."""
    if isinstance(error, sqlite3.Error):
        return getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT) & 0xFF not in _NOT_DAMAGE
    return isinstance(error, IsADirectoryError | UnicodeDecodeError)
