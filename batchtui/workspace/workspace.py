"""The one way in for both faces: what a key sees, from this disk at once and from the API when it answers."""

from __future__ import annotations

import os
import sqlite3
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, suppress
from datetime import datetime
from functools import cached_property, partial
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING

from batchtui.api import BadRequest, NotFound, ReadOnlySession
from batchtui.cache import CACHE_FILE, RESULTS_DAYS, Batch, BatchCache, Counts, KnownBatches, load_cached_list
from batchtui.config import ConfigError, Profile, private_dir
from batchtui.results.files import ResultFiles
from batchtui.results.saved import SavedResults
from batchtui.submissions import Submissions
from batchtui.text import is_plain_id, why_not_plain
from batchtui.workspace.changes import Changes

if TYPE_CHECKING:
    from batchtui.api import BatchesClient, BatchPage, Call, MessageBatch, ResultStream
    from batchtui.cost import Cost
    from batchtui.results import Fetcher, Progress
    from batchtui.submissions import Failures, OnEvent, OnProgress, Plan, Prepared, Submission
    from batchtui.workspace.watch import Looked, Waiting

PAGE = 100
"""Batches a page: under 100 kB, and more than a screen holds."""
LARGEST_PAGE = 1000
"""What the API gives at most; for walking the whole list."""
STRAGGLERS = 20
"""Running batches below the newest page that one refresh asks for singly, at most."""
CALLS_KEPT = 1000
"""Calls that the log remembers."""
GONE_SECONDS = 120.0
"""For so long a batch that was seen or made here may be answered with 404 before it counts as deleted: the
API does so for seconds after a create, and now and then later. Source: anthropic-sdk-python#1432."""
GONE_LOOKS = 3
"""Looks in that time, at least."""
CURSOR_TRIES = 5
"""Newer batches tried as a cursor when the edge itself was deleted meanwhile."""

LOST_CURSOR = (NotFound, BadRequest)
"""What the API may answer when the batch that a cursor names is gone; which of them is not documented."""


class WorkspaceError(Exception):
    """Something that was asked of a batch and cannot be done; one sentence, with what to do."""


class UnknownBatch(WorkspaceError):
    """No batch of that id, or several that begin so."""


def glance(profile: Profile, cache_root: Path, limit: int) -> tuple[list[Batch], int]:
    """What is known of a workspace before it is opened: the newest batches, and how many there are.

    Args:
        profile: Where to call and as whom.
        cache_root: The cache folder.
        limit: Batches wanted.
    """
    return load_cached_list(cache_root / profile.workspace_digest / CACHE_FILE, limit)


async def check_key(profile: Profile) -> None:
    """Ask the server whether it takes a profile's key.

    Raises:
        NotAuthorized: It does not.
        ApiError: It cannot be asked.
    """
    from batchtui.api import BatchesClient, RetryPolicy

    async with BatchesClient(profile, retry=RetryPolicy(attempts=1)) as client:
        await client.list(limit=1)


