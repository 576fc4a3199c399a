"""Download results for commands, and check that they are complete."""

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

POLL_SECONDS = 0.05
"""How often a command checks for new results."""


@asynccontextmanager
async def open_results(workspace: Workspace, batch: Batch | str) -> AsyncIterator[tuple[Fetcher, Results]]:
    """Open the results of a batch, with a fetcher that downloads them when it is run.

    Args:
        workspace: The workspace of the batch.
        batch: The batch, or its ID or a prefix of it.

    Raises:
        WorkspaceError: There are no results.
        ApiError: No results are saved, and the server cannot be reached.
    """
    from batchtui.results import Results

    if isinstance(batch, str):
        batch = await workspace.cached_or_fetched(workspace.full_id(batch))
    fetcher = workspace.fetcher(batch)
    fetcher.want_all()
    with Results(fetcher.files) as results:
        yield fetcher, results


@asynccontextmanager
async def running(fetcher: Fetcher) -> AsyncIterator[Task[Progress]]:
    """Run a fetcher in the background until the block ends."""
    import asyncio

    fetching = asyncio.create_task(fetcher.run())
    try:
        yield fetching
    finally:
        fetching.cancel()
        await asyncio.wait([fetching])


async def fetch(fetcher: Fetcher) -> Progress:
    """Download all results, with a progress line."""
    import asyncio

    async with running(fetcher) as fetching:
        while not fetching.done():
            show_progress(_progress_text(fetcher.progress))
            await asyncio.wait([fetching], timeout=0.2)
        show_progress("")
        return fetching.result()


def check_complete(progress: Progress) -> None:
    """Fail if results are missing; called after printing the results that were downloaded.

    Raises:
        Failed: With exit code 5, or 1 if no results were downloaded.
    """
    from batchtui.results import State

    if progress.notice:
        say(progress.notice)
    if progress.state is State.INCOMPLETE:
        raise Failed(f"{progress.error} Run the command again to retry.", INCOMPLETE)
    if progress.state is not State.COMPLETE:
        here = f"{count(progress.rows_here)} of {count(progress.rows_expected or 0)}"
        if not progress.rows_here:
            raise Failed(f"No results were downloaded: {progress.error}")
        raise Failed(
            f"Incomplete, {here} results downloaded: {progress.error} Run the command again to resume.",
            INCOMPLETE,
        )


def check_readable(results: Results, progress: Progress) -> None:
    """Fail if some of the downloaded results cannot be read."""
    if results.rows_here != progress.rows_here:
        raise Failed(f"The index {results.files.index} cannot be read. Run the command again.")


def check_count(progress: Progress) -> None:
    """Fail with exit code 5 if there are more lines than requests; called after printing all results."""
    here, expected = progress.rows_here, progress.rows_expected
    if expected is not None and here > expected:
        raise Failed(
            f"{count(here)} results for {count(expected)} requests. "
            "The extra lines are duplicates or have no custom_id.",
            INCOMPLETE,
        )


def is_checked(fetcher: Fetcher) -> bool:
    """Whether saved results were checked, so that they may be printed during the download."""
    from batchtui.results import State

    return fetcher.progress.state is not State.OPENING


def check_version(results: Results, before: int | None) -> int:
    """Return the version of the results.

    Args:
        results: The results.
        before: The version that was printed so far; None at first.

    Raises:
        Failed: It has changed since.
    """
    now = results.state.replaced
    if before not in (None, now):
        raise Failed("The results changed on the server during printing. Run the command again.", INCOMPLETE)
    return now


def _progress_text(progress: Progress) -> str:
    of = f" of {count(progress.rows_expected)}" if progress.rows_expected else ""
    speed = f", {size(int(progress.bytes_per_second))}/s" if progress.bytes_per_second else ""
    return f"{count(progress.rows_here)}{of} results, {size(progress.bytes_here)}{speed}"
