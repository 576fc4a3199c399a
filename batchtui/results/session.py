"""One turn at fetching, by whoever holds the batch's lock: stretches of the body, breaks, the end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from enum import Enum, auto
from typing import Protocol

from batchtui.api import (
    ConnectionLost,
    NotReachable,
    RangeNotSatisfiable,
    RateLimited,
    ServerError,
    UnknownRange,
)
from batchtui.api.retry import DOWNLOAD_BACKOFF, Backoff
from batchtui.results.demand import Demand
from batchtui.results.landing import Disk, Landing
from batchtui.results.progress import State
from batchtui.results.writer import ResultWriter
from batchtui.text import size


class Stream(Protocol):
    """An open results response; see `batchtui.api.ResultStream`."""

    start: int
    total: int | None
    validator: str | None

    def __aiter__(self) -> AsyncIterator[bytes]:
        """Raw chunks, as they come."""
        ...


OpenResults = Callable[[int, str | None], AbstractAsyncContextManager[Stream]]
"""Opens one batch's results at an offset in bytes, with the validator of what is here."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How far and how patiently to fetch.

    Attributes:
        ahead_bytes: How far to read past the farthest row that was wanted.
        idle_seconds: How long a stopped stream is kept open.
        tries: Breaks in a row, without a byte of progress, before giving up.
        short_tries: Clean ends in a row that leave results missing, before calling it incomplete.
        backoff: Waits before an interrupted download resumes.
        excess_rows: Lines beyond the number of requests, after which a body is not read on.
        line_bytes: Bytes without the end of a line, after which it is not either.
    """

    ahead_bytes: int = 8 * 1024 * 1024
    idle_seconds: float = 20.0
    tries: int = 8
    short_tries: int = 3
    backoff: Backoff = DOWNLOAD_BACKOFF
    excess_rows: int = 1000
    line_bytes: int = 256 * 1024 * 1024


_CHANGED = "The results changed on the server; they are compared with what is here."


class Show(Protocol):
    """Tells of a new state."""

    def __call__(self, state: State, *, error: str = "", retry_in: float | None = None) -> None:
        """Tells it."""
        ...


class _Overrun(Exception):
    """The server sends more than the results of one batch can be."""


class _End(Enum):
    """How a stretch of the body ended."""

    CLEAN = auto()
    BROKEN = auto()
    SATISFIED = auto()


class Session:
    """Fetches until all is here, or as much as is wanted.

    Args:
        disk: The thread that may touch the writer.
        writer: Where the bytes go.
        open_results: Opens the results on the server.
        demand: How much is wanted.
        expected: Requests in the batch, if known.
        pace: How far and how patiently.
        show: Tells of every new state.
    """

    def __init__(
        self,
        disk: Disk,
        writer: ResultWriter,
        open_results: OpenResults,
        demand: Demand,
        *,
        expected: int | None,
        pace: Pace,
        show: Show,
    ) -> None:
        self._disk = disk
        self._writer = writer
        self._open_results = open_results
        self._demand = demand
        self._expected = expected
        self._pace = pace
        self._show = show
        self._problem = ""
        self._is_surplus = False
        self._marked = (-1, 0)

    async def run(self) -> None:
        """Fetches; the last state shown says how it ended.

        Raises:
            ApiError: The server refuses, and asking again would not help.
            OSError: The disk is full or fails.
            sqlite3.Error: The index cannot be written.
        """
        breaks = 0
        farthest = self._writer.size
        while not await self._is_satisfied():
            try:
                end = await self._stretch()
            except _Overrun as error:
                self._show(State.INCOMPLETE, error=f"{error}; the download was stopped.")
                return
            if end is _End.SATISFIED:
                break
            if end is _End.CLEAN and await self._is_whole():
                await self._disk.do(self._writer.finish)
                self._show(State.COMPLETE)
                return
            if self._is_surplus:
                self._show(State.INCOMPLETE, error=self._problem)
                return
            # A server that changes its mind all the time makes no progress, however much it sends.
            breaks = 1 if self._writer.size > farthest else breaks + 1
            farthest = max(farthest, self._writer.size)
            if breaks >= (self._pace.short_tries if end is _End.CLEAN else self._pace.tries):
                self._show(State.INCOMPLETE if end is _End.CLEAN else State.FAILED, error=self._problem)
                return
            await self._back_off(breaks)
        self._show(self._resting)

    async def _stretch(self) -> _End:
        """Reads one response, and answers how it ended."""
        writer = self._writer
        try:
            return await self._read()
        except RangeNotSatisfiable as error:
            if error.total == writer.size and error.validator == writer.validator:
                return _End.CLEAN  # all is here already: we asked beyond its end
            writer.forget_version()
            self._problem = _CHANGED
        except UnknownRange as error:
            if not writer.validator:
                raise  # not even the whole was given when the whole was asked for
            writer.forget_version()
            self._problem = str(error)
        except (ConnectionLost, NotReachable, ServerError) as error:
            self._problem = str(error)
        except RateLimited as error:
            if error.is_final:
                raise
            self._problem = str(error)
        return _End.CLEAN if writer.total is not None and writer.is_at_end else _End.BROKEN

    async def _read(self) -> _End:
        writer = self._writer
        async with self._open_results(writer.size, writer.validator) as stream:
            if stream.start and not self._continues(stream):
                writer.forget_version()
                raise ConnectionLost(_CHANGED)
            await self._disk.do(writer.begin, stream.start, stream.validator, stream.total)
            self._show(State.READING)
            landing = Landing(self._disk, writer.land)
            received = stream.start
            try:
                async for chunk in stream:
                    await landing.put(chunk)
                    received += len(chunk)
                    self._check_bounds(received)
                    if await self._is_satisfied() and not await self._is_wanted_again(landing):
                        return _End.SATISFIED
            finally:
                await self._settle(landing)
        self._problem = "The server ended the results before the end of what is known of them."
        is_whole = writer.is_at_end or (
            writer.total is None and await self._disk.do(writer.suffices, self._expected)
        )
        return _End.CLEAN if is_whole else _End.BROKEN

    def _continues(self, stream: Stream) -> bool:
        """Whether a part of the results is of the very version that is here, and leaves no gap."""
        writer = self._writer
        if writer.validator is None or stream.validator != writer.validator:
            return False
        is_same_size = stream.total is None or writer.total in (None, stream.total)
        return is_same_size and stream.start <= writer.size

    def _check_bounds(self, received: int) -> None:
        """Stops a body that cannot be what was asked for, before it fills the disk."""
        writer, pace, expected = self._writer, self._pace, self._expected
        if writer.total is not None and received > writer.total:
            raise _Overrun(f"The server sent more than the {writer.total:,} bytes that it announced")
        if not writer.is_past_what_was_here:
            return
        if expected is not None and writer.rows > expected + pace.excess_rows:
            raise _Overrun(f"The server sent {writer.rows:,} lines and more for {expected:,} requests")
        if writer.open_bytes > pace.line_bytes:
            raise _Overrun(f"The server sent {size(writer.open_bytes)} without the end of a line")

    async def _is_whole(self) -> bool:
        tally = await self._disk.do(self._writer.end, self._expected)
        self._problem = tally.problem
        self._is_surplus = bool(tally.surplus)
        return not tally.problem

    async def _is_satisfied(self) -> bool:
        """Whether enough is here past the farthest row that was wanted, or nothing shall be pulled."""
        wanted = self._demand.wanted
        writer = self._writer
        if self._demand.is_paused or writer.rows <= wanted or writer.size == writer.total:
            return self._demand.is_paused
        if self._marked[0] != wanted:
            self._marked = wanted, await self._disk.do(writer.offset_of, wanted)
        return writer.size - self._marked[1] >= self._pace.ahead_bytes

    async def _is_wanted_again(self, landing: Landing) -> bool:
        """Keeps the stopped stream open for a while, in case that more is wanted."""
        await self._settle(landing)
        self._show(self._resting)
        while await self._demand.change(self._pace.idle_seconds):
            if not await self._is_satisfied():
                self._show(State.READING)
                return True
            self._show(self._resting)
        return False

    async def _settle(self, landing: Landing) -> None:
        """Waits until all that came has landed and can be read."""
        await landing.drain()
        await self._disk.do(self._writer.commit)

    @property
    def _resting(self) -> State:
        return State.PAUSED if self._demand.is_paused else State.AHEAD

    async def _back_off(self, breaks: int) -> None:
        seconds = self._pace.backoff.seconds(breaks)
        self._show(State.RESUMING, error=self._problem, retry_in=seconds)
        await asyncio.sleep(seconds)
