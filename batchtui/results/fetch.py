"""Brings one batch's results to this disk: lazily, resumably, and honest about what is missing."""

from __future__ import annotations

import asyncio
import errno
import sqlite3
import sys
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from batchtui.api import ApiError
from batchtui.disk import is_damage
from batchtui.results.checking import check_saved
from batchtui.results.demand import Demand
from batchtui.results.files import ResultFiles
from batchtui.results.index import remove_index
from batchtui.results.landing import Disk, finished
from batchtui.results.lock import writing
from batchtui.results.progress import Progress, Speed, State
from batchtui.results.reader import Results
from batchtui.results.sealing import set_aside
from batchtui.results.session import OpenResults, Pace, Session
from batchtui.results.writer import ResultWriter

TICK_SECONDS = 0.1
FIRST_TICK_SECONDS = 0.02
"""Until the first row is here: someone is waiting for it."""
FOLLOW_SECONDS = 0.3
SYNC_TICKS = 50
"""Every five seconds: so much may have to be fetched again after a loss of power."""


class Fetcher:
    """Fetches one batch's results.

    `run` belongs to an event loop; everything else may be called from any thread. At first only the
    first rows are wanted: `want` and `want_all` ask for more.

    Args:
        files: Where the results go.
        open_results: Opens the results on the server.
        expected: Requests in the batch, which is how many results make it complete; None if unknown.
        on_progress: Called on the event loop's thread, some ten times a second while something changes.
        pace: How far and how patiently.
    """

    def __init__(
        self,
        files: ResultFiles,
        open_results: OpenResults,
        *,
        expected: int | None = None,
        on_progress: Callable[[Progress], None] | None = None,
        pace: Pace | None = None,
    ) -> None:
        self.files = files
        self.progress = Progress(rows_expected=expected)
        """The newest snapshot."""
        self.on_progress = on_progress
        self._open_results = open_results
        self._expected = expected
        self._pace = pace or Pace()
        self._demand = Demand()
        self._writer: ResultWriter | None = None

    # From any thread

    def want(self, n: int) -> None:
        """Asks for row `n`, from 0, and some way beyond it."""
        self._demand.want(n)

    def want_all(self) -> None:
        """Asks for everything."""
        self._demand.want(sys.maxsize)

    def pause(self) -> None:
        """Stops pulling until `resume`."""
        self._demand.pause(True)

    def resume(self) -> None:
        """Goes on after `pause`."""
        self._demand.pause(False)

    # On the event loop

    async def run(self) -> Progress:
        """Fetches as far as is wanted, until all is here or it cannot go on; cancel it to stop.

        May be run again after it failed or was incomplete. While another process fetches the same
        batch, its progress is followed instead. Nothing is held while nothing is wanted.

        Returns:
            A final snapshot: complete, incomplete, or failed with the reason.
        """
        self._demand.attend()
        self._show(State.OPENING)
        with ThreadPoolExecutor(1, "results") as thread:
            try:
                await self._run_with_sound_index(Disk(thread))
            except ApiError as error:
                self._show(State.FAILED, error=str(error))
            except (OSError, sqlite3.Error) as error:
                self._show(State.FAILED, error=_why_not_written(self.files, error))
        return self.progress

    async def _run_with_sound_index(self, disk: Disk) -> None:
        """Fetches; an index that turns out to be damaged on the way is made again, once."""
        try:
            await self._run(disk)
        except sqlite3.Error as error:
            if not is_damage(error):
                raise
            with writing(self.files) as is_ours:
                if is_ours:
                    await disk.do(remove_index, self.files)
            await self._run(disk)

    async def _run(self, disk: Disk) -> None:
        while not self.progress.is_final:
            with writing(self.files) as is_ours:
                if is_ours:
                    await self._hold(disk)
                else:
                    await self._follow(disk)
            if self.progress.state in (State.AHEAD, State.PAUSED):
                await self._demand.change()

    async def _hold(self, disk: Disk) -> None:
        if self.files.is_complete:
            damage = await disk.do(check_saved, self.files, self._expected)
            if not damage:
                await self._show_complete(disk)
                return
            if not await self._set_aside(disk, damage):
                return
        await self._download(disk)

    async def _show_complete(self, disk: Disk) -> None:
        rows, _ = await disk.do(_look, self.files)
        if self.files.size and not rows:
            raise OSError("the index cannot be read")  # nobody may take that for no results
        self._publish(state=State.COMPLETE, rows_here=rows, bytes_here=self.files.size)

    async def _set_aside(self, disk: Disk, damage: str) -> bool:
        """Sets damaged results aside if the server gives them again; whether it does."""
        here = f"The saved results of {self.files.batch_id} are damaged ({damage})"
        try:
            async with self._open_results(0, None):
                aside = await disk.do(set_aside, self.files)
        except ApiError as error:
            rows, _ = await disk.do(_look, self.files)
            self._publish(rows_here=rows, bytes_here=self.files.size)
            self._show(State.FAILED, error=f"{here} and were not downloaded again: {error}")
            return False
        self._publish(notice=f"{here}: they are downloaded again, and the damaged copy is kept as {aside}.")
        return True

    async def _download(self, disk: Disk) -> None:
        async with _open_writer(disk, self.files) as writer:
            self._writer = writer
            session = Session(
                disk,
                writer,
                self._open_results,
                self._demand,
                expected=self._expected,
                pace=self._pace,
                show=self._show,
            )
            ticking = asyncio.create_task(self._tick(disk, writer))
            try:
                await session.run()
            finally:
                self._publish()
                self._writer = None
                ticking.cancel()
                await asyncio.wait([ticking])
            if not ticking.cancelled():
                ticking.result()

    async def _tick(self, disk: Disk, writer: ResultWriter) -> None:
        """Lets readers see what landed, every now and then, and tells how it goes."""
        speed = Speed()
        ticks = 0
        while True:
            await asyncio.sleep(TICK_SECONDS if writer.readable_rows else FIRST_TICK_SECONDS)
            ticks += 1
            await disk.do(writer.commit if ticks % SYNC_TICKS else writer.sync)
            self._publish(bytes_per_second=speed.sample(writer.size))

    async def _follow(self, disk: Disk) -> None:
        """Shows how another process is getting on."""
        rows, is_complete = await disk.do(_look, self.files)
        self._publish(
            state=State.COMPLETE if is_complete else State.FOLLOWING,
            rows_here=rows,
            bytes_here=self.files.size,
        )
        if not is_complete:
            await asyncio.sleep(FOLLOW_SECONDS)

    def _show(self, state: State, *, error: str = "", retry_in: float | None = None) -> None:
        self._publish(state=state, error=error, retry_in=retry_in, bytes_per_second=0.0)

    def _publish(self, **news: Any) -> None:  # noqa: ANN401 - fields of Progress
        writer = self._writer
        if writer:
            news |= {"rows_here": writer.readable_rows, "bytes_here": writer.size}
        progress = replace(self.progress, **news)
        if progress != self.progress:
            self.progress = progress
            if self.on_progress:
                self.on_progress(progress)


@asynccontextmanager
async def _open_writer(disk: Disk, files: ResultFiles) -> AsyncIterator[ResultWriter]:
    """A writer, closed at the end even if the opening, which can take a second, is cancelled."""
    opening = disk.start(ResultWriter, files)
    try:
        yield await finished(opening)
    finally:
        await disk.do(_close, opening)


def _close(opening: Future[ResultWriter]) -> None:
    if opening.exception() is None:
        opening.result().close()


def _look(files: ResultFiles) -> tuple[int, bool]:
    """Return how many rows are readable, and whether the results are complete and indexed."""
    with Results(files) as results:
        return results.rows_here, results.is_whole


def _why_not_written(files: ResultFiles, error: OSError | sqlite3.Error) -> str:
    is_full = (
        error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
        if isinstance(error, OSError)
        else error.sqlite_errorname == "SQLITE_FULL"
    )
    if is_full:
        return (
            f"No space left for the results of {files.batch_id} in {files.folder}: "
            "free some, then fetch again."
        )
    return f"The results of {files.batch_id} cannot be written in {files.folder} ({error})."
