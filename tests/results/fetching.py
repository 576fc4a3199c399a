"""Fetches a batch's results in a process of its own, which a test may kill or starve.

usage: python -m tests.results.fetching FOLDER BASE_URL EXPECTED [LARGEST_FILE_BYTES]
"""

from __future__ import annotations

import asyncio
import resource
import sys
from pathlib import Path

from batchtui.api.retry import Backoff
from batchtui.results import Fetcher, Pace, ResultFiles
from tests.results.server import ResultsServer, client_of

PACE = Pace(tries=4, backoff=Backoff(0.005, 0.02))


async def main(folder: str, base_url: str, expected: str) -> None:
    """Fetches all and prints how it ended."""
    async with client_of(ResultsServer(b"", base_url=base_url)) as open_results:
        fetcher = Fetcher(ResultFiles(Path(folder), "batch"), open_results, expected=int(expected), pace=PACE)
        fetcher.want_all()
        progress = await fetcher.run()
    sys.stdout.write(f"{progress.state}\n{progress.error}\n")


if __name__ == "__main__":
    if len(sys.argv) > 4:
        # Writing beyond it fails with EFBIG, as a full disk does with ENOSPC.
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[4]), resource.RLIM_INFINITY))
    asyncio.run(main(*sys.argv[1:4]))
