"""Finds the failed requests of a batch that can be submitted again."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from batchtui.submissions.lineage import Lineage
from batchtui.submissions.parsing import Item
from batchtui.submissions.preparing import Prepared, prepare_items
from batchtui.submissions.request_store import RequestStore, StoredRequests
from batchtui.text import plural

if TYPE_CHECKING:
    from batchtui.results import ResultRow, Results

FAILED = ("errored", "expired", "canceled")
"""Outcomes that may be resubmitted."""


@dataclass(slots=True)
class Failures:
    """The failed requests of a batch.

    Attributes:
        resubmittable: custom_ids to submit again.
        invalid: custom_ids of requests that would fail again, each with its error message.
        already_resubmitted: custom_ids that a later batch has, by that batch's id.
        missing: custom_ids whose requests are not stored locally.
        needs_account: Number of `resubmittable` requests that failed for lack of credit or permission.
    """

    resubmittable: list[str] = field(default_factory=list)
    invalid: list[tuple[str, str]] = field(default_factory=list)
    already_resubmitted: dict[str, list[str]] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)
    needs_account: int = 0

    @property
    def notes(self) -> list[str]:
        """What the user should know before submitting, a sentence or two each."""
        notes = []
        if self.invalid:
            notes.append(f"Skipped {_requests(len(self.invalid))} that would fail again. Fix them first.")
        if self.needs_account:
            number = _requests(self.needs_account)
            notes.append(f"{number} failed for lack of credit or permission. Fix that first.")
        for child, custom_ids in self.already_resubmitted.items():
            notes.append(f"Skipped {_requests(len(custom_ids))} already resubmitted as {child}.")
        if self.missing:
            notes.append(f"Skipped {_requests(len(self.missing))} missing from the local store.")
        return notes


class Resubmission:
    """Selects and prepares failed requests of one batch.

    Args:
        store: The stored requests.
        batch_id: The batch.
        corrected: Requests that replace stored ones.
    """

    def __init__(self, store: RequestStore, batch_id: str, corrected: Prepared | None) -> None:
        self._store = store
        self._batch_id = batch_id
        self._is_corrected = corrected is not None
        stored = store.of_batch(batch_id)
        first = [StoredRequests(corrected.file, corrected.span)] if corrected else []
        self._sources = [*first, *([stored] if stored else [])]
        """Where to get requests from, best first."""

    def failures(
        self,
        results: Results,
        outcomes: Iterable[str],
        custom_ids: Iterable[str] | None,
        *,
        include_invalid: bool,
    ) -> Failures:
        """Return the failed requests; arguments as for `Submissions.failures`."""
        from batchtui.results import advice

        selected = None if custom_ids is None else set(custom_ids)
        taken = self._already_resubmitted()
        available = {custom_id for source in self._sources for custom_id in source.custom_ids()}
        failures, invalid = Failures(), dict[str, str]()
        for row in _failed_rows(results, outcomes):
            custom_id, advised = row.custom_id, advice(row.outcome, row.error_type, row.error_message)
            if selected is not None and custom_id not in selected:
                continue
            if custom_id in taken:
                failures.already_resubmitted.setdefault(taken[custom_id], []).append(custom_id)
            elif custom_id not in available:
                failures.missing.append(custom_id)
            elif advised.needs_fix and not include_invalid:
                invalid[custom_id] = row.error_message
            else:
                failures.resubmittable.append(custom_id)
                failures.needs_account += advised.needs_account
        changed = self._changed(invalid) if self._is_corrected else set()
        failures.resubmittable += [custom_id for custom_id in invalid if custom_id in changed]
        failures.invalid = [item for item in invalid.items() if item[0] not in changed]
        return failures

    def prepare(self, custom_ids: Sequence[str], folder: Path) -> Prepared:
        """Copy requests to a new draft."""
        items = (Item(number, raw) for number, raw in enumerate(self._requests(custom_ids), 1))
        return prepare_items(items, folder, source=f"failed requests of {self._batch_id}")

    def _requests(self, custom_ids: Sequence[str]) -> Iterator[bytes]:
        left = dict.fromkeys(custom_ids)
        for file, span in self._sources:
            for custom_id, raw in file.lines(list(left), span):
                del left[custom_id]
                yield raw

    def _already_resubmitted(self) -> dict[str, str]:
        children = [] if self._store.is_empty else Lineage(self._store.journal).children(self._batch_id)
        stored = ((child, self._store.of_batch(child)) for child in children)
        return {custom_id: child for child, found in stored if found for custom_id in found.custom_ids()}

    def _changed(self, custom_ids: Iterable[str]) -> set[str]:
        """Return which requests differ between the corrected file and the stored ones."""
        (corrected, its_span), (stored, stored_span) = self._sources[0], self._sources[-1]
        before = {custom_id: json.loads(raw) for custom_id, raw in stored.lines(custom_ids, stored_span)}
        now = corrected.lines(custom_ids, its_span)
        return {custom_id for custom_id, raw in now if json.loads(raw) != before.get(custom_id)}


def _requests(number: int) -> str:
    return plural(number, "request", "requests")


def _failed_rows(results: Results, outcomes: Iterable[str]) -> Iterator[ResultRow]:
    from batchtui.results import Flag, Query

    for outcome in outcomes:
        rows = results.each(results.numbers(Query(outcome=outcome)))
        yield from (row for row in rows if row.flag is not Flag.DUPLICATE)
