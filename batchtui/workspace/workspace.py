"""One key at one base URL: its batches, results and submissions."""

from __future__ import annotations

import os
import sqlite3
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from batchtui.api import NotFound, ReadOnlySession
from batchtui.cache import CACHE_FILE, RESULTS_DAYS, Batch, BatchCache, Counts, KnownBatches, load_cached_list
from batchtui.config import ConfigError, Profile, private_dir
from batchtui.process import read_large_chunks
from batchtui.results.files import ResultFiles
from batchtui.results.saved import SavedResults
from batchtui.submissions import Submissions
from batchtui.text import is_plain_id, why_not_plain
from batchtui.workspace.batch_list import NOT_FOUND_SECONDS, PAGE, BatchList
from batchtui.workspace.changes import Changes

if TYPE_CHECKING:
    from batchtui.api import BatchesClient, Call, ResultStream
    from batchtui.cost import Cost
    from batchtui.results import Fetcher, Progress
    from batchtui.submissions import (
        Estimate,
        Failures,
        OnEvent,
        OnProgress,
        Origin,
        Plan,
        Prepared,
        Submission,
    )
    from batchtui.workspace.watch import PollFailure, PollResult

MAX_CALLS = 1000
"""API calls that the log keeps."""


class WorkspaceError(Exception):
    """An operation that a batch or the session does not allow; one sentence, with what to do."""


class UnknownBatch(WorkspaceError):
    """An ID that matches no batch, or several."""


@dataclass(frozen=True, slots=True)
class Details:
    """Local information about a batch.

    Attributes:
        history: The times at which its counts changed, oldest first.
        saved_size: Bytes of its results, if they are completely saved.
        origin: Where it was submitted from, and the batches that resubmitted its failures.
        is_missing: Whether the server returned 404 last time, but may still have it.
        may_be_ours: Whether it may be the batch of a submission whose response was lost.
    """

    history: Sequence[tuple[float, Counts]]
    saved_size: int | None
    origin: Origin | None
    is_missing: bool
    may_be_ours: bool


@dataclass(frozen=True, slots=True)
class Family:
    """The batches of one submission and of its resubmissions, each oldest first.

    Attributes:
        parts: The batches that the submission was split into.
        resubmitted: The batches that resubmitted failed requests.
        unconfirmed: Batches that probably belong to it.
    """

    parts: Sequence[str]
    resubmitted: Sequence[str]
    unconfirmed: Sequence[str]


def load_cached_batches(profile: Profile, cache_root: Path, limit: int) -> tuple[list[Batch], int]:
    """Return the newest cached batches of a workspace, and how many there are, without opening it."""
    return load_cached_list(cache_root / profile.workspace_digest / CACHE_FILE, limit)


async def check_key(profile: Profile) -> None:
    """Check that the server accepts a profile's key.

    Raises:
        NotAuthorized: It does not.
        ApiError: The check failed.
    """
    from batchtui.api import BatchesClient, RetryPolicy

    async with BatchesClient(profile, retry=RetryPolicy(attempts=1)) as client:
        await client.list(limit=1)


