"""Seals complete results with their size and digest, so that damage is noticed later.

Size, time of change and inode are compared each time the results are opened; the digest only when those
differ, or when somebody asks.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from batchtui.results.files import ResultFiles, replace_file, sync_file

READ_BYTES = 1024 * 1024


class Seal(NamedTuple):
    """What complete results were when they came.

    Attributes:
        size: Bytes.
        sha256: Their digest, in hexadecimal.
        mtime_ns: When the file last changed; the digest is checked when it differs.
        inode: Which file it is; likewise.
    """

    size: int
    sha256: str
    mtime_ns: int
    inode: int


class Digest:
    """The digest of a file, taken while it grows, on a thread of its own."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()
        self._size = 0
        self._thread = ThreadPoolExecutor(1, "digest")
        self._busy: Future[None] | None = None

    def update(self, offset: int, pieces: Sequence[bytes]) -> None:
        """Take pieces of the file that start at an offset; what does not follow is read by `of`."""
        self._wait()
        if offset == self._size and pieces:
            self._size += sum(map(len, pieces))
            self._busy = self._thread.submit(self._take, pieces)

    def cut(self, size: int) -> None:
        """Take note that the file was cut to so many bytes."""
        self._wait()
        if size < self._size:
            self._hash, self._size = hashlib.sha256(), 0

    def of(self, file: int, size: int) -> str:
        """Return the digest of an open file of so many bytes, reading what has not been taken yet."""
        self._wait()
        while self._size < size and (piece := os.pread(file, min(READ_BYTES, size - self._size), self._size)):
            self._hash.update(piece)
            self._size += len(piece)
        return self._hash.hexdigest()

    def close(self) -> None:
        """End the thread."""
        self._thread.shutdown()

    def _take(self, pieces: Sequence[bytes]) -> None:
        for piece in pieces:
            self._hash.update(piece)

    def _wait(self) -> None:
        """At most one call is under way, so that no more than its pieces wait in memory."""
        if self._busy:
            self._busy.result()
            self._busy = None


def write_seal(files: ResultFiles, path: Path, sha256: str) -> None:
    """Seal results.

    Args:
        files: The batch's files.
        path: The file that holds the results, under whichever name.
        sha256: Its digest.
    """
    status = path.stat()
    _write(files, Seal(status.st_size, sha256, status.st_mtime_ns, status.st_ino))


def is_sealed(files: ResultFiles) -> bool:
    """Whether complete results have a seal; those of older versions have none until they are opened."""
    return _read(files) is not None


def is_unchanged(files: ResultFiles) -> bool:
    """Whether complete results look as they did when they were sealed, or were never sealed."""
    seal, status = _read(files), files.complete.stat()
    return seal is None or seal == Seal(status.st_size, seal.sha256, status.st_mtime_ns, status.st_ino)


def find_damage(files: ResultFiles, *, thorough: bool = False) -> str:
    """Say what is wrong with complete results, in a few words; empty if nothing is.

    Args:
        files: The batch's files. Only who holds their lock may call this.
        thorough: Check the digest even if nothing looks changed.
    """
    seal = _read(files)
    if seal is None or (is_unchanged(files) and not thorough):
        return ""
    size = files.complete.stat().st_size
    if size != seal.size:
        return f"{size:,} bytes instead of {seal.size:,}"
    if digest_of(files.complete) == seal.sha256:
        write_seal(files, files.complete, seal.sha256)
        return ""
    _write(files, seal._replace(mtime_ns=0))  # so that whoever opens it next looks again
    return "the content has changed"


def digest_of(path: Path) -> str:
    """The digest of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def set_aside(files: ResultFiles) -> Path:
    """Rename damaged results, so that they can be fetched again, and return the new path.

    Whenever this is interrupted, either the damage is found again or an empty `.part` is there.
    """
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
    aside = files.complete.with_name(f"{files.complete.name}.damaged-{stamp}")
    os.close(os.open(files.part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600))
    files.complete.rename(aside)
    sync_file(files.folder)
    return aside


def _read(files: ResultFiles) -> Seal | None:
    try:
        found = json.loads(files.seal.read_bytes())
        return Seal(int(found["size"]), str(found["sha256"]), int(found["mtime_ns"]), int(found["inode"]))
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None


def _write(files: ResultFiles, seal: Seal) -> None:
    replace_file(files.seal, json.dumps(seal._asdict()).encode() + b"\n")
