"""A search through results as a list that grows while it goes on."""

from __future__ import annotations

import time
from array import array
from collections.abc import Callable

from batchtui.results import Pattern, PatternTooSlow, Progress, Query, ResultRow, Results, search

FLUSH_SECONDS = 0.05
"""How often found rows are handed on."""
WAIT_SECONDS = 0.1
"""How often it is looked whether more results have come."""


class Found:
    """The rows that a search has found so far, in the order of the file.

    Args:
        results: Where they are.
    """

    def __init__(self, results: Results) -> None:
        self.results = results
        self.searched = 0
        """Rows that have been looked through."""
        self.is_over = False
        self.problem = ""
        """Why it was given up, in one sentence."""
        self._numbers = array("I")

    def __len__(self) -> int:
        return len(self._numbers)

    @property
    def numbers(self) -> array[int]:
        """The numbers of the rows, in order."""
        return self._numbers

    def refresh(self) -> int:
        """How many there are now."""
        return len(self._numbers)

    def rows(self, start: int, stop: int) -> list[ResultRow]:
        """The rows at places `start` to `stop`."""
        return self.results.rows_at(self._numbers[start:stop])

    def place(self, n: int) -> int | None:
        """Where a row is, by its number in the file."""
        try:
            return self._numbers.index(n)
        except ValueError:
            return None

    def look(
        self,
        pattern: Pattern,
        query: Query,
        progress: Callable[[], Progress],
        tell: Callable[[], object],
        is_cancelled: Callable[[], bool],
    ) -> None:
        """Looks through everything, also through what comes while it looks. For a thread of its own.

        Args:
            pattern: What to find.
            query: Which results to look through.
            progress: How the fetching goes: it is over when that is.
            tell: Called every now and then when there is something new.
            is_cancelled: Whether to stop.
        """
        # A reader of its own: the screen closes its one when it is left, and this may go on for a moment.
        with Results(self.results.files) as results:
            while not (is_cancelled() or self.is_over):
                was_final, here = progress().is_final, results.rows_here
                try:
                    came_to_end = self._look_to(here, results, pattern, query, tell, is_cancelled)
                except PatternTooSlow as error:
                    self.problem, was_final, came_to_end = str(error), True, True
                if not came_to_end:
                    return
                self.searched, self.is_over = here, was_final
                tell()
                if not was_final:
                    time.sleep(WAIT_SECONDS)

    def _look_to(
        self,
        stop: int,
        results: Results,
        pattern: Pattern,
        query: Query,
        tell: Callable[[], object],
        is_cancelled: Callable[[], bool],
    ) -> bool:
        """Looks through the rows up to `stop`; answers whether it came to the end."""
        told = 0.0
        allowed = None if query.is_everything else set(results.numbers(query, self.searched))
        for hit in search(results, pattern, start=self.searched, stop=stop, is_cancelled=is_cancelled):
            if allowed is None or hit.row.n in allowed:
                self._numbers.append(hit.row.n)
                self.searched = hit.row.n
                if time.monotonic() - told > FLUSH_SECONDS:
                    told = time.monotonic()
                    tell()
        return not is_cancelled()