class Workspace:
    """One key at one base URL: its batches and their results.

    What reads only the disk is a plain method and may be called from any thread. What talks to the
    API is a coroutine; all of them must run on one event loop.

    The list is held so that it never hides a hole: from the *top* down to the *edge*, all is as the
    server said in this session. Below the edge are cached batches, until `older` moves it on; the top
    moves up only once everything below its new place is here.

    Args:
        profile: Where to call and as whom.
        cache_root: The cache folder; this workspace has a private one inside it.
        data_root: The folder of what cannot be fetched again; likewise.
        attempts: Tries for each call to the API, the first one counted.
        gone_seconds: How long a known batch may be missing before it counts as deleted.
    """

    def __init__(
        self,
        profile: Profile,
        cache_root: Path,
        data_root: Path,
        *,
        attempts: int = 4,
        gone_seconds: float = GONE_SECONDS,
    ) -> None:
        self.profile = profile
        self.folder = cache_root / profile.workspace_digest
        self.cache = _open_cache(self.folder)
        self._saved = SavedResults(self.folder / "results" if self.cache.path else None)
        self.batches = KnownBatches(self.cache)
        self.has_older = True
        """Whether the server may have batches below the edge."""
        self.calls: deque[Call] = deque(maxlen=CALLS_KEPT)
        """The newest calls to the API, oldest first."""
        self._attempts = attempts
        self._gone_seconds = gone_seconds
        self._missing: dict[str, tuple[float, int]] = {}
        """Known batches that the server did not have when asked: since when, and how many looks ago."""
        self._data_root = data_root
        self._top: Batch | None = None
        self._edge: Batch | None = None

    @cached_property
    def client(self) -> BatchesClient:
        """The API client, made when it is first needed: importing it takes 100 ms."""
        from batchtui.api import BatchesClient, RetryPolicy

        retry = RetryPolicy(attempts=self._attempts)
        return BatchesClient(self.profile, retry=retry, on_call=self.calls.append)

    @cached_property
    def submissions(self) -> Submissions:
        """What was submitted from here, and the requests of batches."""
        folder = self._data_root / self.profile.workspace_digest
        return Submissions(folder, lambda: self.client, self._learn)

    async def aclose(self) -> None:
        """Closes connections and files."""
        if "submissions" in self.__dict__:
            self.submissions.close()
        if "client" in self.__dict__:
            await self.client.aclose()
        self._saved.close()
        self.cache.close()

    # The disk

    def full_id(self, prefix: str) -> str:
        """The id that begins so, if exactly one cached id does; an id never seen is handed back as it is.

        Raises:
            UnknownBatch: Several ids begin so, it is empty, or it is none that is safe to send.
        """
        if not prefix.strip():
            raise UnknownBatch("An empty id names no batch.")
        if not is_plain_id(prefix):
            raise UnknownBatch(why_not_plain(prefix))
        found = [batch_id for batch_id in self.cache.matching(prefix) if is_plain_id(batch_id)]
        if prefix in found or not found:
            return prefix
        if len(found) > 1:
            raise UnknownBatch(
                f"{prefix} begins the ids of several batches: {', '.join(found[:3])}. Give more of it."
            )
        return found[0]

    def result_files(self, batch_id: str) -> ResultFiles:
        """Where the results of a batch are, whether they are here yet or not; see `SavedResults.files`."""
        return self._saved.files(batch_id)

    def has_saved_results(self, batch_id: str) -> bool:
        """Whether the results are complete and stay on this disk."""
        return self.saved_size(batch_id) is not None

    def saved_size(self, batch_id: str) -> int | None:
        """Bytes of the results, if they are complete and stay on this disk."""
        return self._saved.size(batch_id)

    @property
    def notices(self) -> list[str]:
        """What the person should know of files that could not be used as they should, a sentence each."""
        found = (self.cache.notice, self._saved.notice, self.submissions.notice)
        return [notice for notice in found if notice]

    def with_price(self, batch_ids: Sequence[str]) -> list[str]:
        """Those of some batches whose price is told by something here: saved results, or kept requests."""
        known = self.submissions.known_batches().union(self._saved.complete(batch_ids))
        return [batch_id for batch_id in batch_ids if batch_id in known]

    def cost(self, batch_id: str) -> Cost | None:
        """What a batch cost, from its saved results; None unless they are complete on this disk.

        It reads the whole index, and the first one that is found imports the table of prices: half a second.
        """
        from batchtui.results import Results

        batch = self.batches.get(batch_id)
        with suppress(OSError, sqlite3.Error), Results(self.result_files(batch_id)) as results:
            if results.is_whole:
                from batchtui.cost import price

                return price(results.usage(), batch.created_at if batch else None)
        return None

    # The API

    async def refresh(self) -> Changes:
        """The newest batches, and the running ones wherever they are; nearly always one call."""
        page = await self.client.list(limit=PAGE)
        changes, seen = self._learn_page(page)
        if self._edge is None or not seen or not page.has_more:
            self._edge, self.has_older = (seen[-1] if seen else None), page.has_more
        elif self._top and seen[-1].created_at > self._top.created_at:
            changes += await self._fill_gap(self._top, seen[-1])
        self._top = seen[0] if seen else None
        return changes + await self._refresh_stragglers(seen)

    async def list(self, wanted: float, status: str | None = None) -> list[Batch]:
        """The newest batches as the server has them now, so many as wanted, all of one status if given."""
        await self.refresh()
        while True:
            floor = self._edge.created_at if self._edge else inf
            listed = [b for b in self.batches.newest() if b.created_at >= floor and b.gone_at is None]
            found = [batch for batch in listed if status in (None, batch.status)]
            if len(found) >= wanted or not self.has_older:
                return found if wanted == inf else found[: int(wanted)]
            await self.older(LARGEST_PAGE)

    async def older(self, limit: int = PAGE) -> Changes:
        """The next page below the edge; nothing once the end is reached."""
        if self._edge is None:
            return await self.refresh()
        if not self.has_older:
            return Changes()
        page = await self._list_after(self._edge, limit)
        changes, seen = self._learn_page(page, older_than=self._edge.created_at)
        # A server that gives the same page again would be asked for ever.
        moved = bool(seen) and seen[-1].created_at < self._edge.created_at
        self._edge, self.has_older = seen[-1] if moved else self._edge, page.has_more and moved
        return changes

    async def retrieve(self, batch_id: str) -> Batch:
        """One batch as it is now.

        Raises:
            NotFound: The server does not have it (any more).
        """
        return (await self._retrieve(batch_id))[0]

    async def known(self, batch_id: str) -> Batch:
        """A batch whose results are saved here, as it was last seen; any other as it is now."""
        saved = self.batches.get(batch_id) if self.has_saved_results(batch_id) else None
        return saved or await self.retrieve(batch_id)

    async def update(self, batch_id: str) -> Changes:
        """Ask about one batch; that it is gone is an answer too, but for a known one not the first time."""
        if not is_plain_id(batch_id):
            return Changes()  # only the list can tell of it
        try:
            return (await self._retrieve(batch_id))[1]
        except NotFound:
            return self._drop([batch_id]) if self._is_gone(batch_id) else Changes()

    def is_missing(self, batch_id: str) -> bool:
        """Whether the server did not have a known batch when asked last, and it is being looked for again."""
        return batch_id in self._missing

    def _is_gone(self, batch_id: str) -> bool:
        if self.batches.get(batch_id) is None:
            return True
        now = time.monotonic()
        since, looks = self._missing.get(batch_id, (now, 0))
        self._missing[batch_id] = since, looks + 1
        return looks + 1 >= GONE_LOOKS and now - since >= self._gone_seconds

    def seen(self, batch_id: str) -> Batch | None:
        """A batch as it was last seen."""
        return self.batches.get(batch_id)

    async def watch(
        self, batch_ids: Sequence[str], interval: float | None = None
    ) -> AsyncIterator[Looked | Waiting]:
        """Looks at batches until all have ended; arguments and errors as for `watching.watch`."""
        from batchtui.workspace.watch import Looked, watch

        async for step in watch(self, batch_ids, interval):
            if isinstance(step, Looked):
                for batch in step.changed:
                    await self.submissions.compare_ended(batch)
            yield step

    async def cancel(self, batch_id: str) -> Changes:
        """Asks for a batch to stop; what has begun may still finish."""
        return self._learn([await self.client.cancel(batch_id)])

    async def delete(self, batch_id: str) -> Changes:
        """Deletes an ended batch on the server, for good. Results saved here stay here."""
        batch = await self.retrieve(batch_id)
        if not batch.is_ended:
            raise WorkspaceError(f"{batch_id} has not ended: cancel it first, then delete it once it has.")
        with suppress(NotFound):  # a repeated delete whose first answer was lost
            await self.client.delete(batch_id)
        self.batches.mark_deleted(batch_id)
        return self._drop([batch_id])

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

    def why_no_results(self, batch: Batch) -> str:
        """Why the results of a batch cannot be had, in one sentence; empty if they can."""
        if batch.has_results or self.has_saved_results(batch.id):
            return ""
        return _why_no_results(batch)

    def fetcher(self, batch: Batch, on_progress: Callable[[Progress], None] | None = None) -> Fetcher:
        """What brings the results of an ended batch to this disk.

        Args:
            batch: The batch.
            on_progress: Told how it goes, on the thread that the fetcher runs on.

        Raises:
            WorkspaceError: The server has none to give.
        """
        from batchtui.results import Fetcher

        if why := self.why_no_results(batch):
            raise WorkspaceError(why)
        open_results = partial(_open_results, self.client, batch.id)
        files, expected = self.result_files(batch.id), batch.counts.total
        if self.submissions.may_be_ours(batch):
            on_progress = self._comparing(batch, files, on_progress)
        return Fetcher(files, open_results, expected=expected, on_progress=on_progress)

    def _comparing(
        self, batch: Batch, files: ResultFiles, on_progress: Callable[[Progress], None] | None
    ) -> Callable[[Progress], None]:
        """Tells of progress as before, and compares the first custom_ids that are here."""
        is_compared = False

        def report(progress: Progress) -> None:
            nonlocal is_compared
            if progress.rows_here and not is_compared:
                is_compared = True
                self.submissions.compare(batch, _first_custom_ids(files))
            if on_progress:
                on_progress(progress)

        return report

    # How it is done

    async def _fill_gap(self, top: Batch, bottom_of_new: Batch) -> Changes:
        """Everything that is newer than the top, from there upwards: a break leaves the top where it was."""
        changes, before = Changes(), top.id
        try:
            while True:
                page = await self.client.list(limit=PAGE, before_id=before)
                more, seen = self._learn_page(page, prune=False)
                changes += more
                if not page.has_more or not seen or seen[0].id == before:
                    return changes
                before = seen[0].id
        except LOST_CURSOR:
            self._edge, self.has_older = bottom_of_new, True
            return changes

    async def _list_after(self, edge: Batch, limit: int) -> BatchPage:
        """The page below the edge, even if the edge itself was deleted meanwhile."""
        newer = self.batches.between(edge.created_at, inf)
        for cursor in (edge, *reversed(newer[-CURSOR_TRIES:])):
            with suppress(*LOST_CURSOR):
                return await self.client.list(limit=limit, after_id=cursor.id)
        return await self.client.list(limit=limit)

    async def _refresh_stragglers(self, seen: Sequence[Batch]) -> Changes:
        """Running batches below the newest page, which a list call for that page does not tell of."""
        floor = seen[-1].created_at if seen else -inf
        running = [batch for batch in self.batches.running() if batch.created_at < floor]
        changes = Changes()
        for batch in running[:STRAGGLERS]:
            changes += await self.update(batch.id)
        return changes

    def _learn_page(
        self, page: BatchPage, *, older_than: float = inf, prune: bool = True
    ) -> tuple[Changes, Sequence[Batch]]:
        """Takes in a page and drops what should be on it and is not; also answers its batches."""
        changes = self._learn(page.data)
        seen = [_record(batch) for batch in page.data]
        floor = seen[-1].created_at if page.has_more and seen else -inf
        ids = {batch.id for batch in seen}
        absent = [b for b in self.batches.between(floor, older_than) if b.id not in ids] if prune else []
        newest = max((batch.created_at for batch in seen), default=0.0)
        gone = [b.id for b in absent if not self._may_be_unlisted(b, newest)]
        return changes + self._drop(gone), seen

    def _may_be_unlisted(self, batch: Batch, newest_listed: float) -> bool:
        """Return whether a batch may be too new for the list.

        `created_at` is by the server's clock. This machine's may be far behind it, so it is used only to
        measure how long ago the batch was last seen.
        """
        now = max(self.client.server_time or time.time(), newest_listed)
        age = max(now - batch.created_at, time.time() - batch.seen_at)
        return age < self._gone_seconds

    async def _retrieve(self, batch_id: str) -> tuple[Batch, Changes]:
        answer = await self.client.retrieve(batch_id)
        changes = self._learn([answer])
        return self.batches.get(answer.id) or _record(answer), changes

    def _learn(self, batches: Sequence[MessageBatch]) -> Changes:
        for batch in batches:
            self._missing.pop(batch.id, None)
        return Changes(self.batches.merge([(_record(batch), batch.wire) for batch in batches]))

    def _drop(self, ids: Sequence[str]) -> Changes:
        """Forgets batches that the server no longer has, but for those whose results are saved here."""
        for batch_id in ids:
            self._missing.pop(batch_id, None)
        return Changes(*self.batches.drop(ids, time.time(), keep=self.has_saved_results))

    def check_writable(self) -> None:
        """Raise `ReadOnlySession` early, before the API client would."""
        if self.profile.read_only:
            raise ReadOnlySession


