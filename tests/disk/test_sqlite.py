"""Databases: private, migrated, set aside when corrupt, left alone when newer."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import pytest

from batchtui.disk import NewerSchema, open_database, open_read_only, transaction
from batchtui.disk.sqlite import file_system

V1 = "CREATE TABLE a (x INTEGER); INSERT INTO a VALUES (1)"
V2 = "ALTER TABLE a ADD COLUMN y INTEGER DEFAULT 7"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "some.db"


def rows(connection: sqlite3.Connection) -> list[tuple[int, ...]]:
    found = connection.execute("SELECT * FROM a").fetchall()
    connection.close()
    return found


def test_a_new_file_is_private(path: Path) -> None:
    open_database(path, [V1]).close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_migrations_go_on_from_where_the_file_is(path: Path) -> None:
    assert rows(open_database(path, [V1])) == [(1,)]
    assert rows(open_database(path, [V1, V2])) == [(1, 7)]
    assert rows(open_database(path, [V1, V2])) == [(1, 7)]


def test_a_failing_migration_changes_nothing(path: Path) -> None:
    open_database(path, [V1]).close()
    with pytest.raises(sqlite3.OperationalError):
        open_database(path, [V1, "INSERT INTO a VALUES (2); SELECT * FROM nowhere"])
    assert rows(open_database(path, [V1])) == [(1,)]


def test_a_corrupt_file_is_set_aside(path: Path) -> None:
    path.write_bytes(b"this is no database" * 100)
    assert rows(open_database(path, [V1])) == [(1,)]
    (aside,) = path.parent.glob("some.db.corrupt-*")
    assert aside.read_bytes().startswith(b"this is no database")


def test_a_newer_file_is_not_written(path: Path) -> None:
    open_database(path, [V1, V2]).close()
    with pytest.raises(NewerSchema, match="newer batchtui"):
        open_database(path, [V1])
    reader = open_read_only(path)
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        reader.execute("DELETE FROM a")
    assert rows(reader) == [(1, 7)]


@pytest.mark.parametrize("version", [-(1 << 31) + 1, -1, 1 << 20])
def test_a_version_that_no_version_has_is_damage(path: Path, version: int) -> None:
    with closing(open_database(path, [V1])) as connection:
        connection.execute(f"PRAGMA user_version = {version}")
    assert rows(open_database(path, [V1])) == [(1,)]
    assert len(list(path.parent.glob("some.db.corrupt-*"))) == 1


def test_a_newer_version_in_a_damaged_file_is_damage(path: Path) -> None:
    with closing(open_database(path, [V1, V2])) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    with path.open("r+b") as file:
        file.seek(4096)  # the second page
        file.write(b"\xff" * 100)
    assert rows(open_database(path, [V1])) == [(1,)]
    assert len(list(path.parent.glob("some.db.corrupt-*"))) == 1


@pytest.mark.parametrize("name", ["a#b", "a?mode=memory", "%41", "a b", "file:x", os.fsdecode(b"\xff\xfe")])
def test_any_path_is_opened_as_it_is(tmp_path: Path, name: str) -> None:
    folder = tmp_path / name
    folder.mkdir()
    path = folder / f"{name}.db"
    open_database(path, [V1]).close()
    assert rows(open_read_only(path)) == [(1,)]
    assert list(tmp_path.iterdir()) == [folder]
    assert all(one.name.startswith(path.name) for one in folder.iterdir())


def test_a_transaction_that_fails_is_undone(path: Path) -> None:
    connection = open_database(path, [V1])
    with pytest.raises(ZeroDivisionError), transaction(connection):
        connection.execute("INSERT INTO a VALUES (2)")
        _ = 1 / 0
    assert rows(connection) == [(1,)]


def test_many_may_open_a_new_file_at_once(path: Path) -> None:
    found: list[list[tuple[int, ...]]] = []
    threads = [
        threading.Thread(target=lambda: found.append(rows(open_database(path, [V1, V2])))) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [[(1, 7)]] * 8


def test_file_system_is_that_of_the_deepest_mount(tmp_path: Path) -> None:
    share = tmp_path / "my #1 share"
    share.mkdir()
    mounts = tmp_path / "mounts"
    escaped = str(share).replace(" ", "\\040").replace("#", "\\043")
    mounts.write_text(f"disk / ext4 rw 0 0\nhost:/x {escaped} nfs4 rw 0 0\nproc {share}x proc rw 0 0\n")
    assert file_system(share / "cache.db", mounts) == "nfs4"
    assert file_system(tmp_path / "cache.db", mounts) == "ext4"
    assert file_system(tmp_path, tmp_path / "absent") == ""


def test_no_shared_memory_on_a_network_file_system(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("batchtui.disk.sqlite.file_system", lambda _path: "nfs4")
    connection = open_database(path, [V1])
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("delete",)
    connection.close()


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="looks at its own files in /proc")
def test_a_second_connection_leaves_the_locks_of_the_first_in_place(path: Path) -> None:
    with closing(open_database(path, [V1])) as first, closing(open_database(path, [V1])) as second:
        first.execute("INSERT INTO a VALUES (2)")
        second.execute("SELECT * FROM a").fetchall()
        # The last connection to close deletes the log: without our locks another process is that.
        code = (
            f"import sqlite3; db = sqlite3.connect({str(path)!r}); db.execute('SELECT 1 FROM a'); db.close()"
        )
        subprocess.run([sys.executable, "-c", code], check=True)
        assert path.with_name("some.db-wal").exists()
