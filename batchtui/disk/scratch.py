"""Temporary folders that do not outlive their process for long, even if it is killed."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

PREFIX = "batchtui-tmp-"


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """Make a private temporary folder, which is removed at the end of the block.

    Its lock tells that its process is alive. Folders of processes that were killed are removed first.
    """
    remove_abandoned()
    path, lock = _make_locked(Path(tempfile.gettempdir()))
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)
        os.close(lock)


def _make_locked(parent: Path) -> tuple[Path, int]:
    while True:
        path = Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent))
        with suppress(FileNotFoundError):  # another start has removed it before it was locked
            lock = _open(path)
            with suppress(OSError):  # a file system without locks: nobody can lock it to remove it either
                fcntl.flock(lock, fcntl.LOCK_EX)
            if path.exists():
                return path, lock
            os.close(lock)


def remove_abandoned() -> None:
    """Remove temporary folders of ours that no process holds; anything else, links included, stays."""
    with suppress(OSError), os.scandir(tempfile.gettempdir()) as entries:
        ours = [Path(entry) for entry in entries if entry.name.startswith(PREFIX)]
        for path in ours:
            with suppress(OSError):
                _remove_if_abandoned(path)


def _remove_if_abandoned(path: Path) -> None:
    folder = _open(path)
    try:
        if os.fstat(folder).st_uid == os.geteuid():
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(path, ignore_errors=True)
    finally:
        os.close(folder)


def _open(folder: Path) -> int:
    return os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
