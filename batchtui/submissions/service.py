"""The front door of the room: submits requests, and looks up those that were submitted."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from batchtui.config import ConfigError
from batchtui.submissions.attaching import Attached, Attachment
from batchtui.submissions.errors import UNREADABLE, JournalError, NotSubmitted, SubmissionError
from batchtui.submissions.estimation import Estimate, estimate
from batchtui.submissions.finder import APPEAR_SECONDS, LOOKUP_DELAYS, Finder, first_custom_ids
from batchtui.submissions.lineage import Lineage, Origin
from batchtui.submissions.plan import Plan
from batchtui.submissions.preparing import OnProgress, Prepared, prepare
from batchtui.submissions.records import Part, PartState, Submission
from batchtui.submissions.request_store import RequestStore
from batchtui.submissions.resubmission import FAILED, Failures, Resubmission
from batchtui.submissions.workflow import Workflow

if TYPE_CHECKING:
    from batchtui.api import BatchesClient, MessageBatch
    from batchtui.cache import Batch
    from batchtui.results import Results
    from batchtui.submissions.sender import OnEvent

T = TypeVar("T")


class Submissions:
    """The submissions of one workspace and their requests.

    Args:
        folder: Where they are stored; created on first use.
        client: Returns the API client.
        on_accepted: Called with batches that the server has accepted.
        lookup_delays: Seconds before each lookup of a batch whose response was lost.
        appear_seconds: How long such a batch may take to appear; until then nothing is sent again.
        retry_delays: Seconds before each retry of a refused create; None for the default.
    """

    def __init__(
        self,
        folder: Path,
        client: Callable[[], BatchesClient],
        on_accepted: Callable[[Sequence[MessageBatch]], object],
        *,
        lookup_delays: Sequence[float] = LOOKUP_DELAYS,
        appear_seconds: float = APPEAR_SECONDS,
        retry_delays: Sequence[float] | None = None,
    ) -> None:
        self.store = RequestStore(folder)
        self._client = client
        self._finder = Finder(self.store, client, on_accepted, lookup_delays, appear_seconds)
        self._workflow = Workflow(self.store, self._finder, client, retry_delays)
        self._notice: str | None = None

    @property
    def notice(self) -> str | None:
        """What is wrong with the stored submissions, if anything."""
        return self._notice or (self.store.journal.notice or None if self.store.is_open else None)

    def close(self) -> None:
        """Close the journal."""
        if self.store.is_open:
            self.store.journal.close()

    # Submitting

    def plan_file(self, path: Path, on_progress: OnProgress | None = None) -> Plan:
        """Read and check a request file, and look for identical submissions. Nothing is sent.

        Args:
            path: The file.
            on_progress: Called with the number of requests read.

        Returns:
            A plan to submit; as a context manager it removes its draft.

        Raises:
            OSError: The file cannot be read, or the draft cannot be written.
            JournalError: Nothing can be submitted.
        """
        return self._workflow.plan_file(path, on_progress)

    def plan_resubmission(self, batch_id: str, failures: Failures, corrected: Prepared | None = None) -> Plan:
        """Prepare failed requests of a batch to be sent as a new one. Nothing is sent.

        Args:
            batch_id: The batch.
            failures: Its failed requests, of which the resubmittable ones are prepared.
            corrected: Requests that replace stored ones.
        """
        return self._workflow.plan_resubmission(batch_id, failures, corrected)

    def with_identical(self, plan: Plan) -> Plan:
        """Return a plan made by `check_file` with the identical submissions of this workspace."""
        return self._workflow.with_identical(plan)

    async def submit(
        self, plan: Plan, *, allow_duplicate: bool = False, on_event: OnEvent | None = None
    ) -> Submission:
        """Send a plan, each part once.

        Args:
            plan: A plan without errors.
            allow_duplicate: Also send what may exist already, and pay for it twice.
            on_event: Called with the progress of sending.

        Raises:
            SubmissionError: Another process is submitting, or has submitted these requests since the plan.
            NotSubmitted: A part was not accepted.
        """
        return await self._workflow.submit(plan, allow_duplicate=allow_duplicate, on_event=on_event)

    def parts(self, submission_id: str) -> Sequence[Part]:
        """Return the parts of a submission; none if it was not started."""
        return self.store.journal.parts(submission_id)

    # Lost responses

    async def find_lost(self, batch_id: str) -> None:
        """Look for resubmissions of a batch whose response was lost.

        Raises:
            SubmissionError: Another process is submitting in this workspace.
            NotSubmitted: Resubmitted requests may still exist, as a batch that is not known for sure.
            ApiError: The server cannot be asked.
        """
        parts = [part for child in self.store.journal.children(batch_id) for part in child.parts]
        for why_wait in await self._find([part for part in parts if part.may_exist]):
            if why_wait:
                raise NotSubmitted(f"Requests of {batch_id} were resubmitted without a response. {why_wait}")

    async def find_all_lost(self) -> list[str]:
        """Look for all batches whose response was lost and that may still appear.

        Returns:
            For each part that was not found, why it cannot be sent again yet; empty if it can.

        Raises:
            SubmissionError: Another process is submitting in this workspace.
            NotSubmitted: Several batches match a part.
            ApiError: The server cannot be asked.
        """
        parts: Sequence[Part] = self._read(
            lambda: [] if self.store.is_empty else self.store.journal.lost_parts(), []
        )
        return await self._find(
            [part for part in parts if part.state is PartState.SENDING or self._finder.why_wait(part)]
        )

    async def _find(self, parts: Sequence[Part]) -> list[str]:
        if not parts:
            return []
        with self.store.submit_lock():
            found = [await self._finder.find(part) for part in parts]
            return [self._finder.why_wait(part) for part in found if part.batch_id is None]

    def may_be_ours(self, batch: Batch) -> bool:
        """Return whether a batch may be one whose response was lost."""
        facts = batch.id, batch.counts.total, batch.created_at
        return self._read(lambda: not self.store.is_empty and self._finder.may_be_ours(*facts), default=False)

    def compare(self, batch: Batch, custom_ids: Sequence[str]) -> None:
        """Accept or reject a batch whose response may have been lost, by custom_ids of its results."""
        facts = batch.id, batch.counts.total, batch.created_at
        self._read(lambda: self._finder.compare(*facts, custom_ids), default=None)

    async def compare_ended(self, batch: Batch) -> None:
        """Accept or reject an ended batch by its first results on the server."""
        if batch.is_ended and self.may_be_ours(batch):
            self.compare(batch, await first_custom_ids(self._client(), batch.id))

    # Stored requests

    def request(self, batch_id: str, custom_id: str) -> bytes | None:
        """Return a request of a batch as it was sent, or None if it is not stored."""
        found = self.store.of_batch(batch_id)
        return found.file.find(custom_id, found.span) if found else None

    def has_requests(self, batch_id: str) -> bool:
        """Return whether the requests of a batch are stored. Never raises."""
        return self._read(lambda: self.store.of_batch(batch_id) is not None, default=False)

    def known_batches(self) -> set[str]:
        """Return the batches whose requests are stored. Never raises."""
        return self._read(lambda: set() if self.store.is_empty else self.store.journal.known_batches(), set())

    def estimate(self, batch_id: str) -> Estimate | None:
        """Return the estimated cost of a batch, or None if its requests are not stored. Never raises."""

        def read() -> Estimate | None:
            found = self.store.of_batch(batch_id)
            return estimate(found.file.loads(found.span)) if found else None

        return self._read(read, None)

    def origin(self, batch_id: str) -> Origin | None:
        """Return where a batch came from, as far as it is known here. Never raises."""
        return self._read(lambda: None if self.store.is_empty else self._lineage.origin(batch_id), None)

    def family(self, batch_id: str) -> tuple[list[str], list[str]]:
        """Return all related batches: the original parts, and the resubmitted ones, each oldest first."""
        return self._lineage.family(batch_id)

    def unconfirmed(self, batch_id: str) -> list[str]:
        """Return batches that probably belong to the family of a batch."""
        return self._lineage.unconfirmed(batch_id)

    @property
    def _lineage(self) -> Lineage:
        return Lineage(self.store.journal)

    def _read(self, read: Callable[[], T], default: T) -> T:
        """Return what is read; the default, with a notice, if the journal or an index cannot be read."""
        try:
            return read()
        except UNREADABLE as error:
            self._notice = self._unreadable(error)
            return default

    def _unreadable(self, error: Exception) -> str:
        if isinstance(error, JournalError):
            return str(error)
        if isinstance(error, ConfigError):
            return f"Submissions cannot be read: {error}"
        reason = getattr(error, "strerror", None) or error
        return f"Submissions in {self.store.folder} cannot be read ({reason})."

    # Attaching and resubmitting

    def attach(self, batch_id: str, path: Path, *, requests: int, results: Results | None = None) -> Attached:
        """Attach a request file to a batch that was created elsewhere, or whose response was lost.

        Args:
            batch_id: The batch.
            path: Its requests.
            requests: Number of requests of the batch.
            results: All its results, if there are any, to compare custom_ids.

        Raises:
            SubmissionError: The file has no requests, or does not match the batch, or matches less of it than
                the file attached before, or batchtui submitted the batch.
            OSError: The file cannot be read.
        """
        custom_ids = None if results is None else list(results.custom_ids())
        with self.read_requests(path) as prepared:
            return Attachment(self.store, batch_id, requests, custom_ids).attach(prepared)

    def read_requests(self, path: Path) -> Prepared:
        """Read corrected requests, or those of an existing batch, without checking their params.

        Returns:
            A draft; as a context manager it removes itself.

        Raises:
            SubmissionError: The file has no requests.
            OSError: The file cannot be read.
        """
        prepared = prepare(path, self.store.drafts_folder, was_accepted=True)
        if prepared.errors:
            prepared.discard()
            error = prepared.errors[0]
            raise SubmissionError(f"{path}, line {error.line}: {error.message}. Nothing was changed.")
        return prepared

    def failures(
        self,
        batch_id: str,
        results: Results,
        *,
        outcomes: Iterable[str] = FAILED,
        custom_ids: Iterable[str] | None = None,
        corrected: Prepared | None = None,
        include_invalid: bool = False,
    ) -> Failures:
        """Return the failed requests of a batch, by whether they can be resubmitted.

        Args:
            batch_id: The batch.
            results: All its results.
            outcomes: Outcomes to include.
            custom_ids: Only these requests, if given.
            corrected: Requests that replace stored ones.
            include_invalid: Also resubmit requests that would fail again.
        """
        resubmission = Resubmission(self.store, batch_id, corrected)
        return resubmission.failures(results, outcomes, custom_ids, include_invalid=include_invalid)
