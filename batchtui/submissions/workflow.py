"""The one way to submit: prepare, look for identical submissions, then, once confirmed, send."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from batchtui.submissions.errors import SubmissionError
from batchtui.submissions.finder import Finder
from batchtui.submissions.plan import Plan
from batchtui.submissions.preparing import OnProgress, Prepared, prepare
from batchtui.submissions.records import Part, Submission
from batchtui.submissions.request_store import RequestStore
from batchtui.submissions.resubmission import Failures, Resubmission

if TYPE_CHECKING:
    from batchtui.api import BatchesClient
    from batchtui.submissions.sender import OnEvent


def check_file(path: Path, folder: Path, on_progress: OnProgress | None = None) -> Plan:
    """Plan the submission of a file without looking for identical ones.

    Args:
        path: The request file.
        folder: Private folder for the draft.
        on_progress: Called with the number of requests read.

    Raises:
        OSError: The file cannot be read, or the draft cannot be written.
    """
    return Plan(prepare(path, folder, on_progress=on_progress))


class Workflow:
    """Plans and sends the submissions of one workspace.

    Args:
        store: The stored requests.
        finder: Looks up batches whose response was lost.
        client: Returns the API client.
        retry_delays: Seconds before each retry of a refused create.
    """

    def __init__(
        self,
        store: RequestStore,
        finder: Finder,
        client: Callable[[], BatchesClient],
        retry_delays: Sequence[float] | None,
    ) -> None:
        self._store = store
        self._finder = finder
        self._client = client
        self._retry_delays = retry_delays

    def plan_file(self, path: Path, on_progress: OnProgress | None = None) -> Plan:
        """Plan the submission of a file; see `Submissions.plan_file`."""
        self._store.journal.refresh()
        self._store.remove_orphans()
        return self._plan(prepare(path, self._store.drafts_folder, on_progress=on_progress))

    def plan_resubmission(self, batch_id: str, failures: Failures, corrected: Prepared | None) -> Plan:
        """Plan to resubmit failed requests; see `Submissions.plan_resubmission`."""
        resubmission = Resubmission(self._store, batch_id, corrected)
        prepared = resubmission.prepare(failures.resubmittable, self._store.drafts_folder)
        return self._plan(prepared, batch_id, failures.notes)

    def with_identical(self, plan: Plan) -> Plan:
        """Return a plan with the identical submissions that the journal has."""
        return replace(plan, identical=self._identical(plan.prepared, plan.parent))

    async def submit(
        self, plan: Plan, *, allow_duplicate: bool = False, on_event: OnEvent | None = None
    ) -> Submission:
        """Send a plan; see `Submissions.submit`."""
        journal, prepared = self._store.journal, plan.prepared
        with self._store.submit_lock():
            journal.refresh()
            self._reject_concurrent_duplicate(plan, allow_duplicate=allow_duplicate)
            if plan.unfinished:
                submission = journal.submission(plan.unfinished.id)
                journal.restore_requests(submission, prepared)
            else:
                # Left by a process that was killed before it sent anything.
                for identical in journal.identical(prepared.digest, prepared.size):
                    journal.remove_unsent(identical.id)
                submission = journal.begin(prepared, plan.parent)
            try:
                return await self._send(submission, on_event, allow_duplicate=allow_duplicate)
            finally:
                journal.remove_unsent(submission.id)

    async def _send(
        self, submission: Submission, on_event: OnEvent | None, *, allow_duplicate: bool
    ) -> Submission:
        from batchtui.submissions.sender import RETRY_DELAYS, Sender

        delays = RETRY_DELAYS if self._retry_delays is None else self._retry_delays
        sender = Sender(self._client(), self._store, self._finder, delays, on_event)
        return await sender.send(submission, allow_duplicate=allow_duplicate)

    def _plan(self, prepared: Prepared, parent: str | None = None, notes: Sequence[str] = ()) -> Plan:
        try:
            return self.with_identical(Plan(prepared, parent, notes=notes))
        except BaseException:
            prepared.discard()
            raise

    def _identical(self, prepared: Prepared, parent: str | None) -> list[Submission]:
        """Return submissions of the same content that were sent, or may have been.

        A batch may have failed as a whole: of a resubmission, only those of the same parent count.
        """
        if self._store.is_empty:
            return []
        return [
            submission
            for submission in self._store.journal.identical(prepared.digest, prepared.size)
            if submission.was_sent
            and (
                parent in (None, submission.parent)
                or (submission.may_have_parent and parent not in submission.batch_ids)
            )
        ]

    def _reject_concurrent_duplicate(self, plan: Plan, *, allow_duplicate: bool) -> None:
        """Refuse to send what another process has submitted since the plan was made."""
        known = {submission.id for submission in plan.identical}
        identical = self._identical(plan.prepared, plan.parent)
        new = [submission for submission in identical if submission.id not in known]
        if new:
            ids = ", ".join(new[0].batch_ids) or "a batch whose response is pending"
            raise SubmissionError(f"Another process just submitted the same as {ids}. Nothing was sent.")
        if plan.parent is None:
            return
        ours = set(plan.prepared.file.custom_ids(plan.prepared.span))
        for lost in self._store.journal.possible_children(plan.parent):
            if lost.id in known or ours.isdisjoint(self._store.file(lost.id).all_custom_ids()):
                continue
            if lost.batch_ids and not allow_duplicate:
                raise SubmissionError(
                    f"Some requests may have been resubmitted as {', '.join(lost.batch_ids)}: its record was "
                    "lost. Add --allow-duplicate to submit them anyway."
                )
            if not lost.batch_ids:
                raise SubmissionError(
                    f"Some requests may have been resubmitted: the record of {lost.source} was lost. Run "
                    f"`batchtui attach ID {lost.source}` with its batch, or move it away if it was not sent."
                )
        for part in self._resubmitted_parts(plan.parent):
            if part.batch_id is None and allow_duplicate:
                continue
            theirs = self._store.file(part.submission).custom_ids(part.span)
            if part.submission not in known and not ours.isdisjoint(theirs):
                raise SubmissionError(
                    f"Another process just resubmitted some of them as {part.batch_id or 'a batch'}. "
                    "Nothing was sent. Run the command again to resubmit the rest."
                )

    def _resubmitted_parts(self, batch_id: str) -> list[Part]:
        """Return the parts of resubmissions of a batch that exist, or may exist."""
        parts = [part for one in self._store.journal.children(batch_id) for part in one.parts]
        return [part for part in parts if part.batch_id or self._finder.why_wait(part)]
