"""Receipts: the record of a submission, in a file beside its requests."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from batchtui.config import open_private

_COPY, _RECEIPT = ".jsonl", ".receipt.json"
_CHUNK = 1024 * 1024


class Receipts:
    """The receipts in one folder. `write` replaces a receipt atomically.

    Args:
        folder: A private folder; it need not exist.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def stamps(self) -> dict[str, str]:
        """Return the stamp of every receipt by name; a stamp changes when the receipt is replaced.

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
        """Return the names of all stored requests, with or without a receipt.

        Raises:
            OSError: The folder cannot be read.
        """
        if not self._folder.exists():
            return set()
        with os.scandir(self._folder) as entries:
            return {entry.name.removesuffix(_COPY) for entry in entries if entry.name.endswith(_COPY)}

    def copy(self, name: str) -> Path:
        """Return the path of stored requests."""
        return self._folder / f"{name}{_COPY}"

    def stamp(self, name: str) -> str:
        """Return the stamp of a receipt."""
        return _stamp(self._path(name).stat(follow_symlinks=False))

    def read(self, name: str) -> bytes:
        """Return a receipt; empty if there is none."""
        try:
            return self._path(name).read_bytes()
        except FileNotFoundError:
            return b""

    def write(self, name: str, text: bytes, *, sync: bool = True) -> str:
        """Replace a receipt.

        Args:
            name: Name of the submission.
            text: The sealed record.
            sync: Whether to sync it to disk, against a loss of power.

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
        """Delete a receipt."""
        self._path(name).unlink(missing_ok=True)

    def copy_size(self, name: str) -> int:
        """Return the size of stored requests in bytes; -1 if they are missing."""
        try:
            return self.copy(name).stat().st_size
        except FileNotFoundError:
            return -1

    def digest(self, name: str) -> str:
        """Return the SHA-256 of stored requests; empty if they are missing."""
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
    """Sync the entries of a folder to disk."""
    file = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(file)
    finally:
        os.close(file)


def _stamp(status: os.stat_result) -> str:
    return f"{status.st_ino}-{status.st_size}-{status.st_mtime_ns}"
