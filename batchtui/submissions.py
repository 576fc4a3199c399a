"""What was submitted from here: sending, the requests that were kept, and what was sent again of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from filelock import FileLock, Timeout

from batchtui.config import private_dir
from batchtui.requests import Item, Journal, KeptRequests, Prepared, Span, Submission, prepare, prepare_items

if TYPE_CHECKING:
    from decimal import Decimal

    from batchtui.api import BatchesClient, MessageBatch
    from batchtui.requests import Load, OnSent, Part
    from batchtui.requests.preparing import Report
    from batchtui.results import ResultRow, Results

FAILED = ("errored", "expired", "canceled")
"""Outcomes that may be submitted again."""


class SubmissionError(Exception):
    """Something that was asked of requests and cannot be done; one sentence, with what to do."""


@dataclass(frozen=True, slots=True)
class Attached:
    """How a file of requests fits the batch that it was tied to.

    Attributes:
        requests: Requests in the file.
        missing: custom_ids that the batch has results for and the file does not have.
        extra: custom_ids that the file has and the batch has no results for.
        compared: Whether the results are here, so that ids could be compared.
    """

    requests: int
    missing: list[str]
    extra: list[str]
    compared: bool


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a batch came from, and what came of it.

    Attributes:
        source: The file, or what else; empty if it was not submitted from here.
        parent: The batch whose failed requests it has, if it has such.
        part: Which part of its submission it is, from 0.
        parts: Of how many.
        again: Batches of what was submitted again of it, oldest first.
    """

    source: str
    parent: str | None
    part: int
    parts: int
    again: Sequence[str]


@dataclass(slots=True)
class Failures:
    """What failed of a batch, by what can be done about it.

    Attributes:
        again: custom_ids to submit again.
        to_fix: Those that would fail again as they are, each with what was wrong.
        sent_already: Those that a later batch has taken over, by that batch's id.
        no_request: Those of which the request is not kept here.
    """

    again: list[str] = field(default_factory=list)
    to_fix: list[tuple[str, str]] = field(default_factory=list)
    sent_already: dict[str, list[str]] = field(default_factory=dict)
    no_request: list[str] = field(default_factory=list)