def _open_cache(folder: Path) -> BatchCache:
    """The cache in a folder that nobody else can change; one that keeps nothing where there can be none."""
    try:
        private_dir(folder)
    except ConfigError as error:
        return BatchCache(None, f"Batches and results are not saved: {error}")
    if not os.access(folder, os.R_OK | os.X_OK):
        return BatchCache(None, f"Batches and results are not saved: the folder {folder} cannot be read.")
    return BatchCache(folder / CACHE_FILE)


def _open_results(
    client: BatchesClient, batch_id: str, start: int, validator: str | None
) -> AbstractAsyncContextManager[ResultStream]:
    return client.results(batch_id, start=start, validator=validator)


def _first_custom_ids(files: ResultFiles) -> Sequence[str]:
    from batchtui.results import Results
    from batchtui.submissions.finder import SAMPLE

    with suppress(OSError, sqlite3.Error), Results(files) as results:
        return [row.custom_id for row in results.rows_at(range(SAMPLE)) if row.custom_id and not row.flag]
    return []


def _record(batch: MessageBatch) -> Batch:
    counts = batch.request_counts
    return Batch(
        id=batch.id,
        status=batch.processing_status,
        counts=Counts(counts.processing, counts.succeeded, counts.errored, counts.canceled, counts.expired),
        created_at=batch.created_at.timestamp(),
        expires_at=batch.expires_at.timestamp(),
        ended_at=_seconds(batch.ended_at),
        cancel_initiated_at=_seconds(batch.cancel_initiated_at),
        archived_at=_seconds(batch.archived_at),
        has_results_url=batch.results_url is not None,
        seen_at=time.time(),
    )


def _seconds(when: datetime | None) -> float | None:
    return when.timestamp() if when else None


def _why_no_results(batch: Batch) -> str:
    if batch.gone_at is not None:
        return f"{batch.id} was deleted on the server, and its results are not saved here."
    if batch.is_archived:
        return f"The results of {batch.id} were removed by the server {RESULTS_DAYS} days after its creation."
    if not batch.is_ended:
        return f"{batch.id} has not ended yet: its results come when it has."
    return f"{batch.id} has ended without results."
