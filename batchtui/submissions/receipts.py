"""The folder of kept requests, with a receipt beside each that says what became of it."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from batchtui.config import open_private

_COPY, _RECEIPT = ".jsonl", ".receipt.json"
_CHUNK = 1024 * 1024


class Receipts:
    """The receipts in one folder. Each is replaced as a whole and is on the disk when `write` returns.

    Args:
        folder: A private folder; it need not exist.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def stamps(self) -> dict[str, str]:
        """The names of all receipts, each with what changes when it is replaced.

        Raises:
            OSError: The folder cannot be read.
        """
        if not self._folder.exists():
            return {}
        with os.scandir(self._folder) as entries:
            return {
                entry.name.removesuffix(_RECEIPT): _stamp(entry.stat(follow_symlinks=False))
                for entry in entries
                if entry.name.endswith(_RECEIPT)
            }

    def copies(self) -> set[str]:
        """The names of all kept requests, with a receipt or without.

        Raises:
            OSError: The folder cannot be read.
        """
        if not self._folder.exists():
            return set()
        with os.scandir(self._folder) as entries:
            return {entry.name.removesuffix(_COPY) for entry in entries if entry.name.endswith(_COPY)}

    def copy(self, name: str) -> Path:
        """The file of kept requests."""
        return self._folder / f"{name}{_COPY}"

    def stamp(self, name: str) -> str:
        """What changes when a receipt is replaced."""
        return _stamp(self._path(name).stat(follow_symlinks=False))

    def read(self, name: str) -> bytes:
        """One receipt; empty if there is none."""
        try:
            return self._path(name).read_bytes()
        except FileNotFoundError:
            return b""

    def write(self, name: str, text: bytes, *, sync: bool = True) -> str:
        """Replaces a receipt.

        Args:
            name: Whose receipt.
            text: What it says.
            sync: Return only when it would outlast a loss of power.

        Returns:
            Its stamp.
        """
        path = self._path(name)
        new = path.with_name(f"{path.name}.new-{os.getpid()}")
        try:
            with open(new, "wb", opener=open_private) as file:
                file.write(text)
                file.flush()
                if sync:
                    os.fsync(file.fileno())
                stamp = _stamp(os.fstat(file.fileno()))
            new.replace(path)
        except BaseException:
            new.unlink(missing_ok=True)
            raise
        if sync:
            sync_folder(self._folder)
        return stamp

    def remove(self, name: str) -> None:
        """Deletes a receipt."""
        self._path(name).unlink(missing_ok=True)

    def copy_size(self, name: str) -> int:
        """Bytes of kept requests; -1 if they are gone."""
        try:
            return self.copy(name).stat().st_size
        except FileNotFoundError:
            return -1

    def digest(self, name: str) -> str:
        """SHA-256 of kept requests, as it was when they were prepared; empty if they are gone."""
        digest = hashlib.sha256()
        try:
            with self.copy(name).open("rb", buffering=0) as file:
                while chunk := file.read(_CHUNK):
                    digest.update(chunk)
        except FileNotFoundError:
            return ""
        return digest.hexdigest()

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}{_RECEIPT}"


def sync_folder(folder: Path) -> None:
    """Returns when the names in a folder would outlast a loss of power."""
    file = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(file)
    finally:
        os.close(file)


def _stamp(status: os.stat_result) -> str:
    return f"{status.st_ino}-{status.st_size}-{status.st_mtime_ns}"
