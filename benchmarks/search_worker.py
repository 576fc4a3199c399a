"""Searches results on this disk as the app does, in a process of its own.

Run as `python -m benchmarks.search_worker FOLDER ID WORD`; prints, as JSON, the seconds until the first hit
and until the search was through, the number of hits, and the most memory that was held, in MB.
"""

import json
import os
import sys
import time
from pathlib import Path

from batchtui.results import Pattern, ResultFiles, Results, search
from benchmarks.terminal import peak_memory

ENOUGH = 1000
"""Hits of a frequent word after which nobody reads on."""


def main(folder: str, batch_id: str, word: str) -> None:
    """Finds the word, ignoring case."""
    with Results(ResultFiles(Path(folder), batch_id)) as results:
        start = time.perf_counter()
        first, hits = 0.0, 0
        for _ in search(results, Pattern(word)):
            first = first or time.perf_counter() - start
            hits += 1
            if hits == ENOUGH:
                break
        through = time.perf_counter() - start
    print(json.dumps([first, through, hits, peak_memory(os.getpid())]))


if __name__ == "__main__":
    main(*sys.argv[1:])
