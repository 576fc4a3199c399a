"""A search through results, as a list of rows that grows while it runs."""

from __future__ import annotations

import time
from array import array
from collections.abc import Callable

from batchtui.results import Pattern, PatternTooSlow, Progress, Query, ResultRow, Results, search

FLUSH_SECONDS = 0.05
"""Seconds between two updates of the found rows."""
STEP_ROWS = 2_000
"""Rows between two reports of how far the search is."""
WAIT_SECONDS = 0.1
"""Seconds between two checks for more downloaded results."""


class Found:
    """The rows found so far, in the order of the file; sorted once the search is over.

    Args:
        results: The results to search.
        query: Which of them to search, and the order of the found rows until they are sorted.
    """

    def __init__(self, results: Results, query: Query) -> None:
        self.results = results
        self.query = query
        self.searched = 0
        """The number of rows searched so far."""
        self.is_over = False
        self.problem = ""
        """Why the search stopped early, in one sentence."""
        self._numbers = array("I")

    def __len__(self) -> int:
        return len(self._numbers)

    @property
    def numbers(self) -> array[int]:
        """The numbers of the rows, in order."""
        return self._numbers

    def refresh(self) -> int:
        """Return the number of rows found so far."""
        return len(self._numbers)

    def rows(self, start: int, stop: int) -> list[ResultRow]:
        """Return the rows at positions `start` to `stop`."""
        return self.results.rows_at(self._numbers[start:stop])

    def place(self, n: int) -> int | None:
        """Return the position of a row, by its number in the file."""
        try:
            return self._numbers.index(n)
        except ValueError:
            return None

    def sorted_numbers(self, results: Results, query: Query) -> array[int]:
        """Return the numbers of the found rows in the order of a query; runs on any thread."""
        found = set(self._numbers)
        return array("I", (n for n in results.numbers(query) if n in found))

    def sort(self, numbers: array[int], query: Query) -> None:
        """Replace the found rows by the same rows in the order of a query."""
        self._numbers, self.query = numbers, query

    def look(
        self,
        pattern: Pattern,
        progress: Callable[[], Progress],
        tell: Callable[[], object],
        is_cancelled: Callable[[], bool],
    ) -> None:
        """Search all results, also those that arrive meanwhile; runs on its own thread.

        Args:
            pattern: The text to find.
            progress: Returns the progress of the download; the search ends with it.
            tell: Called from time to time when there are new rows.
            is_cancelled: Returns whether to stop.
        """
        query = self.query
        # Its own reader: the screen closes its reader on leaving, and this may run a moment longer.
        with Results(self.results.files) as results:
            while not (is_cancelled() or self.is_over):
                was_final, here = progress().is_final, results.rows_here
                allowed = None if query.is_everything else set(results.numbers(query, self.searched))
                for stop in (*range(self.searched + STEP_ROWS, here, STEP_ROWS), here):
                    try:
                        if not self._search_to(stop, results, pattern, allowed, tell, is_cancelled):
                            return
                    except PatternTooSlow as error:
                        self.problem, self.is_over = str(error), True
                        tell()
                        return
                    self.searched = stop
                    self.is_over = was_final and stop == here
                    tell()
                if not was_final:
                    time.sleep(WAIT_SECONDS)

    def _search_to(
        self,
        stop: int,
        results: Results,
        pattern: Pattern,
        allowed: set[int] | None,
        tell: Callable[[], object],
        is_cancelled: Callable[[], bool],
    ) -> bool:
        """Search the rows up to `stop`. Return whether it finished."""
        last_update = 0.0
        for hit in search(results, pattern, start=self.searched, stop=stop, is_cancelled=is_cancelled):
            if allowed is None or hit.row.n in allowed:
                self._numbers.append(hit.row.n)
                self.searched = hit.row.n
                if time.monotonic() - last_update > FLUSH_SECONDS:
                    last_update = time.monotonic()
                    tell()
        return not is_cancelled()
