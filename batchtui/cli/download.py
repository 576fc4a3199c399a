"""What commands share that read results: they fetch what is missing, and say what could not be had."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from batchtui.cli.errors import Failed
from batchtui.cli.output import say
from batchtui.cli.progress import show_progress
from batchtui.process import INCOMPLETE
from batchtui.text import count, size

if TYPE_CHECKING:
    from asyncio import Task

    from batchtui.cache import Batch
    from batchtui.results import Fetcher, Progress, Results
    from batchtui.workspace import Workspace

LOOK_SECONDS = 0.05
"""How often a command looks for results that have come."""


@asynccontextmanager
async def open_results(workspace: Workspace, batch: Batch | str) -> AsyncIterator[tuple[Fetcher, Results]]:
    """One batch's results for reading, and what brings all of them here once it is run.

    Args:
        workspace: Where the batch is.
        batch: The batch, or its id, which may be shortened.

    Raises:
        WorkspaceError: There are none to be had.
        ApiError: Nothing is saved here, and the server does not answer.
    """
    from batchtui.results import Results

    if isinstance(batch, str):
        batch = await workspace.known(workspace.full_id(batch))
    fetcher = workspace.fetcher(batch)
    fetcher.want_all()
    with Results(fetcher.files) as results:
        yield fetcher, results


@asynccontextmanager
async def running(fetcher: Fetcher) -> AsyncIterator[Task[Progress]]:
    """Fetches while the block runs; what has not come by its end is not waited for."""
    import asyncio

    fetching = asyncio.create_task(fetcher.run())
    try:
        yield fetching
    finally:
        fetching.cancel()
        await asyncio.wait([fetching])


async def fetch(fetcher: Fetcher) -> Progress:
    """Fetches to the end; says on a terminal how far it is."""
    import asyncio

    async with running(fetcher) as fetching:
        while not fetching.done():
            show_progress(_words(fetcher.progress))
            await asyncio.wait([fetching], timeout=0.2)
        show_progress("")
        return fetching.result()


def check_complete(progress: Progress) -> None:
    """Fails if results are missing; for when all that is here has been printed.

    Raises:
        Failed: With exit code 5, or 1 if nothing is here.
    """
    from batchtui.results import State

    if progress.notice:
        say(progress.notice)
    if progress.state is State.INCOMPLETE:
        raise Failed(f"{progress.error} Run it again to ask once more.", INCOMPLETE)
    if progress.state is not State.COMPLETE:
        here = f"{count(progress.rows_here)} of {count(progress.rows_expected or 0)}"
        if not progress.rows_here:
            raise Failed(f"No results were downloaded: {progress.error}")
        raise Failed(
            f"Incomplete, {here} results are here: {progress.error} Run it again to go on.", INCOMPLETE
        )


def check_readable(results: Results, progress: Progress) -> None:
    """Fails if fewer results can be read than are here."""
    if results.rows_here != progress.rows_here:
        raise Failed(f"The index {results.files.index} cannot be read. Run the command again.")


def check_count(progress: Progress) -> None:
    """Fails with exit code 5 if there are more lines than requests; for when all have been printed."""
    here, expected = progress.rows_here, progress.rows_expected
    if expected is not None and here > expected:
        raise Failed(
            f"{count(here)} results for {count(expected)} requests: every request has one, "
            "and the lines beyond are duplicates or have no custom_id.",
            INCOMPLETE,
        )


def is_checked(fetcher: Fetcher) -> bool:
    """Whether what is saved here has been looked over, so that it may be printed while the rest comes."""
    from batchtui.results import State

    return fetcher.progress.state is not State.OPENING


def check_version(results: Results, before: int | None) -> int:
    """Return which version of the results is here.

    Args:
        results: The results.
        before: What this returned before anything was printed; None at first.

    Raises:
        Failed: It is another one now: what was printed and what would follow do not belong together.
    """
    now = results.state.replaced
    if before not in (None, now):
        raise Failed("The results changed on the server while they were printed. Run it again.", INCOMPLETE)
    return now


def _words(progress: Progress) -> str:
    of = f" of {count(progress.rows_expected)}" if progress.rows_expected else ""
    speed = f", {size(int(progress.bytes_per_second))}/s" if progress.bytes_per_second else ""
    return f"{count(progress.rows_here)}{of} results, {size(progress.bytes_here)}{speed}"