class Workspace:
    """The batches, results and submissions of one key at one base URL.

    Plain methods only read the disk and may be called from any thread. Coroutines call the API; all
    of them must run on the same event loop.

    Args:
        profile: The base URL and credentials.
        cache_root: The cache folder; each workspace has a private folder inside it.
        data_root: The folder of data that cannot be fetched again; likewise.
        attempts: Maximum attempts for each API call.
        not_found_seconds: How long a known batch may return 404 before it counts as deleted.
    """

    def __init__(
        self,
        profile: Profile,
        cache_root: Path,
        data_root: Path,
        *,
        attempts: int = 4,
        not_found_seconds: float = NOT_FOUND_SECONDS,
    ) -> None:
        self.profile = profile
        self.folder = cache_root / profile.workspace_digest
        self.calls: deque[Call] = deque(maxlen=MAX_CALLS)
        """The latest API calls, oldest first."""
        self._attempts = attempts
        self._data_root = data_root
        self._cache = _open_cache(self.folder)
        self._saved = SavedResults(self.folder / "results" if self._cache.path else None)
        self._known = KnownBatches(self._cache)
        self._list = BatchList(self._known, lambda: self._client, self.has_saved_results, not_found_seconds)

    @cached_property
    def _client(self) -> BatchesClient:
        """Created on first use: importing it takes 100 ms."""
        from batchtui.api import BatchesClient, RetryPolicy

        read_large_chunks()
        retry = RetryPolicy(attempts=self._attempts)
        return BatchesClient(self.profile, retry=retry, on_call=self.calls.append)

    @cached_property
    def submissions(self) -> Submissions:
        """Submissions from this machine, and the requests of batches."""
        folder = self._data_root / self.profile.workspace_digest
        return Submissions(folder, lambda: self._client, self._list.merge)

    async def aclose(self) -> None:
        """Close connections and files."""
        if "submissions" in self.__dict__:
            self.submissions.close()
        if "_client" in self.__dict__:
            await self._client.aclose()
        self._saved.close()
        self._cache.close()

    @property
    def notices(self) -> list[str]:
        """Problems with local files, one sentence each."""
        found = (self._cache.notice, self._saved.notice, self.submissions.notice)
        return [notice for notice in found if notice]

    def check_writable(self) -> None:
        """Raise `ReadOnlySession` early, before the API client would."""
        if self.profile.read_only:
            raise ReadOnlySession

    # Known batches

    def cached_batches(self) -> list[Batch]:
        """Return all known batches, newest first."""
        return self._known.newest()

    def last_known(self, batch_id: str) -> Batch | None:
        """Return a batch as last fetched."""
        return self._known.get(batch_id)

    def wire(self, batch_id: str) -> str:
        """Return the JSON object of a batch as the server last sent it; empty if unknown."""
        return self._known.wire(batch_id) or ""

    def full_id(self, prefix: str) -> str:
        """Return the only known ID with this prefix, or the prefix itself if no known ID has it.

        Raises:
            UnknownBatch: It is empty, ambiguous, or not safe to send.
        """
        if not prefix.strip():
            raise UnknownBatch("Batch ID is required.")
        if not is_plain_id(prefix):
            raise UnknownBatch(why_not_plain(prefix))
        found = [batch_id for batch_id in self._cache.matching(prefix) if is_plain_id(batch_id)]
        if prefix in found or not found:
            return prefix
        if len(found) > 1:
            raise UnknownBatch(f'Ambiguous batch ID "{prefix}": matches {", ".join(found[:3])}.')
        return found[0]

    def details(self, batch: Batch, since: float = 0.0) -> Details:
        """Return local information about a batch, with the history of its counts since a time."""
        return Details(
            history=self._cache.history(batch.id, since),
            saved_size=self._saved.size(batch.id),
            origin=self.submissions.origin(batch.id),
            is_missing=self._list.is_missing(batch.id),
            may_be_ours=self.submissions.may_be_ours(batch),
        )

    # The list

    @property
    def has_older(self) -> bool:
        """Whether the server may have batches that `older` would load."""
        return self._list.has_older

    async def refresh(self) -> Changes:
        """Fetch the newest batches and update all running ones."""
        return await self._list.refresh()

    async def older(self, limit: int = PAGE) -> Changes:
        """Fetch the next page of older batches, if there is one."""
        return await self._list.older(limit)

    async def list(self, limit: float, status: str | None = None) -> list[Batch]:
        """Fetch the newest `limit` batches, optionally of one status."""
        return await self._list.newest(limit, status)

    async def retrieve(self, batch_id: str) -> Batch:
        """Fetch one batch.

        Raises:
            NotFound: The server does not have it.
        """
        return (await self._list.retrieve(batch_id))[0]

    async def cached_or_fetched(self, batch_id: str) -> Batch:
        """Return a batch from the cache if its results are saved, else fetch it."""
        cached = self._known.get(batch_id) if self.has_saved_results(batch_id) else None
        return cached or await self.retrieve(batch_id)

    async def update(self, batch_id: str) -> Changes:
        """Fetch one batch; a known batch that returns 404 long enough is removed."""
        return await self._list.update(batch_id)

    async def watch(
        self, batch_ids: Sequence[str], interval: float | None = None
    ) -> AsyncIterator[PollResult | PollFailure]:
        """Poll batches until all have ended; arguments and errors as for `watch.watch`."""
        from batchtui.workspace.watch import PollResult, watch

        async for step in watch(self._list, batch_ids, interval):
            if isinstance(step, PollResult):
                for batch in step.changed:
                    await self.submissions.compare_ended(batch)
            yield step

    async def cancel(self, batch_id: str) -> Changes:
        """Cancel a batch; requests in progress may still finish."""
        return self._list.merge([await self._client.cancel(batch_id)])

    async def delete(self, batch_id: str) -> Changes:
        """Delete an ended batch on the server. Saved results stay."""
        self.check_writable()
        batch = await self.retrieve(batch_id)
        if not batch.is_ended:
            raise WorkspaceError(
                f"{batch_id} has not ended. Cancel it first, and delete it when it has ended."
            )
        with suppress(NotFound):  # the response to an earlier attempt was lost
            await self._client.delete(batch_id)
        self._known.mark_deleted(batch_id)
        return self._list.remove([batch_id])

    # Results

    def has_saved_results(self, batch_id: str) -> bool:
        """Whether the results are completely saved."""
        return self._saved.size(batch_id) is not None

    def no_results_reason(self, batch: Batch) -> str:
        """Return why a batch has no results to open; empty if it has."""
        if batch.has_results or self.has_saved_results(batch.id):
            return ""
        if batch.gone_at is not None:
            return f"{batch.id} was deleted on the server, and its results were not saved."
        if batch.is_archived:
            return f"The server removed the results of {batch.id} {RESULTS_DAYS} days after its creation."
        if not batch.is_ended:
            return f"{batch.id} is still running. Results are available when it ends."
        return f"{batch.id} ended without results."

    def fetcher(self, batch: Batch, on_progress: Callable[[Progress], None] | None = None) -> Fetcher:
        """Return a fetcher that downloads the results of a batch.

        Args:
            batch: An ended batch.
            on_progress: Called on the thread that runs the fetcher.

        Raises:
            WorkspaceError: There are no results.
        """
        from batchtui.results import Fetcher

        if reason := self.no_results_reason(batch):
            raise WorkspaceError(reason)

        def open_results(start: int, validator: str | None) -> AbstractAsyncContextManager[ResultStream]:
            return self._client.results(batch.id, start=start, validator=validator)

        files = self._saved.files(batch.id)
        if self.submissions.may_be_ours(batch):
            on_progress = self._comparing(batch, files, on_progress)
        return Fetcher(files, open_results, expected=batch.counts.total, on_progress=on_progress)

    def _comparing(
        self, batch: Batch, files: ResultFiles, on_progress: Callable[[Progress], None] | None
    ) -> Callable[[Progress], None]:
        """Wrap a callback to compare the first custom_ids with submissions whose response was lost."""
        is_compared = False

        def report(progress: Progress) -> None:
            nonlocal is_compared
            if progress.rows_here and not is_compared:
                is_compared = True
                self.submissions.compare(batch, _first_custom_ids(files))
            if on_progress:
                on_progress(progress)

        return report

    def cost(self, batch_id: str) -> Cost | None:
        """Return the cost of a batch from its saved results; None if they are not complete.

        It reads the whole index, and its first use imports the price table: half a second.
        """
        from batchtui.results import Results

        batch = self._known.get(batch_id)
        with suppress(OSError, sqlite3.Error), Results(self._saved.files(batch_id)) as results:
            if results.is_whole:
                from batchtui.cost import price

                return price(results.usage(), batch.created_at if batch else None)
        return None

    def prices(self, batch_ids: Sequence[str]) -> Iterator[tuple[str, Cost | Estimate]]:
        """Yield the cost of batches with saved results, and an estimate for those with stored requests."""
        known = self.submissions.known_batches().union(self._saved.complete(batch_ids))
        for batch_id in batch_ids:
            if batch_id in known and (price := self.cost(batch_id) or self.submissions.estimate(batch_id)):
                yield batch_id, price

    # Submissions

    async def family(self, batch_id: str) -> Family:
        """Return the batches whose results belong together, after checking uncertain ones on the server."""
        for candidate in self.submissions.unconfirmed(batch_id):
            await self.submissions.compare_ended(await self.retrieve(candidate))
        return Family(*self.submissions.family(batch_id), self.submissions.unconfirmed(batch_id))

    def plan_file(self, path: Path, on_progress: OnProgress | None = None) -> Plan:
        """Plan the submission of a request file; see `Submissions.plan_file`."""
        return self.submissions.plan_file(path, on_progress)

    def plan_resubmission(self, batch_id: str, failures: Failures, corrected: Prepared | None = None) -> Plan:
        """Plan to resubmit failed requests of a batch; see `Submissions.plan_resubmission`."""
        return self.submissions.plan_resubmission(batch_id, failures, corrected)

    async def submit(
        self, plan: Plan, *, allow_duplicate: bool = False, on_event: OnEvent | None = None
    ) -> Submission:
        """Send a plan, each part once; see `Submissions.submit`."""
        return await self.submissions.submit(plan, allow_duplicate=allow_duplicate, on_event=on_event)


def _open_cache(folder: Path) -> BatchCache:
    """Open the cache in a private folder; without one, nothing is saved."""
    try:
        private_dir(folder)
    except ConfigError as error:
        return BatchCache(None, f"Batches and results are not saved: {error}")
    if not os.access(folder, os.R_OK | os.X_OK):
        return BatchCache(None, f"Batches and results are not saved: the folder {folder} cannot be read.")
    return BatchCache(folder / CACHE_FILE)


def _first_custom_ids(files: ResultFiles) -> Sequence[str]:
    from batchtui.results import Results
    from batchtui.submissions.finder import SAMPLE

    with suppress(OSError, sqlite3.Error), Results(files) as results:
        return [row.custom_id for row in results.rows_at(range(SAMPLE)) if row.custom_id and not row.flag]
    return []
