"""Threads that hold on to nothing of what they have done."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class ContextExecutor(ThreadPoolExecutor):
    """Runs each call in a copy of the caller's context.

    A worker of Textual sets itself as the active one where it runs. In the context of the thread itself it
    would stay there, with the screen that it belongs to, until the thread is used again.
    """

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Like `ThreadPoolExecutor.submit`."""
        return super().submit(copy_context().run, fn, *args, **kwargs)  # type: ignore[arg-type]
