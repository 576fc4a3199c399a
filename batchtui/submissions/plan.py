"""What a submission would send and cost, as data that the command line and the screens show."""

from __future__ import annotations

import shlex
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Self

from batchtui.submissions.estimation import Estimate, estimate
from batchtui.submissions.preparing import Prepared
from batchtui.submissions.records import Submission
from batchtui.submissions.request_file import Load
from batchtui.submissions.validation import FileError
from batchtui.text import count, plural, shown_path, size


@dataclass(frozen=True)
class Plan:
    """A submission that is ready to be confirmed.

    As a context manager it removes its draft on exit, unless it was submitted.

    Attributes:
        prepared: The draft.
        parent: The batch whose failed requests these are, if any.
        identical: Submissions with the same content that were sent, or may have been, newest first.
        notes: What the user should know about skipped requests.
    """

    prepared: Prepared
    parent: str | None = None
    identical: Sequence[Submission] = ()
    notes: Sequence[str] = ()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.prepared.discard()

    @property
    def source(self) -> str:
        """The file, or a description of where the requests came from."""
        return self.prepared.source

    @property
    def requests(self) -> int:
        """Number of requests."""
        return self.prepared.requests

    @property
    def bytes(self) -> int:
        """Size of the requests."""
        return self.prepared.size

    @property
    def batches(self) -> int:
        """Number of batches to create."""
        return len(self.prepared.parts)

    @property
    def models(self) -> list[Load]:
        """Requests and tokens by model, most requests first."""
        return self.prepared.models()

    @property
    def errors(self) -> Sequence[FileError]:
        """Errors that prevent the submission; `prepared.error_count` also counts those that were not kept."""
        return self.prepared.errors

    @property
    def split_reason(self) -> str:
        """Why one batch cannot hold all requests; empty if it can."""
        return self.prepared.split_reason

    @cached_property
    def estimate(self) -> Estimate:
        """The estimated cost. Imports the price table, which takes 0.5 s."""
        return estimate(self.prepared.loads)

    @property
    def duplicate(self) -> Submission | None:
        """The newest identical submission, if nothing of it is left to send."""
        return self.identical[0] if self.identical and self.identical[0].is_complete else None

    @property
    def unfinished(self) -> Submission | None:
        """The newest identical submission, if submitting resumes it."""
        return self.identical[0] if self.identical and not self.identical[0].is_complete else None

    @property
    def submission_id(self) -> str:
        """Id that the submission has once it was started."""
        return self.unfinished.id if self.unfinished else self.prepared.file.name

    # Text that the command line and the screens share

    @property
    def requests_text(self) -> str:
        """Number of requests, and of batches if there are several."""
        requests = plural(self.requests, "request", "requests")
        return requests if self.batches == 1 else f"{requests} as {count(self.batches)} batches"

    @property
    def size_text(self) -> str:
        """Number of requests and their size."""
        return f"{plural(self.requests, 'request', 'requests')}, {size(self.bytes)}"

    @property
    def model_lines(self) -> list[str]:
        """A line for each model."""
        return [
            f"{load.model}: {plural(load.requests, 'request', 'requests')}, "
            f"about {count(load.input_tokens)} tokens in, at most {count(load.max_tokens)} out"
            for load in self.models
        ]

    @property
    def errors_text(self) -> str:
        """Number of errors in the file."""
        total = self.prepared.error_count
        listed = len(self.errors)
        more = "" if total == listed else f" (first {count(listed)} listed)"
        return (
            f"{plural(total, 'error', 'errors')}{more} in {shown_path(Path(self.source))}. Nothing was sent."
        )

    @property
    def identical_text(self) -> str:
        """When identical requests were submitted, and what submitting does now; empty if they were not."""
        if not self.identical:
            return ""
        newest = self.identical[0]
        date = time.strftime("%Y-%m-%d %H:%M", time.localtime(newest.created_at))
        if newest.is_unrecorded:
            file = shlex.quote(newest.source)
            return (
                f"Identical requests may have been submitted on {date}: the record was lost. "
                f"If `batchtui list` shows their batch, run `batchtui attach ID {file}`."
            )
        if newest.is_complete:
            return f"Identical requests were submitted on {date} as {_some(newest.batch_ids)}."
        created = f"{len(newest.batch_ids)} of {plural(len(newest.parts), 'batch', 'batches')} created"
        return f"The same submission was started on {date}, {created}. Submitting resumes it."


def _some(ids: Sequence[str], shown: int = 20) -> str:
    """Return the first ids, and the number of the others."""
    more = f" and {count(len(ids) - shown)} more" if len(ids) > shown else ""
    return ", ".join(ids[:shown]) + more
