"""What lies in a cache folder: the saved results of each workspace, and which of them are nowhere else."""

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
class Saved:
    """The results of one batch on this disk.

    Attributes:
        batch_id: Its id; the file's name where the batch is not known.
        files: Where they lie.
        is_complete: Whether all of them are here.
        size: Bytes with the index.
        saved_at: When the last of them came, in seconds since the epoch.
        only_copy: Why the server cannot give them again; empty where it can.
        is_gone: Whether the batch is known only because of them.
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
class Holdings:
    """What one workspace keeps on this disk.

    Attributes:
        folder: Its folder, named by the workspace's digest.
        batches: How many batches it knows.
        cache_bytes: What knowing them takes.
        saved: Results, the oldest first.
    """

    folder: Path
    batches: int
    cache_bytes: int
    saved: list[Saved]


def workspace_folders(cache_root: Path) -> list[Path]:
    """The folders of all workspaces; links are not followed."""
    if not cache_root.is_dir():
        return []
    found = (path for path in cache_root.iterdir() if _DIGEST.match(path.name))
    return sorted(path for path in found if path.is_dir() and not path.is_symlink())


def holdings(folder: Path) -> Holdings:
    """Looks through one workspace's folder; links in it are left out."""
    known = _known_batches(folder / CACHE_FILE)
    results = folder / "results"
    by_name = {ResultFiles(results, batch.id).complete.name: batch for batch in known}
    names = {f"{match[1]}.jsonl" for match in map(_RESULTS.match, _file_names(results)) if match}
    saved = [_saved(results, name, by_name.get(name)) for name in names]
    return Holdings(
        folder=folder,
        batches=len(known),
        cache_bytes=_size(path for path in folder.glob(f"{CACHE_FILE}*")),
        saved=sorted(saved, key=lambda one: (one.saved_at, one.batch_id)),
    )


def remove(folder: Path, saved: Iterable[Saved]) -> tuple[list[Saved], list[Saved]]:
    """Removes results from this disk, and forgets batches that were known only because of them.

    Args:
        folder: The workspace's folder.
        saved: Which results.

    Returns:
        Those that were removed, and those that are being fetched at this moment and therefore stay.
    """
    from batchtui.results import writing

    removed: list[Saved] = []
    busy: list[Saved] = []
    for one in saved:
        with writing(one.files) as is_ours:
            if is_ours:
                one.files.remove()
        (removed if is_ours else busy).append(one)
    with closing(BatchCache(folder / CACHE_FILE)) as cache:
        cache.forget(one.batch_id for one in removed if one.is_gone)
    return removed, busy


def verify(one: Saved) -> str | None:
    """Compares complete results with their digest, and makes their index if it is wrong.

    Returns:
        What is wrong with them in a few words, empty if nothing is; None while somebody else is at them.

    Raises:
        OSError: They cannot be read.
        sqlite3.Error: Their index cannot be made.
    """
    from batchtui.results import check_saved, writing

    with writing(one.files) as is_ours:
        return check_saved(one.files, one.expected, thorough=True) if is_ours else None


def _known_batches(path: Path) -> list[Batch]:
    if not path.exists():
        return []
    with closing(BatchCache(path)) as cache:
        return cache.newest()


def _file_names(folder: Path) -> list[str]:
    if folder.is_symlink() or not folder.is_dir():
        return []
    return [path.name for path in folder.iterdir() if path.is_file() and not path.is_symlink()]


def _saved(folder: Path, name: str, batch: Batch | None) -> Saved:
    batch_id = batch.id if batch else name.removesuffix(".jsonl")
    files = ResultFiles(folder, batch_id)
    return Saved(
        batch_id=batch_id,
        files=files,
        is_complete=files.is_complete,
        size=_size(files.data_parts()),
        saved_at=files.data.lstat().st_mtime,
        only_copy=_why_only_copy(batch),
        is_gone=batch is not None and batch.gone_at is not None,
        expected=batch.counts.total if batch else None,
    )


def _size(paths: Iterable[Path]) -> int:
    return sum(path.lstat().st_size for path in paths if path.exists())


def _why_only_copy(batch: Batch | None) -> str:
    if batch is None:
        return "its batch is not known"
    if batch.gone_at is not None:
        return "deleted on the server"
    if batch.is_archived or time.time() >= batch.results_until:
        return f"older than {RESULTS_DAYS} days"
    return "" if batch.has_results else "the server has no results"
