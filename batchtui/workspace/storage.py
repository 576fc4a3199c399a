"""The cache folder: the saved results of each workspace, and which of them exist nowhere else."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from batchtui.cache import CACHE_FILE, RESULTS_DAYS, Batch, BatchCache
from batchtui.results.files import ResultFiles

_DIGEST = re.compile(r"[0-9a-f]{16}\Z")
_RESULTS = re.compile(r"(.+)\.jsonl(\.part)?\Z")


@dataclass(frozen=True, slots=True)
class SavedBatch:
    """The saved results of one batch.

    Attributes:
        batch_id: The batch's ID; the file's name if the batch is unknown.
        files: Their files.
        is_complete: Whether all results are saved.
        size: Bytes, including the index.
        saved_at: When the last results were saved, in seconds since the epoch.
        only_copy: Why the server no longer has them; empty if it does.
        is_gone: Whether the batch is only remembered because of them.
        expected: Requests in the batch, if known.
    """

    batch_id: str
    files: ResultFiles
    is_complete: bool
    size: int
    saved_at: float
    only_copy: str
    is_gone: bool
    expected: int | None


@dataclass(frozen=True, slots=True)
class CacheUsage:
    """The cached data of one workspace.

    Attributes:
        folder: Its folder, named by the workspace's digest.
        batches: Number of known batches.
        cache_bytes: Size of the batch cache.
        saved: Saved results, oldest first.
    """

    folder: Path
    batches: int
    cache_bytes: int
    saved: list[SavedBatch]


def workspace_folders(cache_root: Path) -> list[Path]:
    """Return the folders of all workspaces; symbolic links are not followed."""
    if not cache_root.is_dir():
        return []
    found = (path for path in cache_root.iterdir() if _DIGEST.match(path.name))
    return sorted(path for path in found if path.is_dir() and not path.is_symlink())


def cache_usage(folder: Path) -> CacheUsage:
    """Return the cached data of one workspace; symbolic links in its folder are skipped."""
    known = _known_batches(folder / CACHE_FILE)
    results = folder / "results"
    by_name = {ResultFiles(results, batch.id).complete.name: batch for batch in known}
    names = {f"{match[1]}.jsonl" for match in map(_RESULTS.match, _file_names(results)) if match}
    saved = [_saved_batch(results, name, by_name.get(name)) for name in names]
    return CacheUsage(
        folder=folder,
        batches=len(known),
        cache_bytes=_size(folder.glob(f"{CACHE_FILE}*")),
        saved=sorted(saved, key=lambda batch: (batch.saved_at, batch.batch_id)),
    )


def remove(folder: Path, saved: Iterable[SavedBatch]) -> tuple[list[SavedBatch], list[SavedBatch]]:
    """Remove saved results, and forget batches that are only remembered because of them.

    Args:
        folder: The workspace's folder.
        saved: The results to remove.

    Returns:
        Those removed, and those skipped because they are being downloaded.
    """
    from batchtui.results import writing

    removed: list[SavedBatch] = []
    busy: list[SavedBatch] = []
    for batch in saved:
        with writing(batch.files) as is_locked:
            if is_locked:
                batch.files.remove()
        (removed if is_locked else busy).append(batch)
    with closing(BatchCache(folder / CACHE_FILE)) as cache:
        cache.forget(batch.batch_id for batch in removed if batch.is_gone)
    return removed, busy


def verify(batch: SavedBatch) -> str | None:
    """Compare complete results with their checksum, and rebuild their index if it is wrong.

    Returns:
        The damage in a few words, empty if there is none; None while they are being downloaded.

    Raises:
        OSError: They cannot be read.
        sqlite3.Error: Their index cannot be rebuilt.
    """
    from batchtui.results import check_saved, writing

    with writing(batch.files) as is_locked:
        return check_saved(batch.files, batch.expected, thorough=True) if is_locked else None


def _known_batches(path: Path) -> list[Batch]:
    if not path.exists():
        return []
    with closing(BatchCache(path)) as cache:
        return cache.newest()


def _file_names(folder: Path) -> list[str]:
    if folder.is_symlink() or not folder.is_dir():
        return []
    return [path.name for path in folder.iterdir() if path.is_file() and not path.is_symlink()]


def _saved_batch(folder: Path, name: str, batch: Batch | None) -> SavedBatch:
    batch_id = batch.id if batch else name.removesuffix(".jsonl")
    files = ResultFiles(folder, batch_id)
    return SavedBatch(
        batch_id=batch_id,
        files=files,
        is_complete=files.is_complete,
        size=_size(files.data_parts()),
        saved_at=files.data.lstat().st_mtime,
        only_copy=_only_copy_reason(batch),
        is_gone=batch is not None and batch.gone_at is not None,
        expected=batch.counts.total if batch else None,
    )


def _size(paths: Iterable[Path]) -> int:
    return sum(path.lstat().st_size for path in paths if path.exists())


def _only_copy_reason(batch: Batch | None) -> str:
    if batch is None:
        return "unknown batch"
    if batch.gone_at is not None:
        return "deleted on the server"
    if batch.is_archived or time.time() >= batch.results_until:
        return f"older than {RESULTS_DAYS} days"
    return "" if batch.has_results else "the server has no results"
