"""The list of batches: its filter finds what its columns show, and its counts add up."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest

from batchtui.cache import Batch, Counts
from batchtui.tui.format.batch import (
    COLUMNS,
    FILTER_TERMS,
    STATUSES,
    Price,
    matching,
    price_words,
    row_cells,
    status_of,
    unknown_terms,
)

ENDED = Batch(
    id="msgbatch_0",
    status="ended",
    counts=Counts(0, 1, 0, 0, 0),
    created_at=0.0,
    expires_at=86_400.0,
    ended_at=60.0,
    cancel_initiated_at=None,
    archived_at=None,
    has_results_url=True,
    seen_at=60.0,
)
ENDED_COUNTS = [Counts(0, *counts) for counts in product((0, 2, 5), repeat=4) if sum(counts)]
BATCHES = [
    replace(ENDED, status="in_progress", counts=Counts(5, 0, 0, 0, 0), ended_at=None),
    replace(ENDED, status="canceling", counts=Counts(5, 0, 0, 1, 0), ended_at=None),
    replace(ENDED, archived_at=9e6, counts=Counts(0, 1, 0, 4, 0)),
    replace(ENDED, gone_at=9e6),
    *(replace(ENDED, counts=counts) for counts in ENDED_COUNTS),
]


@pytest.mark.parametrize("status", STATUSES)
def test_a_status_in_the_filter_finds_what_the_status_column_shows(status: str) -> None:
    shown = [batch for batch in BATCHES if status_of(batch).words == status.replace("_", " ")]
    assert shown
    assert matching(BATCHES, f"status:{status}") == shown
    assert not unknown_terms(f"status:{status}")


def test_every_status_that_the_column_shows_is_among_the_terms() -> None:
    terms = [term for term, _ in FILTER_TERMS]
    assert {f"status:{status_of(batch).words.replace(' ', '_')}" for batch in BATCHES} <= set(terms)
    assert unknown_terms("status:running") == ["status:running"]


def test_a_batch_is_canceled_if_any_of_its_requests_was() -> None:
    ended = [batch for batch in BATCHES if status_of(batch).words in ("ended", "canceled")]
    assert matching(ended, "status:canceled") == [batch for batch in ended if batch.counts.canceled]


def test_err_counts_all_that_did_not_succeed_and_has_errors_finds_it() -> None:
    names = [column.title for column in COLUMNS]
    for batch in BATCHES:
        cells = dict(zip(names, (cell.text for cell in row_cells(batch, 0.0)), strict=True))
        requests, ok, err = (int(cells[name].replace("·", "0")) for name in ("requests", "ok", "err"))
        assert requests == ok + err + batch.counts.processing
        assert bool(matching([batch], "has:errors")) is bool(err)


def test_ended_batch_shows_its_estimate_in_list_and_detail() -> None:
    price = Price("≤ $0.0023", "at most $0.0023, an estimate", is_actual=False)
    assert row_cells(ENDED, 90.0, price)[-1].text == "≤ $0.0023"
    assert price_words(ENDED, price, is_saved=False) == f"{price.words}, open the results to know"