class Submissions:
    """The submissions of one workspace and the requests that are kept of them.

    Args:
        folder: Where they are kept; made when something is.
        client: Gives the API client when it is needed.
        learn: Told of batches that the server has accepted.
    """

    def __init__(
        self,
        folder: Path,
        client: Callable[[], BatchesClient],
        learn: Callable[[Sequence[MessageBatch]], object],
    ) -> None:
        self._folder = folder
        self._client = client
        self._learn = learn

    @cached_property
    def journal(self) -> Journal:
        """What was sent when, and what became of it."""
        return Journal(private_dir(self._folder) / "journal.db")

    @property
    def _has_journal(self) -> bool:
        """Whether anything was ever submitted or attached; if not, nothing is made on this disk to look."""
        return "journal" in self.__dict__ or (self._folder / "journal.db").exists()

    def close(self) -> None:
        """Closes the journal."""
        if "journal" in self.__dict__:
            self.journal.close()

    # Sending

    def prepare(self, path: Path, report: Report | None = None) -> Prepared:
        """Reads and checks a file; what is not sent in the end has to be thrown away by `discard`.

        Raises:
            OSError: It cannot be read, or its copy not be written.
        """
        return prepare(path, self._requests_folder, report=report)

    def discard(self, prepared: Prepared) -> None:
        """Throws away what was prepared, unless its sending was begun."""
        if not self.parts(prepared.kept.name):
            prepared.kept.remove()

    def parts(self, submission_id: str) -> Sequence[Part]:
        """The batches of a submission, made or not; none if it was never begun."""
        return self.journal.parts(submission_id)

    def earlier(self, prepared: Prepared, parent: str | None = None) -> Submission | None:
        """The newest submission of the same content of which anything was sent, or may have been."""
        for submission in self.journal.same(prepared.digest, parent):
            if any(part.batch_id or part.may_exist for part in submission.parts):
                return submission
        return None

    async def submit(
        self,
        prepared: Prepared,
        *,
        unfinished: Submission | None = None,
        parent: str | None = None,
        on_sent: OnSent | None = None,
    ) -> Submission:
        """Sends what was prepared, each part once.

        Args:
            prepared: Requests without a fault.
            unfinished: An earlier submission of the same content, to be gone on with instead.
            parent: The batch whose failed requests these are, if they are.
            on_sent: Told how far it is.

        Raises:
            SubmissionError: Another process is submitting in this workspace.
            NotSubmitted: A part was not accepted; the journal knows how far it came.
        """
        from batchtui.requests import Submitter

        with self._alone():
            if unfinished:
                prepared.kept.remove()
                submission = self.journal.submission(unfinished.id)
            else:
                submission = self.journal.begin(prepared, parent)
            kept = KeptRequests(self._requests_folder, submission.id)
            try:
                return await Submitter(self._client(), self.journal, self._learn).submit(
                    submission, kept, on_sent
                )
            finally:
                if self.journal.forget_unsent(submission.id):
                    kept.remove()

    async def resolve(self) -> list[Part]:
        """Looks for what became of parts whose answer was lost; answers those that are still unclear.

        Raises:
            ApiError: The server cannot be asked.
            NotSubmitted: There are several batches that a part may have become.
        """
        from batchtui.requests import Submitter

        unclear = self.journal.unclear() if self._has_journal else []
        if not unclear:
            return []
        with self._alone():
            submitter = Submitter(self._client(), self.journal, self._learn)
            return [part for part in unclear if await submitter.resolve(part) is None]

    # Requests that are kept

    def request(self, batch_id: str, custom_id: str) -> bytes | None:
        """One request of a batch as it was sent, or None if it is not kept here."""
        found = self._kept(batch_id)
        return found[0].find(custom_id, found[1]) if found else None

    def has_requests(self, batch_id: str) -> bool:
        """Whether the requests of a batch are kept here."""
        return self._kept(batch_id) is not None

    def estimate(self, batch_id: str) -> Estimate | None:
        """What a batch may cost by its requests; None if they are not kept here."""
        found = self._kept(batch_id)
        return estimate(found[0].loads(found[1])) if found else None

    def attach(self, batch_id: str, path: Path, results: Results | None = None) -> Attached:
        """Ties a file to a batch that was made elsewhere, or mends what is kept of one.

        Args:
            batch_id: The batch.
            path: Its requests.
            results: Its results, if all of them are here, to compare the ids with.

        Raises:
            SubmissionError: The file is none of requests, or none of this batch.
            OSError: It cannot be read.
        """
        prepared = prepare(path, self._requests_folder, was_accepted=True)
        try:
            if prepared.faults:
                line, _, _, what = prepared.faults[0]
                raise SubmissionError(f"{path}, line {line}: {what}. Nothing was tied to {batch_id}.")
            attached = _compare(prepared, results)
            if attached.compared and len(attached.extra) == attached.requests:
                raise SubmissionError(f"{path} has not one custom_id of {batch_id}; nothing was tied to it.")
            self.journal.attach(batch_id, prepared.kept.name, prepared.whole)
            self._settle(batch_id, prepared)
        except BaseException:
            prepared.kept.remove()
            raise
        return attached

    def _settle(self, batch_id: str, prepared: Prepared) -> None:
        """Where it was not known what became of these very requests, it is now: the person said so."""
        for submission in self.journal.same(prepared.digest):
            for part in submission.parts:
                if part.may_exist and len(submission.parts) == 1:
                    self.journal.note_accepted(part, batch_id)

    # What failed, and sending it again

    def failures(
        self,
        batch_id: str,
        results: Results,
        *,
        outcomes: Iterable[str] = FAILED,
        custom_ids: Iterable[str] | None = None,
        with_invalid: bool = False,
    ) -> Failures:
        """What of a batch can be submitted again.

        A request that a later batch has taken over is left out: it would be paid for twice. One that the API
        called invalid is left out unless it was changed since, or is asked for.

        Args:
            batch_id: The batch.
            results: Its results, all of them.
            outcomes: Of which outcomes.
            custom_ids: Only these, if given.
            with_invalid: Also those that would fail again as they are.
        """
        from batchtui.results import Advice, advice

        picked = None if custom_ids is None else set(custom_ids)
        taken = {custom_id: child for child in self._children(batch_id) for custom_id in self._ids(child)}
        kept, changed = set(self._ids(batch_id)), self._changed(batch_id)
        failures = Failures()
        for row in _failed_rows(results, outcomes):
            custom_id = row.custom_id
            if picked is not None and custom_id not in picked:
                continue
            if custom_id in taken:
                failures.sent_already.setdefault(taken[custom_id], []).append(custom_id)
            elif custom_id not in kept:
                failures.no_request.append(custom_id)
            elif (
                advice(row.outcome, row.error_type) is Advice.FIX
                and not with_invalid
                and custom_id not in changed
            ):
                failures.to_fix.append((custom_id, row.error_message))
            else:
                failures.again.append(custom_id)
        return failures

    def prepare_again(self, batch_id: str, custom_ids: Sequence[str]) -> Prepared:
        """Makes ready some requests of a batch, as they are kept, to be sent as a new one with the same ids.

        Raises:
            SubmissionError: They are not kept here.
        """
        found = self._kept(batch_id)
        if found is None:
            raise SubmissionError(_no_requests(batch_id))
        kept, span = found
        items = (Item(number, raw) for number, (_, raw) in enumerate(kept.lines(custom_ids, span), 1))
        return prepare_items(items, self._requests_folder, source=f"what failed of {batch_id}")

    def family(self, batch_id: str) -> tuple[list[str], list[str]]:
        """The batches that belong together: parts of one submission, and what was submitted again of them.

        Returns:
            The ids of the parts, and of the batches submitted again, each oldest first.
        """
        first: dict[str, float] = {}
        again: dict[str, float] = {}
        look = [batch_id]
        while look:
            current = look.pop()
            if current in first or current in again:
                continue
            submission = self.journal.submission_of(current)
            kind = again if submission and submission.parent else first
            kind[current] = submission.created_at if submission else 0.0
            if submission:
                look += [*submission.batch_ids, *filter(None, [submission.parent])]
            look += self._children(current)
        return sorted(first, key=lambda one: first[one]), sorted(again, key=lambda one: again[one])

    def origin(self, batch_id: str) -> Origin | None:
        """Where a batch came from and what came of it, as far as it was submitted from here."""
        if not self._has_journal:
            return None
        submission, children = self.journal.submission_of(batch_id), self._children(batch_id)
        if submission is None:
            return Origin("", None, 0, 1, children) if children else None
        number = next(part.number for part in submission.parts if part.batch_id == batch_id)
        return Origin(submission.source, submission.parent, number, len(submission.parts), children)

    def _children(self, batch_id: str) -> list[str]:
        return [child for again in self.journal.children([batch_id]) for child in again.batch_ids]

    def _ids(self, batch_id: str) -> Iterator[str]:
        found = self._kept(batch_id)
        return found[0].custom_ids(found[1]) if found else iter(())

    def _changed(self, batch_id: str) -> set[str]:
        """The custom_ids of requests that a file attached later has in another form than was sent."""
        submission, now = self.journal.submission_of(batch_id), self._kept(batch_id)
        if submission is None or now is None or now[0].name == submission.id:
            return set()
        part = next(part for part in submission.parts if part.batch_id == batch_id)
        sent = KeptRequests(self._requests_folder, submission.id)
        then = dict.fromkeys(now[0].custom_ids(now[1]))
        before = {custom_id: hash(raw) for custom_id, raw in sent.lines(then, part.span)}
        return {
            custom_id for custom_id, raw in now[0].lines(then, now[1]) if before.get(custom_id) != hash(raw)
        }

    def _kept(self, batch_id: str) -> tuple[KeptRequests, Span] | None:
        found = self.journal.requests_of(batch_id) if self._has_journal else None
        if found is None:
            return None
        kept = KeptRequests(self._requests_folder, found[0])
        return (kept, found[1]) if kept.data.exists() else None

    @property
    def _requests_folder(self) -> Path:
        return private_dir(self._folder / "requests")

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Holds the workspace's lock: two processes that submit the same at once would pay twice."""
        lock = FileLock(self._folder / "submitting.lock", timeout=0)
        try:
            lock.acquire()
        except Timeout:
            raise SubmissionError(
                "Another batchtui is submitting with this key just now; try again when it is done."
            ) from None
        try:
            yield
        finally:
            lock.release()


