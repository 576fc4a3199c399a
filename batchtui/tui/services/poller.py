"""Keeps what is shown true: asks the API again and again, at a pace that does no harm."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from functools import partial
from math import ceil
from typing import Any, Protocol

from batchtui.api import ApiError, Call, NotAuthorized, StatusError
from batchtui.api.retry import POLL_BACKOFF
from batchtui.cache import Batch
from batchtui.config import Settings
from batchtui.tui.format.connection import Link
from batchtui.tui.services.network import Network
from batchtui.workspace import PAGE, Changes, Workspace

AWAY_FACTOR = 6
"""So many times slower it asks while the terminal has lost the focus."""
SLOW_SECONDS = 5.0
"""How long an answer may take before the connection no longer counts as live."""
RESTART_SECONDS = 1.0
"""A call that is older than this is abandoned for a new one on request; a younger one is as good as new."""


class _Abandoned(Exception):
    """A call took long and a new one was asked for."""


class Audience(Protocol):
    """Who is told what the follower finds, and what it must know of them."""

    def show_changes(self, changes: Changes) -> None:
        """Batches changed."""

    def show_link(self, link: Link) -> None:
        """The connection changed."""

    def watched_batch(self) -> Batch | None:
        """The batch that is looked at most closely now."""

    def is_away(self) -> bool:
        """Whether nobody looks: the terminal has lost the focus."""


class Follower:
    """Refreshes the list every `poll_list` seconds and the batch looked at every `poll_selected`.

    Args:
        network: Where calls run.
        workspace: What is followed.
        settings: How often.
        audience: Who is told.
    """

    def __init__(
        self, network: Network, workspace: Workspace, settings: Settings, audience: Audience
    ) -> None:
        self._network = network
        self._workspace = workspace
        self._settings = settings
        self._audience = audience
        self._list_due = 0.0
        self._older_wanted = 0
        self._current_wanted = False
        self._failures = 0
        self._error: ApiError | None = None
        self._woken = asyncio.Event()
        self._insisted = asyncio.Event()

    def refresh_now(self) -> None:
        """Asks for everything at once, whatever the timetable, a wait or a call that hangs says."""
        self._list_due = 0.0
        self._current_wanted = True
        self._insisted.set()
        self._woken.set()

    def want_older(self, limit: int = PAGE) -> None:
        """Ask for the next older page of so many batches, once nothing has to be waited for."""
        self._older_wanted = max(limit, self._older_wanted)
        self._woken.set()

    async def run(self) -> None:
        """Follows until it is cancelled."""
        while True:
            await self._attempt_round()
            patience = AWAY_FACTOR if self._audience.is_away() else 1
            await _until(self._woken, self._settings.poll_selected * patience)

    async def _attempt_round(self) -> None:
        try:
            await self._round()
        except _Abandoned:
            pass
        except ApiError as error:
            self._failures += 1
            self._error = error
            await self._back_off(error)
        else:
            self._failures = 0
            self._error = None
            self._audience.show_link(Link(live=True))

    async def _round(self) -> None:
        """What is due now, one call after the other: pages never overtake each other."""
        batch, began = self._audience.watched_batch(), time.time()
        is_current_wanted, self._current_wanted = self._current_wanted, False
        if time.monotonic() >= self._list_due:
            await self._call(self._workspace.refresh)
            self._list_due = time.monotonic() + self._settings.poll_list
        elif batch and not batch.is_ended:
            is_current_wanted = True
        # Below the newest page, only this tells of an ended batch that somebody else has deleted.
        if batch and is_current_wanted and batch.gone_at is None and not self._was_seen(batch, began):
            await self._call(partial(self._workspace.update, batch.id))
        while limit := self._older_wanted:
            self._older_wanted = 0  # what an answer shows may ask for the next page
            try:
                await self._call(partial(self._workspace.older, limit))
            except ApiError:
                self.want_older(limit)
                raise

    def _was_seen(self, batch: Batch, since: float) -> bool:
        now = self._workspace.seen(batch.id)
        return now is None or now.seen_at >= since

    async def _call(self, work: Callable[[], Coroutine[Any, Any, Changes]]) -> None:
        self._insisted.clear()
        call = asyncio.ensure_future(self._network.call(work))
        since, last = time.monotonic(), self._last_call
        try:
            while not await _is_done(call, self._insisted):
                if self._last_call is not last:  # one of several calls was answered
                    since, last = time.monotonic(), self._last_call
                self._show_wait(time.monotonic() - since)
            self._audience.show_changes(call.result())
        finally:
            call.cancel()

    @property
    def _last_call(self) -> Call | None:
        calls = self._workspace.calls
        return calls[-1] if calls else None

    def _show_wait(self, seconds: float) -> None:
        """Tells of an answer that takes long; gives it up if somebody insists on a new one."""
        if self._insisted.is_set() and seconds >= RESTART_SECONDS:
            raise _Abandoned
        self._insisted.clear()
        if seconds >= SLOW_SECONDS:
            self._audience.show_link(Link(error=self._error, waiting=int(seconds)))

    async def _back_off(self, error: ApiError) -> None:
        """Waits after a failure, telling how long; `refresh_now` ends the wait."""
        self._insisted.clear()
        if isinstance(error, NotAuthorized) or (isinstance(error, StatusError) and error.is_final):
            self._audience.show_link(Link(error=error))
            await self._insisted.wait()
        else:
            await self._count_down(error, ceil(POLL_BACKOFF.seconds(self._failures, error)))
        self._list_due = 0.0
        self._woken.set()

    async def _count_down(self, error: ApiError, seconds: int) -> None:
        for left in range(seconds, 0, -1):
            self._audience.show_link(Link(retry_in=left, error=error))
            if await _until(self._insisted, 1.0):
                return


async def _is_done(call: asyncio.Future[Any], insisted: asyncio.Event) -> bool:
    """Waits for a call, for a second at most, or until somebody insists."""
    insisting = asyncio.ensure_future(insisted.wait())
    try:
        await asyncio.wait([call, insisting], timeout=1.0, return_when=asyncio.FIRST_COMPLETED)
    finally:
        insisting.cancel()
    return call.done()


async def _until(event: asyncio.Event, seconds: float) -> bool:
    """Waits so long at most; answers True, and clears the event, if it came."""
    try:
        await asyncio.wait_for(event.wait(), seconds)
    except TimeoutError:
        return False
    event.clear()
    return True
