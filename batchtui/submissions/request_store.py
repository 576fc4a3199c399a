"""The stored requests of one workspace, on disk beside the journal."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from filelock import FileLock, Timeout

from batchtui.config import private_dir
from batchtui.submissions.errors import SubmissionError
from batchtui.submissions.journal import Journal
from batchtui.submissions.request_file import RequestFile, Span

DRAFT_SECONDS = 24 * 3600.0
"""Age at which drafts are removed; younger ones may still be in use."""


class StoredRequests(NamedTuple):
    """The stored requests of a batch.

    Attributes:
        file: The file that has them.
        span: Their place in it.
    """

    file: RequestFile
    span: Span

    def custom_ids(self) -> Iterator[str]:
        """Return the custom_ids in order."""
        return self.file.custom_ids(self.span)


class RequestStore:
    """The requests of one workspace: drafts, and those that the journal has a record of.

    Args:
        folder: The workspace's folder; created when something is stored.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @cached_property
    def journal(self) -> Journal:
        """The journal, opened on first use."""
        return Journal(private_dir(self.folder))

    @property
    def is_open(self) -> bool:
        """Whether the journal was opened."""
        return "journal" in self.__dict__

    @property
    def is_empty(self) -> bool:
        """Whether nothing was ever stored. Then reading creates no files."""
        paths = (self.folder / "journal.db", self.folder / "requests")
        return not self.is_open and not any(path.exists() for path in paths)

    @property
    def requests_folder(self) -> Path:
        """The folder of submitted and attached requests."""
        return private_dir(self.folder / "requests")

    @property
    def drafts_folder(self) -> Path:
        """The folder of requests that were never sent."""
        return private_dir(self.folder / "drafts")

    def file(self, submission: str) -> RequestFile:
        """Return the request file of a submission."""
        return RequestFile(self.requests_folder, submission)

    def of_batch(self, batch_id: str) -> StoredRequests | None:
        """Return the stored requests of a batch."""
        found = None if self.is_empty else self.journal.requests_of(batch_id)
        if found is None:
            return None
        file = self.file(found[0])
        return StoredRequests(file, found[1]) if file.data.exists() else None

    def remove_orphans(self) -> None:
        """Remove old drafts of processes that were killed. Sent requests are never among them."""
        for path in self.drafts_folder.iterdir():
            with suppress(FileNotFoundError):  # another process does the same
                if time.time() - path.stat().st_mtime > DRAFT_SECONDS:
                    path.unlink()

    @contextmanager
    def submit_lock(self) -> Iterator[None]:
        """Hold the workspace's lock, so that two processes never submit the same requests.

        Raises:
            SubmissionError: Another process holds it.
        """
        lock = FileLock(self.folder / "submitting.lock", timeout=0, mode=0o600)
        try:
            lock.acquire()
        except Timeout:
            raise SubmissionError(
                "Another batchtui is submitting with this key. Try again when it is done."
            ) from None
        try:
            yield
        finally:
            lock.release()
