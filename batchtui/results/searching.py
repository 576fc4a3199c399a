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
    is_cancelled: Callable[[], bool] = lambda: False,
) -> Iterator[Hit]:
    """Yields every result that matches, in the order of the file, each as it is found.

    It sees what is here when it comes there; to go on when more has come, start behind the last row.

    Args:
        results: Where to look.
        pattern: What to find.
        start: The row to start at, from 0.
        is_cancelled: Asked every millisecond or so.
    """
    candidates = _rows_with if pattern.anchors else _all_rows
    for row in candidates(results, pattern, start, is_cancelled):
        hit = _look(results, pattern, row)
        if hit:
            yield hit
        if is_cancelled():
            return


def _rows_with(
    results: Results, pattern: Pattern, start: int, is_cancelled: Callable[[], bool]
) -> Iterator[ResultRow]:
    """The rows that hold an anchor. Looking for it in whole chunks is what makes search fast."""
    first = results.rows_at(range(start, start + 1))
    position = first[0].offset if first else results.state.covered
    while position < results.state.covered and not is_cancelled():
        chunk = results.read(position, CHUNK_BYTES)
        end = chunk.rfind(b"\n") + 1
        if not end:
            rows = results.rows_within(position, position + 1)
            yield from rows
            position = rows[0].offset + rows[0].length + 1 if rows else results.state.covered
            continue
        text = chunk if pattern.match_case else chunk.lower()
        if _holds(text, pattern.anchors, 0, end):
            for row in results.rows_within(position, position + end):
                start = row.offset - position
                if _holds(text, pattern.anchors, start, start + row.length):
                    yield row
        position += end


def _holds(text: bytes, anchors: tuple[bytes, ...], start: int, stop: int) -> bool:
    for anchor in anchors:  # noqa: SIM110 - a generator takes three times as long
        if text.find(anchor, start, stop) >= 0:
            return True
    return False


def _all_rows(
    results: Results, _: Pattern, start: int, is_cancelled: Callable[[], bool]
) -> Iterator[ResultRow]:
    while (rows := results.rows_at(range(start, start + REGEX_ROWS))) and not is_cancelled():
        yield from rows
        start += REGEX_ROWS


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
