"""A batch and what was submitted again of it, read as one: the latest outcome for each custom_id."""

from __future__ import annotations

from array import array
from collections.abc import Sequence

from batchtui.results.query import EVERYTHING, Query
from batchtui.results.reader import Results
from batchtui.results.row import Flag

Chosen = tuple[Results, Sequence[int]]
"""Some results of one batch, by their row numbers."""


def merge(first: Sequence[Results], again: Sequence[Results], query: Query = EVERYTHING) -> list[Chosen]:
    """Chooses, for each custom_id, the results of the newest batch that has it.

    Args:
        first: Batches that share no custom_id, such as the parts of one submission.
        again: Batches of what was submitted again, oldest first.
        query: Which of the results that are left to choose.
    """
    overtaken: set[str] = set()
    chosen: list[Chosen] = []
    for results in reversed(again):
        chosen.append((results, _left(results, query, overtaken)))
        overtaken.update(filter(None, results.custom_ids()))  # lines without one stand for themselves
    chosen += [(results, _left(results, query, overtaken)) for results in reversed(first)]
    return chosen[::-1]


def _left(results: Results, query: Query, overtaken: set[str]) -> Sequence[int]:
    """What a query finds, without what a newer batch has too and what the file has twice."""
    twice = set(results.numbers(Query(flag=Flag.DUPLICATE)))
    if not overtaken and not twice:
        return results.numbers(query)
    by_number = results.custom_ids()
    found = results.numbers(query)
    return array("I", (n for n in found if by_number[n] not in overtaken and n not in twice))
