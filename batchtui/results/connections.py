"""Read-only connections to an index and its file, one pair a thread."""

from __future__ import annotations

import os
import sqlite3
import threading
from contextlib import suppress
from dataclasses import dataclass

from batchtui.disk import open_read_only
from batchtui.results.errors import fold
from batchtui.results.files import ResultFiles
from batchtui.results.index import MIGRATIONS
from batchtui.results.index_sum import check_index


@dataclass(frozen=True, slots=True)
class Connection:
    """What one thread reads with.

    Attributes:
        db: The index.
        data: A handle on the results file; it stays right when the file is renamed.
        inode: Which index file it is, so that one that was made anew is noticed.
    """

    db: sqlite3.Connection
    data: int
    inode: int


class Connections:
    """Hands each thread its own connection.

    Args:
        files: The batch's files.
    """

    def __init__(self, files: ResultFiles) -> None:
        self._files = files
        self._local = threading.local()
        self._opened: list[Connection] = []

    def get(self) -> Connection | None:
        """This thread's connection, or None while there is no index of a schema that we know."""
        try:
            inode = self._files.index.stat().st_ino
        except FileNotFoundError:
            return None
        mine: Connection | None = getattr(self._local, "connection", None)
        if mine and mine.inode == inode:
            return mine
        if mine:
            self._opened.remove(mine)
            _close(mine)
        self._local.connection = fresh = self._open(inode)
        if fresh:
            self._opened.append(fresh)
        return fresh

    def close(self) -> None:
        """Closes the connections of all threads; none of them may be reading."""
        while self._opened:
            _close(self._opened.pop())
        self._local = threading.local()

    def _open(self, inode: int) -> Connection | None:
        if check_index(self._files) is False:
            return None  # damaged: whoever fetches next makes it again
        try:
            db = open_read_only(self._files.index)
        except sqlite3.OperationalError:
            return None  # removed or being made just now
        try:
            if db.execute("PRAGMA user_version").fetchone()[0] != len(MIGRATIONS):
                raise FileNotFoundError
            db.create_function(fold.__name__, 1, fold, deterministic=True)
            return Connection(db, _open_data(self._files), inode)
        except (FileNotFoundError, sqlite3.DatabaseError):
            db.close()
            return None


def _open_data(files: ResultFiles) -> int:
    flags = os.O_RDONLY | os.O_CLOEXEC
    with suppress(FileNotFoundError):
        return os.open(files.part, flags)
    return os.open(files.complete, flags)


def _close(connection: Connection) -> None:
    connection.db.close()
    os.close(connection.data)
