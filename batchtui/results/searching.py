"""Finds text in results: what a person reads, whether the server escaped it or not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from batchtui.results.message import open_result
from batchtui.results.pattern import Pattern
from batchtui.results.reader import Results
from batchtui.results.row import ResultRow

CHUNK_BYTES = 256 * 1024
"""Small, because other threads wait while Python looks through one."""
LONG_BYTES = 4 * 1024 * 1024
"""Longer lines are searched piece by piece as they were sent, not taken apart."""
OVERLAP_BYTES = 4096
EXCERPT_CHARS = 60
REGEX_ROWS = 100


@dataclass(frozen=True, slots=True)
class Hit:
    """A result that matches.

    Attributes:
        row: The result.
        where: The place of its first match: `custom_id`, `error`, a block's type, `citation` or `line`.
        excerpt: Some text around it, raw: clean it to show it.
        start: Where the match starts in the excerpt, in characters.
        stop: Where it stops.
    """

    row: ResultRow
    where: str
    excerpt: str
    start: int
    stop: int


def search(
    results: Results,
    pattern: Pattern,
    *,
    start: int = 0,
    stop: int | None = None,
    is_cancelled: Callable[[], bool] = lambda: False,
) -> Iterator[Hit]:
    """Yields every result that matches, in the order of the file, each as it is found.

    Args:
        results: Where to look.
        pattern: What to find.
        start: The first row to look at, from 0.
        stop: The row to stop before; by default as far as rows are here now. To go on when more have
            come, start there.
        is_cancelled: Asked every millisecond or so.
    """
    rows = range(start, results.rows_here if stop is None else min(stop, results.rows_here))
    candidates = _rows_with if pattern.anchors else _all_rows
    for row in candidates(results, pattern, rows, is_cancelled):
        hit = _look(results, pattern, row)
        if hit:
            yield hit
        if is_cancelled():
            return


def _rows_with(
    results: Results, pattern: Pattern, rows: range, is_cancelled: Callable[[], bool]
) -> Iterator[ResultRow]:
    """The rows that hold an anchor. Looking for it in whole chunks is what makes search fast."""
    edges = results.rows_at(rows[:1]) + results.rows_at(rows[-1:])
    if not edges:
        return
    position, end = edges[0].offset, edges[-1].offset + edges[-1].length
    while position < end and not is_cancelled():
        chunk = results.read(position, min(CHUNK_BYTES, end - position))
        length = chunk.rfind(b"\n") + 1
        if not length:  # a line that is longer than a chunk, or the last one
            for row in results.rows_within(position, position + 1):
                yield row
                length = row.length + 1
        else:
            yield from _rows_in_chunk(results, pattern, position, chunk[:length])
        position += length or len(chunk)


def _rows_in_chunk(results: Results, pattern: Pattern, position: int, chunk: bytes) -> Iterator[ResultRow]:
    text = chunk if pattern.match_case else chunk.lower()
    if _holds(text, pattern.anchors, 0, len(text)):
        for row in results.rows_within(position, position + len(text)):
            start = row.offset - position
            if _holds(text, pattern.anchors, start, start + row.length):
                yield row


def _holds(text: bytes, anchors: tuple[bytes, ...], start: int, stop: int) -> bool:
    for anchor in anchors:  # noqa: SIM110 - a generator takes three times as long
        if text.find(anchor, start, stop) >= 0:
            return True
    return False


def _all_rows(
    results: Results, _: Pattern, rows: range, is_cancelled: Callable[[], bool]
) -> Iterator[ResultRow]:
    for first in range(0, len(rows), REGEX_ROWS):
        if not is_cancelled():
            yield from results.rows_at(rows[first : first + REGEX_ROWS])


def _look(results: Results, pattern: Pattern, row: ResultRow) -> Hit | None:
    if row.length > LONG_BYTES:
        return _look_at_pieces(results, pattern, row)
    for where, text in open_result(results.raw(row)).texts:
        span = pattern.find(text)
        if span:
            return _hit(row, where, text, *span)
    return None


def _look_at_pieces(results: Results, pattern: Pattern, row: ResultRow) -> Hit | None:
    for offset in range(0, row.length, CHUNK_BYTES):
        length = min(CHUNK_BYTES + OVERLAP_BYTES, row.length - offset)
        text = results.read(row.offset + offset, length).decode("utf-8", "replace")
        span = pattern.find_raw(text)
        if span:
            return _hit(row, "line", text, *span)
    return None


def _hit(row: ResultRow, where: str, text: str, start: int, stop: int) -> Hit:
    begin = max(0, start - EXCERPT_CHARS)
    excerpt = text[begin : min(stop, start + 4 * EXCERPT_CHARS) + EXCERPT_CHARS]
    return Hit(row, where, excerpt, start - begin, min(stop - begin, len(excerpt)))
