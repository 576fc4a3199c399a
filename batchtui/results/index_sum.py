"""A checksum of the index while nobody writes it, so that damage is noticed before a row is believed.

A flipped bit in a SQLite file is not always an error: it may be another number. Whoever writes the index
removes the checksum first, and writes it anew when done; after a crash there is none.
"""

from __future__ import annotations

import zlib
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

from batchtui.config import open_private
from batchtui.results.files import ResultFiles

READ_BYTES = 1024 * 1024


def write_index_sum(files: ResultFiles) -> None:
    """Vouch for the index as it is; does nothing while a part of it is still in SQLite's log."""
    with suppress(FileNotFoundError):
        if files.index.with_name(f"{files.index.name}-wal").stat().st_size:
            return
    checksum = _sum_of.__wrapped__(files.index)  # not from the cache: file times tick in milliseconds
    with open(files.index_sum, "wb", opener=open_private) as file:
        file.write(checksum)


def remove_index_sum(files: ResultFiles) -> None:
    """Vouch for the index no longer, because it is going to change."""
    files.index_sum.unlink(missing_ok=True)


def check_index(files: ResultFiles) -> bool | None:
    """Whether the index is as it was when it was last closed; None if nobody vouches for it."""
    while (expected := _read(files)) is not None:
        with suppress(FileNotFoundError):
            if _sum_of(files.index, *_version(files)) == expected:
                return True
        if _read(files) == expected:  # else somebody has just begun, or ended, to write it
            return False
    return None


def _read(files: ResultFiles) -> bytes | None:
    try:
        return files.index_sum.read_bytes() or None  # empty while it is being written
    except FileNotFoundError:
        return None


def _version(files: ResultFiles) -> tuple[int, int, int]:
    status = files.index.stat()
    return status.st_ino, status.st_size, status.st_mtime_ns


@lru_cache(maxsize=64)
def _sum_of(path: Path, *_: int) -> bytes:
    """The checksum of a file; asked again for the same version of it, it is not read again."""
    checksum = 0
    with path.open("rb", buffering=0) as file:
        while piece := file.read(READ_BYTES):
            checksum = zlib.crc32(piece, checksum)
    return b"%08x\n" % checksum
