"""Reads results and their index, from any thread, while they may still be growing."""
# ruff: noqa: S608 - SQL is put together from names of our own; values always go as parameters

from __future__ import annotations

import os
import sqlite3
import sys
from array import array
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import chain
from typing import Any, Self

from batchtui.cost import Tokens, Usage
from batchtui.results import loose
from batchtui.results.connections import Connections
from batchtui.results.errors import ErrorGroup
from batchtui.results.files import ResultFiles
from batchtui.results.index import COLUMNS, FileState, file_state, row_count
from batchtui.results.message import OpenedResult, open_result, preview
from batchtui.results.query import EVERYTHING, Query
from batchtui.results.row import US, Flag, ResultRow, parse_more_usage
from batchtui.results.sealing import is_unchanged

PREVIEW_BYTES = 4 * 1024 * 1024
"""Longer lines get no preview: reading them takes longer than painting a screen may."""
ROWS_AT_ONCE = 500
FACETS = ("outcome", "error_type", "model", "stop_reason", "flag")


PROMPT_STEP = 1000
"""Prompts are summed up by thousands of tokens: where long ones cost more, a whole thousand is the limit."""
_PROMPT = "(input_tokens + cache_write_tokens + cache_read_tokens)"
_TOKENS = ", ".join(
    # TOTAL, since SUM fails where a made-up number is too large.
    f"TOTAL({column})"
    for column in (
        "input_tokens",
        "output_tokens",
        "MAX(cache_write_tokens - cache_write_1h_tokens, 0)",
        "cache_write_1h_tokens",
        "cache_read_tokens",
        "web_searches",
    )
)
"""The columns as `Tokens` has them."""
_BILLED = f"(model <> '' OR outcome = 'succeeded') AND flag IS NOT '{Flag.DUPLICATE}'"


