"""The network thread, with its own event loop: API calls never run on the loop that reads keys."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

T = TypeVar("T")

STOP_SECONDS = 0.4
"""Seconds that quitting waits for running calls. The thread is a daemon, so it never outlives the app."""


class Network:
    """Runs coroutines on another thread's loop: a stalled terminal does not stall a download."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="network", daemon=True)
        self._thread.start()

    async def call(self, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Run a coroutine on the network thread and await it here; canceling one cancels both.

        Args:
            work: Returns the coroutine. It is called on the network thread too, because it may import.
        """
        return await asyncio.wrap_future(self.start(work))

    def start(self, work: Callable[[], Coroutine[Any, Any, T]]) -> Future[T]:
        """Like `call`, for callers that cannot await."""

        async def run() -> T:
            return await work()

        return asyncio.run_coroutine_threadsafe(run(), self._loop)

    def stop(self, last: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Cancel running calls, run `last` and end the thread, all within `STOP_SECONDS`."""

        async def shut_down() -> None:
            others = asyncio.all_tasks() - {asyncio.current_task()}
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)
            await last()
            self._loop.stop()

        asyncio.run_coroutine_threadsafe(shut_down(), self._loop)
        self._thread.join(STOP_SECONDS)
        if not self._thread.is_alive():
            self._loop.close()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()
