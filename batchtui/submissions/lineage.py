"""Relations between batches: the parts of a submission, and batches that were resubmitted."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from batchtui.submissions.journal import Journal


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a batch came from, and which batches resubmit its requests.

    Attributes:
        source: The request file, or a description; empty if batchtui did not submit the batch.
        parent: The batch whose failed requests these are, if any.
        part: Number of its part of the submission, from 0.
        parts: Number of parts of the submission.
        again: Batches that resubmit its failed requests, oldest first.
    """

    source: str
    parent: str | None
    part: int
    parts: int
    again: Sequence[str]


class Lineage:
    """Relations of batches, as the journal has them."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    def origin(self, batch_id: str) -> Origin | None:
        """Return where a batch came from, if batchtui submitted it or resubmitted its requests."""
        submission, children = self._journal.submission_of(batch_id), self.children(batch_id)
        if submission is None:
            return Origin("", None, 0, 1, children) if children else None
        number = next(part.number for part in submission.parts if part.batch_id == batch_id)
        return Origin(submission.source, submission.parent, number, len(submission.parts), children)

    def children(self, batch_id: str) -> list[str]:
        """Return the batches that resubmit requests of a batch, oldest first."""
        return [child for one in self._journal.children(batch_id) for child in one.batch_ids]

    def family(self, batch_id: str) -> tuple[list[str], list[str]]:
        """Return all batches related to a batch, itself included.

        Returns:
            The parts of the original submission, and the resubmitted batches, each oldest first.
        """
        originals: dict[str, tuple[float, int]] = {}
        resubmitted: dict[str, tuple[float, int]] = {}
        queue = [batch_id]
        while queue:
            current = queue.pop()
            if current in originals or current in resubmitted:
                continue
            submission = self._journal.submission_of(current)
            if submission is None:
                originals[current] = 0.0, 0
            else:
                group = resubmitted if submission.parent else originals
                group[current] = submission.created_at, submission.batch_ids.index(current)
                queue += [*submission.batch_ids, *filter(None, [submission.parent])]
            queue += self.children(current)
        return sorted(originals, key=originals.__getitem__), sorted(resubmitted, key=resubmitted.__getitem__)

    def unconfirmed(self, batch_id: str) -> list[str]:
        """Return batches that probably belong to the family of a batch."""
        found = set[str]()
        for member in itertools.chain(*self.family(batch_id)):
            submission = self._journal.submission_of(member)
            for related in (*([submission] if submission else []), *self._journal.children(member)):
                found.update(part.candidate for part in related.parts if part.candidate)
        return sorted(found)