class Results:
    """The results of one batch as they are on this disk.

    Until a `Fetcher` has made the index it is as if there were no results.

    Args:
        files: The batch's files.
    """

    def __init__(self, files: ResultFiles) -> None:
        self.files = files
        self._connections = Connections(files)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Closes the files for all threads; none of them may be reading."""
        self._connections.close()

    # All of them

    @property
    def rows_here(self) -> int:
        """How many results are here."""
        connection = self._connections.get()
        return row_count(connection.db) if connection else 0

    @property
    def is_whole(self) -> bool:
        """Whether all results of the batch are here, and known to the index."""
        try:
            return is_unchanged(self.files) and 0 < self.rows_here == self.state.sealed_rows
        except FileNotFoundError:
            return False

    @property
    def state(self) -> FileState:
        """How far the file is known: its size in all, what is expected, and more."""
        connection = self._connections.get()
        return file_state(connection.db) if connection else FileState()

    def view(self, query: Query = EVERYTHING) -> View:
        """The results that a query finds, as they are now."""
        return View(self, query)

    def numbers(self, query: Query = EVERYTHING, start: int = 0) -> Sequence[int]:
        """The numbers of the rows that a query finds, in its order; 4 bytes each, or none for everything.

        Args:
            query: Which results.
            start: Only rows from this one on; for what came since.
        """
        if query.is_everything:
            return range(start, self.rows_here)
        connection = self._connections.get()
        if connection is None:
            return ()
        where, values = query.where
        # Straight from the cursor: a list of a million tuples would take 60 MB on the way.
        found = connection.db.execute(
            f"SELECT n FROM rows WHERE n >= ? AND {where} ORDER BY {query.order}", (start, *values)
        )
        return array("I", chain.from_iterable(found))

    def custom_ids(self) -> list[str]:
        """The custom_ids of all results, by row number."""
        return [row[0] for row in self._select("SELECT custom_id FROM rows ORDER BY n", ())]

    def counts(self, facet: str, query: Query = EVERYTHING) -> dict[str, int]:
        """How many results have which value, most frequent first.

        Args:
            facet: One of `outcome`, `error_type`, `model`, `stop_reason`, `flag`.
            query: Which results.
        """
        if facet not in FACETS:
            raise ValueError(f"{facet} is none of {', '.join(FACETS)}")
        where, values = query.where
        return dict(
            self._select(
                f"SELECT {facet}, COUNT(*) FROM rows WHERE {where} AND {facet} <> '' "
                "GROUP BY 1 ORDER BY 2 DESC, 1",
                values,
            )
        )

    def usage(self, query: Query = EVERYTHING) -> list[Usage]:
        """What was used, by model and length of prompt; a reply that could not be read has no model.

        A result that came twice was billed once. Requests without a reply are not billed.
        """
        where, values = query.where
        found = self._select(
            f"SELECT model, {_TOKENS}, MAX({_PROMPT}), inference_geo = '{US}' FROM rows "
            f"WHERE {where} AND {_BILLED} "
            f"GROUP BY model, ({_PROMPT} + {PROMPT_STEP - 1}) / {PROMPT_STEP}, inference_geo = '{US}'",
            values,
        )
        more = self._select(
            f"SELECT more_usage, inference_geo = '{US}' FROM rows "
            f"WHERE more_usage <> '' AND {where} AND {_BILLED}",
            values,
        )
        return [
            *(
                Usage(model, Tokens(*map(int, tokens)), prompt, bool(is_us))
                for model, *tokens, prompt, is_us in found
            ),
            *(usage for text, is_us in more for usage in parse_more_usage(text, is_us=bool(is_us))),
        ]

    def errors(self, query: Query = EVERYTHING) -> list[ErrorGroup]:
        """What is no reply, like ones in one group, largest group first."""
        where, values = query.where
        found = self._select(
            "SELECT outcome, error_type, fold(error_message), flag, COUNT(*), MIN(n), error_message "
            f"FROM rows WHERE {where} AND outcome <> 'succeeded' "
            "GROUP BY 1, 2, 3, 4 ORDER BY 5 DESC, 6",
            values,
        )
        return [ErrorGroup(*row) for row in found]

    # One of them

    def row(self, n: int) -> ResultRow:
        """One row.

        Raises:
            LookupError: It is not here (yet).
        """
        found = self.select_rows("n = ?", (n,))
        if not found:
            raise LookupError(f"result {n} of {self.files.batch_id} is not here")
        return found[0]

    def find(self, custom_id: str) -> ResultRow | None:
        """The first result for a request; at once when all is here, else after looking through the rows."""
        found = self.select_rows("custom_id = ? ORDER BY n LIMIT 1", (custom_id,))
        return found[0] if found else None

    def raw(self, row: ResultRow) -> bytes:
        """A line as it came, without its newline."""
        return self.read(row.offset, row.length)

    def parse(self, row: ResultRow) -> Any:  # noqa: ANN401 - any JSON value
        """The value of a line, tolerantly read.

        Raises:
            ValueError: It is not JSON.
        """
        return loose.loads(self.raw(row))

    def open(self, row: ResultRow) -> OpenedResult:
        """A result for reading."""
        return open_result(self.raw(row))

    def preview(self, row: ResultRow) -> str:
        """The beginning of what a result says, raw: clean it to show it."""
        if row.error_message or row.length > PREVIEW_BYTES:
            return row.error_message
        return preview(self.raw(row))

    # Many of them

    def rows_at(self, numbers: Sequence[int]) -> list[ResultRow]:
        """The rows of these numbers, in their order; those that are not here are left out.

        Args:
            numbers: Any range, or at most some thousands of numbers.
        """
        if isinstance(numbers, range) and numbers.step == 1:
            return self.select_rows("n >= ? AND n < ? ORDER BY n", (numbers.start, numbers.stop))
        marks = ", ".join("?" * len(numbers))
        found = {row.n: row for row in self.select_rows(f"n IN ({marks})", numbers)}
        return [found[n] for n in numbers if n in found]

    def each(self, numbers: Sequence[int]) -> Iterator[ResultRow]:
        """The rows of these numbers, however many, in their order."""
        for start in range(0, len(numbers), ROWS_AT_ONCE):
            yield from self.rows_at(numbers[start : start + ROWS_AT_ONCE])

    def rows_within(self, start: int, stop: int) -> list[ResultRow]:
        """The rows that start at the bytes from `start` up to `stop`."""
        connection = self._connections.get()
        if connection is None:
            return []
        look_up = partial(_offset, connection.db)
        numbers = range(row_count(connection.db))
        first = bisect_left(numbers, start, key=look_up)
        return self.rows_at(numbers[first : bisect_left(numbers, stop, lo=first, key=look_up)])

    # For this room

    def select_rows(self, condition: str, values: Sequence[object] = ()) -> list[ResultRow]:
        """The rows that meet an SQL condition."""
        found = self._select(f"SELECT {COLUMNS} FROM rows WHERE {condition}", values)
        return [ResultRow._make(row) for row in found]

    def read(self, offset: int, length: int) -> bytes:
        """Bytes of the results file; fewer where it ends."""
        connection = self._connections.get()
        return os.pread(connection.data, length, offset) if connection else b""

    def _select(self, sql: str, values: Sequence[object]) -> list[Any]:
        connection = self._connections.get()
        return connection.db.execute(sql, values).fetchall() if connection else []


def _offset(db: sqlite3.Connection, n: int) -> int:
    found = db.execute("SELECT offset FROM rows WHERE n = ?", (n,)).fetchone()
    return int(found[0]) if found else sys.maxsize


class View:
    """The results that a query finds, in its order. It changes only when it is refreshed.

    Args:
        results: Where to look.
        query: What to find.
    """

    def __init__(self, results: Results, query: Query = EVERYTHING) -> None:
        self.results = results
        self.query = query
        self._seen: tuple[int, int] | None = None
        self._numbers: Sequence[int] = ()
        self.refresh()

    def __len__(self) -> int:
        return len(self._numbers)

    @property
    def numbers(self) -> Sequence[int]:
        """The numbers of the rows, in order."""
        return self._numbers

    def refresh(self) -> int:
        """Takes in what came since, and answers how many there are now."""
        now = self.results.rows_here, self.results.state.sealed_rows
        if now != self._seen:
            self._seen, self._numbers = now, self.results.numbers(self.query)
        return len(self._numbers)

    def rows(self, start: int, stop: int) -> list[ResultRow]:
        """The rows at places `start` to `stop` of this view; equally quick at any place.

        Rows that have gone since, because the server sent other results, are left out.
        """
        return self.results.rows_at(self._numbers[start:stop])

    def place(self, n: int) -> int | None:
        """Where row `n` is in this view, or None if it is not."""
        try:
            return self._numbers.index(n)
        except ValueError:
            return None
