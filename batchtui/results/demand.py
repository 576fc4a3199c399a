"""How much of a batch's results somebody wants."""

from __future__ import annotations

import asyncio
from contextlib import suppress


class Demand:
    """The farthest row that was asked for, and whether to pause; set from any thread, heard on one loop.

    Attributes:
        wanted: The farthest row that was asked for, from 0.
        is_paused: Whether nothing shall be pulled at all.
    """

    def __init__(self) -> None:
        self.wanted = 0
        self.is_paused = False
        self._changed = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    def want(self, n: int) -> None:
        """Asks for row `n`."""
        if n > self.wanted:
            self.wanted = n
            self._tell()

    def pause(self, is_paused: bool) -> None:
        """Pauses, or goes on."""
        self.is_paused = is_paused
        self._tell()

    def attend(self) -> None:
        """Makes the running event loop the one that hears of changes."""
        self._loop = asyncio.get_running_loop()
        self._changed = asyncio.Event()

    async def change(self, seconds: float | None = None) -> bool:
        """Waits for a change, so many seconds at most, and answers whether there was one."""
        try:
            async with asyncio.timeout(seconds):
                await self._changed.wait()
        except TimeoutError:
            return False
        self._changed.clear()
        return True

    def _tell(self) -> None:
        if self._loop:
            with suppress(RuntimeError):  # that loop has ended: the next run looks for itself
                self._loop.call_soon_threadsafe(self._changed.set)
