"""Keeps the disk off the event loop: one thread does all that may block, in order."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

WAITING_BYTES = 2 * 1024 * 1024
"""How much may have come from the network and not be on its way to the disk yet."""


class Disk:
    """One thread for files and SQLite; a slow or full disk holds up no one else."""

    def __init__(self, thread: ThreadPoolExecutor) -> None:
        self._thread = thread

    def start(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Runs a function after all that were started before it."""
        return self._thread.submit(function, *args, **kwargs)

    async def do(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Runs a function likewise and waits for it; it runs even if the waiting is cancelled."""
        return await finished(self.start(function, *args, **kwargs))


async def finished(future: Future[T]) -> T:
    """Waits for what the thread does, without ever taking it back: a gap in what landed would be fatal."""
    return await asyncio.shield(asyncio.wrap_future(future))


class Landing:
    """Takes chunks to the disk while the next ones are read from the network.

    Args:
        disk: The thread that does it.
        land: What takes some chunks, in order.
    """

    def __init__(self, disk: Disk, land: Callable[[list[bytes]], None]) -> None:
        self._disk = disk
        self._land = land
        self._busy: Future[None] | None = None
        self._waiting: list[bytes] = []
        self._waiting_bytes = 0

    async def put(self, chunk: bytes) -> None:
        """Takes the next chunk; waits only if the disk cannot keep up."""
        self._waiting.append(chunk)
        self._waiting_bytes += len(chunk)
        if self._busy is None or self._busy.done() or self._waiting_bytes >= WAITING_BYTES:
            await self._hand_over()

    async def drain(self) -> None:
        """Waits until everything has landed."""
        await self._hand_over()
        await self._hand_over()

    async def _hand_over(self) -> None:
        busy, self._busy = self._busy, None
        if busy:
            await finished(busy)
        if self._waiting:
            chunks, self._waiting, self._waiting_bytes = self._waiting, [], 0
            self._busy = self._disk.start(self._land, chunks)
