"""Where the results of one batch lie on disk."""

from __future__ import annotations

import errno
import hashlib
import os
import re
from pathlib import Path

from batchtui.config import open_private

_PLAIN = re.compile(r"[A-Za-z0-9_-]{1,100}\Z")


class ResultFiles:
    """The files of one batch: results, results still growing, their seal, index, lock.

    The results file is named `.jsonl` only once it is complete; until then it is `.jsonl.part`.

    Args:
        folder: A private folder (0700) that exists.
        batch_id: The batch; an id that is not plain enough for a file name is replaced by a digest of it.
    """

    def __init__(self, folder: Path, batch_id: str) -> None:
        self.folder = folder
        self.batch_id = batch_id
        name = _file_name(batch_id)
        self.complete = folder / f"{name}.jsonl"
        self.part = folder / f"{name}.jsonl.part"
        self.seal = folder / f"{name}.seal"
        """Size and digest of the complete results."""
        self.index = folder / f"{name}.index.db"
        self.index_sum = folder / f"{name}.index.sum"
        """Checksum of the index while nobody writes it."""
        self.lock = folder / f"{name}.lock"

    @property
    def is_complete(self) -> bool:
        """Whether all results are here, checked and safe on disk."""
        return self.complete.exists()

    @property
    def data(self) -> Path:
        """The file that holds the results which are here so far."""
        return self.complete if self.is_complete else self.part

    @property
    def size(self) -> int:
        """Bytes of results that are here, 0 where there are none."""
        try:
            return self.data.stat().st_size
        except FileNotFoundError:
            return 0

    def remove(self) -> None:
        """Deletes the results and their index. The local copy may be the only one: ask first."""
        for path in (*self.data_parts(), self.lock):
            path.unlink(missing_ok=True)

    def data_parts(self) -> list[Path]:
        """All files but the lock, whether they are there or not."""
        return [self.complete, self.part, self.seal, *self.damaged(), *self.index_parts()]

    def damaged(self) -> list[Path]:
        """Results that were damaged and set aside, oldest first."""
        return sorted(self.folder.glob(f"{self.complete.name}.damaged-*"))

    def index_parts(self) -> list[Path]:
        """The index, its checksum, and what SQLite keeps beside it."""
        ends = ("", "-wal", "-shm", "-journal")
        return [self.index_sum, *(self.index.with_name(self.index.name + end) for end in ends)]


def require_room(folder: Path, needed: int) -> None:
    """Checks that a disk has room for so many bytes.

    Raises:
        OSError: It has not (`ENOSPC`).
    """
    disk = os.statvfs(folder)
    if disk.f_bavail * disk.f_frsize < needed:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(folder))


def sync_file(path: Path) -> None:
    """Waits until the bytes (or, for a folder, the names) are on disk."""
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def replace_file(path: Path, data: bytes) -> None:
    """Writes a small private file that has either its old content or all of the new one."""
    new = path.with_name(f"{path.name}.new")
    with open(new, "wb", opener=open_private) as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    new.rename(path)


def _file_name(batch_id: str) -> str:
    # Ids are opaque. Without case folding two ids could share a file on some systems; the API's never do.
    if _PLAIN.match(batch_id):
        return batch_id
    return "id-" + hashlib.sha256(batch_id.encode("utf-8", "surrogatepass")).hexdigest()[:32]
