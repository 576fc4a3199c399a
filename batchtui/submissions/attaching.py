"""Ties a batch to the requests that a person says it came from; what was said wrongly can be said again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from batchtui.submissions.journal import Journal
from batchtui.submissions.preparing import Prepared
from batchtui.submissions.records import Part
from batchtui.submissions.request_store import KeptRequests
from batchtui.text import count, plural


class NotAttached(Exception):
    """A file was not attached to a batch; one sentence or two, with what to do."""


@dataclass(frozen=True, slots=True)
class Attached:
    """How a file of requests fits the batch that it was tied to.

    Attributes:
        requests: Requests in the file, or in the part of it that has become this batch.
        missing: custom_ids that the batch has results for and the file does not have.
        extra: custom_ids that the file has and the batch has no results for.
        compared: Whether the results are here, so that ids could be compared.
        replaced: The file that was attached before and is not any more; empty if there was none.
    """

    requests: int
    missing: list[str]
    extra: list[str]
    compared: bool
    replaced: str = ""

    @property
    def fits(self) -> bool:
        """Whether the batch may have come from these requests."""
        return not self.compared or len(self.extra) < self.requests

    def covered(self, requests: int) -> int:
        """Return how many requests of a batch these are, as far as it is known.

        Args:
            requests: How many the batch has.
        """
        return self.requests - len(self.extra) if self.compared else min(self.requests, requests)


class Attaching:
    """Attaches files to one batch.

    Args:
        journal: Where it is written down.
        folder: Where requests are kept.
        batch_id: The batch.
        requests: How many it has.
        results: The custom_ids of its results, if all of them are known.
    """

    def __init__(
        self, journal: Journal, folder: Path, batch_id: str, requests: int, results: Sequence[str] | None
    ) -> None:
        self._journal = journal
        self._folder = folder
        self._batch_id = batch_id
        self._requests = requests
        self._results = results

    def attach(self, prepared: Prepared) -> Attached:
        """Attach a file in place of the one that was attached before, if there was one.

        Raises:
            NotAttached: The batch was submitted from here, came from other requests, may be one of several
                parts of the file, or the file has fewer of its requests than what was attached before.
        """
        before = self._journal.part_of(self._batch_id)
        if before and not before.is_attached:
            raise NotAttached(f"{self._batch_id} was submitted from here: its requests are kept already.")
        same = {one.id for one in self._journal.same(prepared.digest, prepared.size)}
        undone = ""
        if before and before.submission in same:
            attached = self._compare(list(prepared.kept.custom_ids(before.span)))
            if attached.fits:
                self._journal.detach(self._batch_id, but=before.submission)
                self._journal.restore_requests(self._journal.submission(before.submission), prepared)
                return attached
            self._journal.detach(self._batch_id)
            before, undone = None, " That it was attached before is undone."
        lost = self._lost_part(prepared, same)
        span = lost.span if lost else prepared.whole
        attached = self._compare(list(prepared.kept.custom_ids(span)))
        if not attached.fits:
            source = prepared.source
            raise NotAttached(
                f"{source} has no custom_id of {self._batch_id} and was not attached to it.{undone}"
            )
        replaced = self._may_replace(before, attached, prepared) if before else ""
        if lost:
            self._journal.note_attached(lost, self._batch_id)
        else:
            self._journal.attach(self._batch_id, prepared, span)
        return replace(attached, replaced=replaced)

    def _may_replace(self, before: Part, attached: Attached, prepared: Prepared) -> str:
        """Return the file that was attached before.

        Raises:
            NotAttached: It has more of the batch's requests than the new one.
        """
        source = self._journal.submission(before.submission).source
        kept = KeptRequests(self._folder, before.submission)
        if not kept.data.exists():
            return source
        has = self._compare(list(kept.custom_ids(before.span))).covered(self._requests)
        covered = attached.covered(self._requests)
        if covered < has:
            of = plural(self._requests, "request", "requests")
            raise NotAttached(
                f"{prepared.source} has {count(covered)} of {of} of {self._batch_id}; {source}, which was "
                f"attached before, has {count(has)}. Attach a file that has all of them."
            )
        return source

    def _lost_part(self, prepared: Prepared, same: set[str]) -> Part | None:
        """What was sent of these very requests without an answer, if it is as large as the batch and fits.

        Raises:
            NotAttached: Several parts fit.
        """
        found = [
            part
            for part in self._journal.unknown_attempts()
            if part.submission in same
            and part.span.requests == self._requests
            and self._compare(list(prepared.kept.custom_ids(part.span))).fits
        ]
        if len({part.span for part in found}) > 1:
            raise NotAttached(
                f"{self._batch_id} may be any of several parts of {prepared.source}. Attach it once it has "
                "results to compare."
            )
        lost = self._journal.lost_parts()
        return next((part for part in found if part in lost), None)

    def _compare(self, custom_ids: Sequence[str]) -> Attached:
        if self._results is None:
            return Attached(len(custom_ids), [], [], compared=False)
        ours, theirs = dict.fromkeys(custom_ids), dict.fromkeys(self._results)
        missing = [custom_id for custom_id in theirs if custom_id not in ours]
        extra = [custom_id for custom_id in ours if custom_id not in theirs]
        return Attached(len(custom_ids), missing, extra, compared=True)
