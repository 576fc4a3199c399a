"""Opens a SQLite file the one safe way: private, migrated, set aside when it is corrupt."""

from __future__ import annotations

import errno
import os
import re
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

BUSY_SECONDS = 10.0
NETWORK_FILE_SYSTEMS = frozenset(
    {
        "nfs",
        "nfs4",
        "cifs",
        "smb3",
        "smbfs",
        "fuse.sshfs",
        "9p",
        "afs",
        "lustre",
        "ceph",
        "glusterfs",
        "beegfs",
    }
)

LARGEST_VERSION = 1000
"""A schema beyond it is no newer one but a flipped bit."""

_MOUNT_ESCAPE = re.compile(r"\\([0-7]{3})")
"""How the kernel writes a blank, a tab, a newline, `\\` and `#` in the path of a mount."""

Migration = str
"""SQL that takes a schema from version N to N+1, N being its place in the list."""


class NewerSchema(Exception):
    """The file was written by a newer batchtui; it may be read but not written."""


def open_database(
    path: Path, migrations: Sequence[Migration], *, rebuild: bool = True, durable: bool = False
) -> sqlite3.Connection:
    """A connection in autocommit mode with the newest schema.

    Args:
        path: The file; its folder must exist. Created with mode 0600.
        migrations: The steps from an empty file to the newest schema, oldest first.
        rebuild: Set a corrupt file aside as `.corrupt-<time>` and begin anew; else let the error out.
        durable: Keep all of it in this one file, and return from each commit only when it would outlast a
            loss of power. Slower to write.

    Raises:
        NewerSchema: The schema is newer than `migrations` knows.
        sqlite3.DatabaseError: The file cannot be used.
    """
    try:
        return _open(path, migrations, durable=durable)
    except sqlite3.OperationalError:
        raise  # locked, disk full, no permission: the data is not to blame
    except sqlite3.DatabaseError:
        if not rebuild:
            raise
        set_aside(path)
        return _open(path, migrations, durable=durable)


def is_damage(error: sqlite3.Error) -> bool:
    """Whether an error is the file's own fault: not a lock, a full disk, or a missing permission."""
    if not isinstance(error, sqlite3.OperationalError):
        return isinstance(error, sqlite3.DatabaseError) and not isinstance(error, sqlite3.ProgrammingError)
    # Text that is not UTF-8 has no code; a damaged schema names tables and columns that are not there.
    return getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) == sqlite3.SQLITE_ERROR


def set_aside(path: Path) -> Path:
    """Renames a corrupt file and its journals, so that nothing is lost and a new one can begin.

    Returns:
        Where the file is now.
    """
    stamp, tries = time.strftime("%Y%m%dT%H%M%S"), 1
    while (aside := path.with_name(f"{path.name}.corrupt-{stamp}")).exists():
        stamp, tries = f"{stamp.partition('-')[0]}-{tries}", tries + 1
    for suffix in ("", "-wal", "-shm", "-journal"):
        part = path.with_name(path.name + suffix)
        if part.exists():
            part.rename(aside.with_name(aside.name + suffix))
    return aside


def open_read_only(path: Path) -> sqlite3.Connection:
    """A connection that cannot write, for a file of a newer schema."""
    return _configure(_connect(path, "ro"))


def _connect(path: Path, mode: str) -> sqlite3.Connection:
    # A URI with every special byte escaped: SQLite reads `#`, `?` and `%41` in a plain one as its own syntax.
    uri = f"{path.absolute().as_uri()}?mode={mode}"
    return sqlite3.connect(uri, uri=True, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)


def _open(path: Path, migrations: Sequence[Migration], *, durable: bool) -> sqlite3.Connection:
    # Only a new file may be opened and closed here: closing a descriptor of a file drops all locks that this
    # process holds on it, and another process would then delete the log that a connection of ours writes to.
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC, 0o600))
    if path.is_dir():
        raise _os_error(errno.EISDIR, path)
    if not os.access(path, os.R_OK | os.W_OK):
        raise _os_error(errno.EACCES, path)
    connection = _connect(path, "rw")
    try:
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if not 0 <= version <= len(migrations):
            _check_intact(connection, version)
            raise NewerSchema(
                f"{path} is from a newer batchtui (schema {version}; this one knows {len(migrations)})."
            )
        _set_journal(connection, path, durable=durable)
        if version < len(migrations):
            _migrate(connection, migrations)
        return _configure(connection)
    except BaseException:
        connection.close()
        raise


def _check_intact(connection: sqlite3.Connection, version: int) -> None:
    """Raise a DatabaseError where a strange version is likelier damage than the work of a newer batchtui."""
    found = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    if found != "ok" or not 0 < version <= LARGEST_VERSION:
        raise sqlite3.DatabaseError(f"schema {version}, which no version has, or a damaged page")


def _os_error(number: int, path: Path) -> OSError:
    return OSError(number, os.strerror(number), str(path))


def _configure(connection: sqlite3.Connection) -> sqlite3.Connection:
    connection.execute("PRAGMA foreign_keys = ON")
    return connection


def _set_journal(connection: sqlite3.Connection, path: Path, *, durable: bool) -> None:
    # WAL needs shared memory, which network file systems do not have: there it corrupts silently.
    mode = "DELETE" if durable or file_system(path) in NETWORK_FILE_SYSTEMS else "WAL"
    if connection.execute("PRAGMA journal_mode").fetchone()[0].upper() != mode:
        connection.execute(f"PRAGMA journal_mode = {mode}")
    connection.execute(f"PRAGMA synchronous = {'EXTRA' if durable else 'NORMAL'}")


def _migrate(connection: sqlite3.Connection, migrations: Sequence[Migration]) -> None:
    """Brings the schema up to date in one transaction; another process may be doing the same."""
    with transaction(connection):
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        for step in migrations[version:]:
            for statement in filter(str.strip, step.split(";")):
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {len(migrations)}")


def file_system(path: Path, mounts: Path = Path("/proc/self/mounts")) -> str:
    """The type of the file system that holds `path`, such as `ext4` or `nfs4`; empty where unknown."""
    try:
        table = os.fsdecode(mounts.read_bytes())
    except OSError:
        return ""
    target = str(path.resolve())
    best, kind = "", ""
    for line in table.split("\n"):
        _, point, name, *_ = (*line.split(" "), "", "", "")
        point = _MOUNT_ESCAPE.sub(lambda code: chr(int(code[1], 8)), point)
        inside = target == point or target.startswith(point.rstrip("/") + "/")
        if inside and len(point) >= len(best):
            best, kind = point, name
    return kind


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """A write transaction: `BEGIN IMMEDIATE`, then commit, or roll back on an error."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:  # SQLite itself may have rolled back, on a full disk for one
            connection.execute("ROLLBACK")
        raise
