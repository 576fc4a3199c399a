"""A thread with an event loop of its own: what talks to the API never runs where keys are read."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

T = TypeVar("T")

STOP_SECONDS = 0.4
"""How long quitting waits for calls under way to end; the thread is a daemon, so nothing outlives it."""


class Network:
    """Runs coroutines on another thread's loop: a terminal that stalls does not stall a download."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="network", daemon=True)
        self._thread.start()

    async def call(self, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Awaits on this loop what runs on the other; cancelling one cancels both.

        Args:
            work: Makes the coroutine. It is called on the network thread too, because it may import.
        """
        return await asyncio.wrap_future(self.start(work))

    def start(self, work: Callable[[], Coroutine[Any, Any, T]]) -> Future[T]:
        """Like `call`, from where nothing can be awaited."""

        async def run() -> T:
            return await work()

        return asyncio.run_coroutine_threadsafe(run(), self._loop)

    def stop(self, last: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Cancels what is under way, runs `last`, and ends the thread; all within `STOP_SECONDS`."""

        async def wind_up() -> None:
            others = asyncio.all_tasks() - {asyncio.current_task()}
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)
            await last()
            self._loop.stop()

        asyncio.run_coroutine_threadsafe(wind_up(), self._loop)
        self._thread.join(STOP_SECONDS)
        if not self._thread.is_alive():
            self._loop.close()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()
