"""Attaches a request file to a batch that was created elsewhere, or whose response was lost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from batchtui.submissions.errors import SubmissionError
from batchtui.submissions.preparing import Prepared
from batchtui.submissions.records import Part, PartState, Submission
from batchtui.submissions.request_store import RequestStore
from batchtui.text import count, plural


@dataclass(frozen=True, slots=True)
class Attached:
    """How an attached file matches its batch.

    Attributes:
        requests: Requests in the file, or in the part of it that is this batch.
        missing: custom_ids of the batch's results that the file does not have.
        extra: custom_ids of the file that the batch has no results for.
        compared: Whether there were results to compare.
        replaced: The file that was attached before; empty if there was none.
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
        """Return how many of a batch's requests the file has, as far as it is known."""
        return self.requests - len(self.extra) if self.compared else min(self.requests, requests)


class Attachment:
    """Attaches files to one batch.

    Args:
        store: The stored requests.
        batch_id: The batch.
        requests: Number of its requests.
        result_ids: The custom_ids of all its results, if it has results.
    """

    def __init__(
        self, store: RequestStore, batch_id: str, requests: int, result_ids: Sequence[str] | None
    ) -> None:
        self._store = store
        self._journal = store.journal
        self._batch_id = batch_id
        self._requests = requests
        self._result_ids = result_ids

    def attach(self, prepared: Prepared) -> Attached:
        """Attach a file in place of the one attached before.

        Raises:
            SubmissionError: batchtui submitted the batch, the file does not match, several parts of it match,
                or the file attached before has more of the batch's requests.
        """
        before = self._journal.part_of(self._batch_id)
        if before and not before.is_attached:
            raise SubmissionError(f"batchtui submitted {self._batch_id}. Its requests are stored already.")
        identical = {one.id for one in self._journal.identical(prepared.digest, prepared.size)}
        undone = ""
        if before and before.submission in identical:
            attached = self._compare(list(prepared.file.custom_ids(before.span)))
            if attached.fits:
                self._journal.detach(self._batch_id, keep=before.submission)
                self._journal.restore_requests(self._journal.submission(before.submission), prepared)
                return attached
            self._journal.detach(self._batch_id)
            before, undone = None, " It was attached before and is now detached."
        unrecorded = self._unrecorded(prepared)
        lost = self._lost_part(prepared, identical, unrecorded)
        span = lost.span if lost else prepared.span
        attached = self._compare(list(prepared.file.custom_ids(span)))
        if not attached.fits:
            raise SubmissionError(
                f"No matching custom_ids in {prepared.source} and {self._batch_id}. Not attached.{undone}"
            )
        replaced = self._replaced(before, attached, prepared) if before else ""
        if lost:
            if lost.submission in unrecorded:
                self._journal.record_again(unrecorded[lost.submission])
            self._journal.note_attached(lost, self._batch_id)
        else:
            self._journal.attach(self._batch_id, prepared, span)
        return replace(attached, replaced=replaced)

    def _replaced(self, before: Part, attached: Attached, prepared: Prepared) -> str:
        """Return the file that was attached before.

        Raises:
            SubmissionError: It has more of the batch's requests than the new one.
        """
        source = self._journal.submission(before.submission).source
        file = self._store.file(before.submission)
        if not file.data.exists():
            return source
        had = self._compare(list(file.custom_ids(before.span))).covered(self._requests)
        covered = attached.covered(self._requests)
        if covered < had:
            of = plural(self._requests, "request", "requests")
            raise SubmissionError(
                f"{prepared.source} has {count(covered)} of {of} of {self._batch_id}; the attached {source} "
                f"has {count(had)}. Attach a file that has all of them."
            )
        return source

    def _unrecorded(self, prepared: Prepared) -> dict[str, Submission]:
        """Return unrecorded submissions of a file of several parts by id; any part may have been sent."""
        if len(prepared.parts) < 2:
            return {}
        identical = self._journal.identical(prepared.digest, prepared.size)
        return {one.id: _maybe_sent(one, prepared) for one in identical if one.is_unrecorded}

    def _lost_part(
        self, prepared: Prepared, identical: set[str], unrecorded: dict[str, Submission]
    ) -> Part | None:
        """Return the part with these requests whose response or record was lost, if it matches the batch.

        Raises:
            SubmissionError: Several parts match.
        """
        parts = [part for one in unrecorded.values() for part in one.parts]
        found = [
            part
            for part in (*self._journal.unknown_attempts(), *parts)
            if part.submission in identical
            and part.span.requests == self._requests
            and self._compare(list(prepared.file.custom_ids(part.span))).fits
        ]
        if len({part.span for part in found}) > 1:
            raise SubmissionError(
                f"Several parts of {prepared.source} match {self._batch_id}. "
                "Attach it when the batch has results to compare."
            )
        lost = [*self._journal.lost_parts(), *parts]
        return next((part for part in found if part in lost), None)

    def _compare(self, custom_ids: Sequence[str]) -> Attached:
        if self._result_ids is None:
            return Attached(len(custom_ids), [], [], compared=False)
        ours, theirs = dict.fromkeys(custom_ids), dict.fromkeys(self._result_ids)
        missing = [custom_id for custom_id in theirs if custom_id not in ours]
        extra = [custom_id for custom_id in ours if custom_id not in theirs]
        return Attached(len(custom_ids), missing, extra, compared=True)


def _maybe_sent(unrecorded: Submission, prepared: Prepared) -> Submission:
    parts = [
        Part(unrecorded.id, number, span, PartState.ABSENT, is_unrecorded=True)
        for number, span in enumerate(prepared.parts)
    ]
    return replace(unrecorded, digest=prepared.digest, requests=prepared.requests, parts=parts)
