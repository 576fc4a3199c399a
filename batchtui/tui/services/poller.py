"""Keeps the screens up to date by polling the API."""

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
"""How much slower it polls while the terminal does not have the focus."""
SLOW_SECONDS = 5.0
"""Seconds without a response after which the connection no longer counts as live."""
RESTART_SECONDS = 1.0
"""A call older than this is abandoned when a refresh is requested; a younger one is as good as a new one."""


class _Abandoned(Exception):
    """A call took too long, and a new one was requested."""


class Audience(Protocol):
    """The screen that shows what the poller finds."""

    def show_changes(self, changes: Changes) -> None:
        """Show batches that changed."""

    def show_link(self, link: Link) -> None:
        """Show the status of the connection."""

    def watched_batch(self) -> Batch | None:
        """Return the batch under the cursor."""

    def is_away(self) -> bool:
        """Return whether the terminal has lost the focus."""


class Poller:
    """Refreshes the list every `poll_list` seconds, and the current batch every `poll_selected`.

    Args:
        network: The thread for calls.
        workspace: The workspace to poll.
        settings: The intervals.
        audience: The screen to update.
    """

    def __init__(
        self, network: Network, workspace: Workspace, settings: Settings, audience: Audience
    ) -> None:
        self._network = network
        self._workspace = workspace
        self._settings = settings
        self._audience = audience
        self._list_due = 0.0
        self._older_limit = 0
        self._refresh_current = False
        self._failures = 0
        self._error: ApiError | None = None
        self._wake = asyncio.Event()
        self._refresh_requested = asyncio.Event()

    def refresh_now(self) -> None:
        """Refresh everything immediately, whether it is waiting, backing off or in a call that hangs."""
        self._list_due = 0.0
        self._refresh_current = True
        self._refresh_requested.set()
        self._wake.set()

    def want_older(self, limit: int = PAGE) -> None:
        """Fetch the next page of older batches, of up to `limit`, in the next round."""
        self._older_limit = max(limit, self._older_limit)
        self._wake.set()

    async def run(self) -> None:
        """Poll until canceled."""
        while True:
            await self._try_round()
            factor = AWAY_FACTOR if self._audience.is_away() else 1
            await _wait(self._wake, self._settings.poll_selected * factor)

    async def _try_round(self) -> None:
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
        """Make the calls that are due, one after the other: pages never overtake each other."""
        batch, started_at = self._audience.watched_batch(), time.time()
        refresh_current, self._refresh_current = self._refresh_current, False
        if time.monotonic() >= self._list_due:
            await self._call(self._workspace.refresh)
            self._list_due = time.monotonic() + self._settings.poll_list
        elif batch and not batch.is_ended:
            refresh_current = True
        # Below the newest page, nothing else detects that an ended batch was deleted elsewhere.
        if batch and refresh_current and batch.gone_at is None and not self._is_fresh(batch, started_at):
            await self._call(partial(self._workspace.update, batch.id))
        while limit := self._older_limit:
            self._older_limit = 0  # showing a page may request the next one
            try:
                await self._call(partial(self._workspace.older, limit))
            except ApiError:
                self.want_older(limit)
                raise

    def _is_fresh(self, batch: Batch, since: float) -> bool:
        latest = self._workspace.last_known(batch.id)
        return latest is None or latest.seen_at >= since

    async def _call(self, work: Callable[[], Coroutine[Any, Any, Changes]]) -> None:
        self._refresh_requested.clear()
        call = asyncio.ensure_future(self._network.call(work))
        started, last = time.monotonic(), self._last_call
        try:
            while not await _is_done(call, self._refresh_requested):
                if self._last_call is not last:  # one of several calls got its response
                    started, last = time.monotonic(), self._last_call
                self._show_wait(time.monotonic() - started)
            self._audience.show_changes(call.result())
        finally:
            call.cancel()

    @property
    def _last_call(self) -> Call | None:
        calls = self._workspace.calls
        return calls[-1] if calls else None

    def _show_wait(self, seconds: float) -> None:
        """Report a slow response.

        Raises:
            _Abandoned: A refresh was requested, and the call is old.
        """
        if self._refresh_requested.is_set() and seconds >= RESTART_SECONDS:
            raise _Abandoned
        self._refresh_requested.clear()
        if seconds >= SLOW_SECONDS:
            self._audience.show_link(Link(error=self._error, waiting=int(seconds)))

    async def _back_off(self, error: ApiError) -> None:
        """Wait after a failure, and show how long. `refresh_now` ends the wait."""
        self._refresh_requested.clear()
        if isinstance(error, NotAuthorized) or (isinstance(error, StatusError) and error.is_final):
            self._audience.show_link(Link(error=error))
            await self._refresh_requested.wait()
        else:
            await self._count_down(error, ceil(POLL_BACKOFF.seconds(self._failures, error)))
        self._list_due = 0.0
        self._wake.set()

    async def _count_down(self, error: ApiError, seconds: int) -> None:
        for left in range(seconds, 0, -1):
            self._audience.show_link(Link(retry_in=left, error=error))
            if await _wait(self._refresh_requested, 1.0):
                return


async def _is_done(call: asyncio.Future[Any], refresh_requested: asyncio.Event) -> bool:
    """Wait for a call, for a request to refresh, or for a second. Return whether the call is done."""
    request = asyncio.ensure_future(refresh_requested.wait())
    try:
        await asyncio.wait([call, request], timeout=1.0, return_when=asyncio.FIRST_COMPLETED)
    finally:
        request.cancel()
    return call.done()


async def _wait(event: asyncio.Event, seconds: float) -> bool:
    """Wait for an event, but not longer than some seconds. Return whether it was set, and clear it."""
    try:
        async with asyncio.timeout(seconds):  # `wait_for` of Python 3.11 may swallow a cancellation
            await event.wait()
    except TimeoutError:
        return False
    event.clear()
    return True
