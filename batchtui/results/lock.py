"""One writer a batch a machine: whoever fetches its results, or removes them, holds its lock."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from filelock import FileLock, Timeout

from batchtui.results.files import ResultFiles


@contextmanager
def writing(files: ResultFiles) -> Iterator[bool]:
    """Whether this process is, within the block, the one that may change the files; never waits."""
    lock = FileLock(files.lock, mode=0o600)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        yield False
        return
    try:
        yield True
    finally:
        lock.release()