def _failed_rows(results: Results, outcomes: Iterable[str]) -> Iterator[ResultRow]:
    from batchtui.results import Query

    for outcome in outcomes:
        yield from results.each(results.numbers(Query(outcome=outcome)))


def _compare(prepared: Prepared, results: Results | None) -> Attached:
    if results is None:
        return Attached(prepared.requests, [], [], compared=False)
    ours = dict.fromkeys(prepared.kept.custom_ids(prepared.whole))
    theirs = dict.fromkeys(results.custom_ids())
    missing = [custom_id for custom_id in theirs if custom_id not in ours]
    extra = [custom_id for custom_id in ours if custom_id not in theirs]
    return Attached(prepared.requests, missing, extra, compared=True)


def _no_requests(batch_id: str) -> str:
    return (
        f"The requests of {batch_id} are not kept here, and the API does not give them back: "
        f"tie their file to it with `batchtui attach {batch_id} FILE`."
    )


class Estimate(NamedTuple):
    """What requests may cost, in US dollars; None where a model has no price.

    Attributes:
        least: Their input alone, its tokens estimated.
        most: With the longest answers that they allow.
    """

    least: Decimal | None
    most: Decimal | None


def estimate(loads: Sequence[Load]) -> Estimate:
    """What requests may cost as a batch."""
    from batchtui.cost import Tokens, Usage, price

    least = price(Usage(load.model, Tokens(input=load.input_tokens), load.prompt) for load in loads)
    answers = price(Usage(load.model, Tokens(output=load.max_tokens), load.prompt) for load in loads)
    if least.total is None or answers.total is None:
        return Estimate(None, None)
    return Estimate(least.total, least.total + answers.total)
