"""What was submitted from here: sending, the requests that were kept, and what was sent again of them."""

from __future__ import annotations

import itertools
import json
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from filelock import FileLock, Timeout

from batchtui.config import ConfigError, private_dir
from batchtui.disk import NewerSchema
from batchtui.submissions.attaching import Attached, Attaching, NotAttached
from batchtui.submissions.finder import UNKNOWN_SECONDS, Finder, NotSubmitted, first_custom_ids
from batchtui.submissions.journal import Journal
from batchtui.submissions.parsing import Item
from batchtui.submissions.preparing import Prepared, prepare, prepare_items
from batchtui.submissions.records import PartState, Submission
from batchtui.submissions.request_store import KeptRequests, Span
from batchtui.text import money

if TYPE_CHECKING:
    from decimal import Decimal

    from batchtui.api import BatchesClient, MessageBatch
    from batchtui.cache import Batch
    from batchtui.cost import Usage
    from batchtui.results import ResultRow, Results
    from batchtui.submissions.preparing import Report
    from batchtui.submissions.records import Part
    from batchtui.submissions.request_store import Load
    from batchtui.submissions.sender import OnSent

T = TypeVar("T")

LOOK_SECONDS: Sequence[float] = (0.0, 2.0, 4.0, 8.0)
"""How long to wait before each look for a batch whose answer was lost; it may appear late."""
ORPHAN_SECONDS = 24 * 3600.0
"""Drafts are removed when they are older; younger ones may be in the making."""
CANNOT_READ = (ConfigError, NewerSchema, OSError, sqlite3.Error)
"""What is raised where a folder or a file of submissions cannot be used."""
FAILED = ("errored", "expired", "canceled")
"""Outcomes that may be submitted again."""


class SubmissionError(Exception):
    """Something that was asked of requests and cannot be done; one sentence, with what to do."""


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
        needs_account: How many of those in `again` failed for lack of credit or permission.
    """

    again: list[str] = field(default_factory=list)
    to_fix: list[tuple[str, str]] = field(default_factory=list)
    sent_already: dict[str, list[str]] = field(default_factory=dict)
    no_request: list[str] = field(default_factory=list)
    needs_account: int = 0


class Submissions:
    """The submissions of one workspace and the requests that are kept of them.

    Args:
        folder: Where they are kept; made when something is.
        client: Gives the API client when it is needed.
        learn: Told of batches that the server has accepted.
        look_seconds: How long to wait before each look for a batch whose answer was lost.
        unknown_seconds: How long such a batch may take to appear; nothing is sent again before.
        retry_seconds: How long to wait before each retry of what was plainly refused; None for the usual.
    """

    def __init__(
        self,
        folder: Path,
        client: Callable[[], BatchesClient],
        learn: Callable[[Sequence[MessageBatch]], object],
        *,
        look_seconds: Sequence[float] = LOOK_SECONDS,
        unknown_seconds: float = UNKNOWN_SECONDS,
        retry_seconds: Sequence[float] | None = None,
    ) -> None:
        self._folder = folder
        self._client = client
        self._learn = learn
        self._look_seconds = look_seconds
        self._unknown_seconds = unknown_seconds
        self._retry_seconds = retry_seconds
        self._notice: str | None = None

    @cached_property
    def journal(self) -> Journal:
        """What was sent when, and what became of it."""
        return Journal(private_dir(self._folder))

    @property
    def notice(self) -> str | None:
        """One sentence for the person when what was submitted was damaged or cannot be looked up."""
        return self._notice or (self.journal.notice or None if "journal" in self.__dict__ else None)

    @property
    def _has_journal(self) -> bool:
        """Whether anything was ever submitted or attached; if not, nothing is made on this disk to look."""
        places = (self._folder / "journal.db", self._folder / "requests")
        return "journal" in self.__dict__ or any(path.exists() for path in places)

    def close(self) -> None:
        """Closes the journal."""
        if "journal" in self.__dict__:
            self.journal.close()

    # Sending

    def prepare(self, path: Path, report: Report | None = None) -> Prepared:
        """Reads and checks a file; what is not sent in the end has to be thrown away by `discard`.

        Raises:
            OSError: It cannot be read, or its copy not be written.
            JournalError: Nothing could be sent.
        """
        self.journal.refresh()
        self._remove_orphans()
        return prepare(path, self._drafts_folder, report=report)

    def discard(self, prepared: Prepared) -> None:
        """Throws away what was prepared, unless its sending was begun."""
        if not prepared.is_begun:
            prepared.kept.remove()

    def parts(self, submission_id: str) -> Sequence[Part]:
        """The batches of a submission, made or not; none if it was never begun."""
        return self.journal.parts(submission_id)

    def earlier(self, prepared: Prepared, parent: str | None = None) -> Submission | None:
        """The newest submission of the same content of which anything was sent, or may have been.

        Args:
            prepared: What is to be sent; remembers what is answered, so that `submit` sees what came since.
            parent: Only what was submitted again of this batch: a batch may have failed as a whole.
        """
        same = self._same(prepared, parent) if self._has_journal else []
        prepared.same.update(submission.id for submission in same)
        return same[0] if same else None

    def _same(self, prepared: Prepared, parent: str | None) -> list[Submission]:
        return [
            submission
            for submission in self.journal.same(prepared.digest, prepared.size)
            if submission.was_sent and (parent in (None, submission.parent) or submission.is_unrecorded)
        ]

    async def submit(
        self,
        prepared: Prepared,
        *,
        unfinished: Submission | None = None,
        parent: str | None = None,
        regardless: bool = False,
        on_sent: OnSent | None = None,
    ) -> Submission:
        """Sends what was prepared, each part once.

        Args:
            prepared: Requests without a fault.
            unfinished: An earlier submission of the same content, to be gone on with instead.
            parent: The batch whose failed requests these are, if they are.
            regardless: Also send what may exist already: it may be paid for twice.
            on_sent: Told how far it is.

        Raises:
            SubmissionError: Another process is submitting in this workspace, or has just submitted the same.
            NotSubmitted: A part was not accepted; the journal knows how far it came.
        """
        with self._alone():
            self.journal.refresh()
            self._refuse_news(prepared, parent, regardless=regardless)
            if unfinished:
                submission = self.journal.submission(unfinished.id)
                self.journal.restore_requests(submission, prepared)
            else:
                self._forget_unsent(prepared)
                submission = self.journal.begin(prepared, parent)
            try:
                return await self._send(submission, on_sent, regardless=regardless)
            finally:
                self.journal.forget_unsent(submission.id)

    def _forget_unsent(self, prepared: Prepared) -> None:
        """Removes what was begun with the same content and ended by a kill before anything was sent."""
        for one in self.journal.same(prepared.digest, prepared.size):
            self.journal.forget_unsent(one.id)

    def _refuse_news(self, prepared: Prepared, parent: str | None, *, regardless: bool) -> None:
        """Another process may have submitted the same while the person was asked."""
        news = [one for one in self._same(prepared, parent) if one.id not in prepared.same]
        if news:
            ids = ", ".join(news[0].batch_ids) or "a batch of which the answer is still awaited"
            raise SubmissionError(f"The same was submitted just now, as {ids}; nothing was sent again.")
        if parent is None:
            return
        ours = set(prepared.kept.custom_ids(prepared.whole))
        for lost in self.journal.unrecorded():
            theirs = KeptRequests(self._requests_folder, lost.id).all_custom_ids()
            if lost.id not in prepared.same and not ours.isdisjoint(theirs):
                raise SubmissionError(
                    f"Some of it may have been submitted again: the record of {lost.source} was lost. Run "
                    f"`batchtui attach ID {lost.source}` with its batch, or move it away if it was not sent."
                )
        for part in self._sent_again(parent):
            if part.batch_id is None and regardless:
                continue
            theirs = KeptRequests(self._requests_folder, part.submission).custom_ids(part.span)
            if part.submission not in prepared.same and not ours.isdisjoint(theirs):
                raise SubmissionError(
                    f"Some of it was submitted again just now, as {part.batch_id or 'another batch'}; "
                    "nothing was sent. Run it again: what is left is found anew."
                )

    def _sent_again(self, batch_id: str) -> list[Part]:
        """What was sent again of a batch, or may have been."""
        parts = [part for again in self.journal.children(batch_id) for part in again.parts]
        return [part for part in parts if part.batch_id or self._finder.why_wait(part)]

    async def find_lost(self, batch_id: str) -> None:
        """Looks for what became of requests of a batch that were sent again, where the answer was lost.

        Raises:
            SubmissionError: Another process is submitting in this workspace.
            NotSubmitted: What was sent again may still exist; there is one batch that it may be, or several.
            ApiError: The server cannot be asked.
        """
        parts = [part for again in self.journal.children(batch_id) for part in again.parts]
        for why_wait in await self._find([part for part in parts if part.may_exist]):
            if why_wait:
                raise NotSubmitted(
                    f"Requests of {batch_id} were submitted again without an answer. {why_wait}"
                )

    async def _send(self, submission: Submission, on_sent: OnSent | None, *, regardless: bool) -> Submission:
        from batchtui.submissions.sender import RETRY_SECONDS, Submitter

        submitter = Submitter(
            self._client(),
            self.journal,
            self._finder,
            folder=self._requests_folder,
            retry_seconds=RETRY_SECONDS if self._retry_seconds is None else self._retry_seconds,
            on_sent=on_sent,
        )
        return await submitter.submit(submission, regardless=regardless)

    @property
    def _finder(self) -> Finder:
        return Finder(
            self._client,
            self.journal,
            self._learn,
            folder=self._requests_folder,
            look_seconds=self._look_seconds,
            unknown_seconds=self._unknown_seconds,
        )

    async def find_all_lost(self) -> list[str]:
        """Looks for what became of everything whose answer was lost and that may still appear.

        Returns:
            For each part that was not found, why it must not be sent again yet; empty if it may be.

        Raises:
            SubmissionError: Another process is submitting in this workspace.
            NotSubmitted: There are several batches that a part may have become.
            ApiError: The server cannot be asked.
        """
        parts: Sequence[Part] = self._looked_up(self._lost_parts, [])
        return await self._find(
            [part for part in parts if part.state is PartState.SENDING or self._finder.why_wait(part)]
        )

    def _lost_parts(self) -> list[Part]:
        return self.journal.lost_parts() if self._has_journal else []

    async def _find(self, parts: Sequence[Part]) -> list[str]:
        if not parts:
            return []
        with self._alone():
            finder = self._finder
            found = [await finder.find(part) for part in parts]
            return [finder.why_wait(part) for part in found if part.batch_id is None]

    def may_be_ours(self, batch: Batch) -> bool:
        """Whether a batch may be what became of requests whose answer was lost."""
        facts = batch.id, batch.counts.total, batch.created_at
        return self._has_journal and self._looked_up(
            lambda: self._finder.may_be_ours(*facts), otherwise=False
        )

    def compare(self, batch: Batch, custom_ids: Sequence[str]) -> None:
        """Confirms or drops a batch that may be what became of requests, by custom_ids of its results."""
        facts = batch.id, batch.counts.total, batch.created_at
        self._looked_up(lambda: self._finder.compare(*facts, custom_ids), otherwise=None)

    async def compare_ended(self, batch: Batch) -> None:
        """As `compare`, by the first results on the server."""
        if batch.is_ended and self.may_be_ours(batch):
            self.compare(batch, await first_custom_ids(self._client(), batch.id))

    def _remove_orphans(self) -> None:
        """Removes old drafts: what made them was killed. What was ever sent is not among them."""
        for path in self._drafts_folder.iterdir():
            with suppress(FileNotFoundError):  # another process does the same
                if time.time() - path.stat().st_mtime > ORPHAN_SECONDS:
                    path.unlink()

    # Requests that are kept

    def request(self, batch_id: str, custom_id: str) -> bytes | None:
        """One request of a batch as it was sent, or None if it is not kept here."""
        found = self._kept(batch_id)
        return found[0].find(custom_id, found[1]) if found else None

    # What may be looked up wherever a batch is shown: it never raises.

    def has_requests(self, batch_id: str) -> bool:
        """Whether the requests of a batch are kept here."""
        return self._looked_up(lambda: self._kept(batch_id) is not None, False)

    def known_batches(self) -> set[str]:
        """The batches whose requests are kept here."""
        return self._looked_up(lambda: self.journal.known_batches() if self._has_journal else set(), set())

    def estimate(self, batch_id: str) -> Estimate | None:
        """What a batch may cost by its requests; None if they are not kept here."""

        def look() -> Estimate | None:
            found = self._kept(batch_id)
            return estimate(found[0].loads(found[1])) if found else None

        return self._looked_up(look, None)

    def _looked_up(self, look: Callable[[], T], otherwise: T) -> T:
        """What is found; where the journal or the index cannot be read, `notice` says so."""
        try:
            return look()
        except CANNOT_READ as error:
            self._notice = _why_not_read(self._folder, error)
            return otherwise

    def attach(self, batch_id: str, path: Path, *, requests: int, results: Results | None = None) -> Attached:
        """Ties a file to a batch that was made elsewhere, or whose answer was lost.

        Args:
            batch_id: The batch.
            path: Its requests.
            requests: How many the batch has.
            results: Its results, if all of them are here, to compare the ids with.

        Raises:
            SubmissionError: The file is none of requests, or none of this batch, or has fewer of its
                requests than what was attached before, or the batch was submitted from here.
            OSError: It cannot be read.
        """
        custom_ids = None if results is None else list(results.custom_ids())
        attaching = Attaching(self.journal, self._requests_folder, batch_id, requests, custom_ids)
        prepared = self.read(path)
        try:
            return attaching.attach(prepared)
        except NotAttached as error:
            raise SubmissionError(str(error)) from error
        finally:
            self.discard(prepared)

    def read(self, path: Path) -> Prepared:
        """Reads requests that the server has taken before, or mended ones; to be thrown away by `discard`.

        Raises:
            SubmissionError: It is no file of requests.
            OSError: It cannot be read.
        """
        prepared = prepare(path, self._drafts_folder, was_accepted=True)
        if prepared.faults:
            self.discard(prepared)
            fault = prepared.faults[0]
            raise SubmissionError(f"{path}, line {fault.line}: {fault.fault}. Nothing was done with it.")
        return prepared

    # What failed, and sending it again

    def failures(
        self,
        batch_id: str,
        results: Results,
        *,
        outcomes: Iterable[str] = FAILED,
        custom_ids: Iterable[str] | None = None,
        mended: Prepared | None = None,
        with_invalid: bool = False,
    ) -> Failures:
        """What of a batch can be submitted again.

        A request that a later batch has taken over is left out: it would be paid for twice. One that the API
        called invalid is left out unless it was mended, or is asked for.

        Args:
            batch_id: The batch.
            results: Its results, all of them.
            outcomes: Of which outcomes.
            custom_ids: Only these, if given.
            mended: Requests that take the place of those that are kept.
            with_invalid: Also those that would fail again as they are.
        """
        from batchtui.results import advice

        picked = None if custom_ids is None else set(custom_ids)
        taken = {custom_id: child for child in self._children(batch_id) for custom_id in self._ids(child)}
        sources = self._sources(batch_id, mended)
        here = {custom_id for kept, span in sources for custom_id in kept.custom_ids(span)}
        failures, invalid = Failures(), dict[str, str]()
        for row in _failed_rows(results, outcomes):
            custom_id, what = row.custom_id, advice(row.outcome, row.error_type, row.error_message)
            if picked is not None and custom_id not in picked:
                continue
            if custom_id in taken:
                failures.sent_already.setdefault(taken[custom_id], []).append(custom_id)
            elif custom_id not in here:
                failures.no_request.append(custom_id)
            elif what.needs_fix and not with_invalid:
                invalid[custom_id] = row.error_message
            else:
                failures.again.append(custom_id)
                failures.needs_account += what.needs_account
        changed = _changed(sources, invalid) if mended else set()
        failures.again += [custom_id for custom_id in invalid if custom_id in changed]
        failures.to_fix = [(custom_id, why) for custom_id, why in invalid.items() if custom_id not in changed]
        return failures

    def prepare_again(
        self, batch_id: str, custom_ids: Sequence[str], mended: Prepared | None = None
    ) -> Prepared:
        """Makes ready some requests of a batch to be sent as a new one with the same ids.

        Args:
            batch_id: The batch.
            custom_ids: Which requests.
            mended: Requests that take the place of those that are kept.
        """
        items = (
            Item(number, raw) for number, raw in enumerate(self._requests(batch_id, custom_ids, mended), 1)
        )
        return prepare_items(items, self._drafts_folder, source=f"what failed of {batch_id}")

    def _requests(self, batch_id: str, custom_ids: Sequence[str], mended: Prepared | None) -> Iterator[bytes]:
        left = dict.fromkeys(custom_ids)
        for kept, span in self._sources(batch_id, mended):
            for custom_id, raw in kept.lines(list(left), span):
                del left[custom_id]
                yield raw

    def _sources(self, batch_id: str, mended: Prepared | None) -> list[tuple[KeptRequests, Span]]:
        """Where requests of a batch may be had, the better ones first."""
        kept = self._kept(batch_id)
        return [*([(mended.kept, mended.whole)] if mended else []), *([kept] if kept else [])]

    def family(self, batch_id: str) -> tuple[list[str], list[str]]:
        """The batches that belong together: parts of one submission, and what was submitted again of them.

        Returns:
            The ids of the parts, and of the batches submitted again, each oldest first.
        """
        first: dict[str, tuple[float, int]] = {}
        again: dict[str, tuple[float, int]] = {}
        look = [batch_id]
        while look:
            current = look.pop()
            if current in first or current in again:
                continue
            submission = self.journal.submission_of(current)
            if submission is None:
                first[current] = 0.0, 0
            else:
                kind = again if submission.parent else first
                kind[current] = submission.created_at, submission.batch_ids.index(current)
                look += [*submission.batch_ids, *filter(None, [submission.parent])]
            look += self._children(current)
        return sorted(first, key=first.__getitem__), sorted(again, key=again.__getitem__)

    def unconfirmed(self, batch_id: str) -> list[str]:
        """Batches that probably belong to the family of a batch, which is not confirmed."""
        found = set[str]()
        for one in itertools.chain(*self.family(batch_id)):
            submission = self.journal.submission_of(one)
            for related in (*([submission] if submission else []), *self.journal.children(one)):
                found.update(part.candidate for part in related.parts if part.candidate)
        return sorted(found)

    def origin(self, batch_id: str) -> Origin | None:
        """Where a batch came from and what came of it, as far as it was submitted from here."""
        return self._looked_up(lambda: self._origin(batch_id), None)

    def _origin(self, batch_id: str) -> Origin | None:
        if not self._has_journal:
            return None
        submission, children = self.journal.submission_of(batch_id), self._children(batch_id)
        if submission is None:
            return Origin("", None, 0, 1, children) if children else None
        number = next(part.number for part in submission.parts if part.batch_id == batch_id)
        return Origin(submission.source, submission.parent, number, len(submission.parts), children)

    def _children(self, batch_id: str) -> list[str]:
        return [child for again in self.journal.children(batch_id) for child in again.batch_ids]

    def _ids(self, batch_id: str) -> Iterator[str]:
        found = self._kept(batch_id)
        return found[0].custom_ids(found[1]) if found else iter(())

    def _kept(self, batch_id: str) -> tuple[KeptRequests, Span] | None:
        found = self.journal.requests_of(batch_id) if self._has_journal else None
        if found is None:
            return None
        kept = KeptRequests(self._requests_folder, found[0])
        return (kept, found[1]) if kept.data.exists() else None

    @property
    def _requests_folder(self) -> Path:
        return private_dir(self._folder / "requests")

    @property
    def _drafts_folder(self) -> Path:
        return private_dir(self._folder / "drafts")

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Holds the workspace's lock: two processes that submit the same at once would pay twice."""
        lock = FileLock(self._folder / "submitting.lock", timeout=0, mode=0o600)
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


def _why_not_read(folder: Path, error: Exception) -> str:
    from batchtui.submissions.record_store import JournalError

    if isinstance(error, JournalError):
        return str(error)
    if isinstance(error, ConfigError):
        return f"What was submitted from here is not known: {error}"
    reason = getattr(error, "strerror", None) or error
    return f"What was submitted from here is not known: {folder} cannot be read ({reason})."


def _failed_rows(results: Results, outcomes: Iterable[str]) -> Iterator[ResultRow]:
    from batchtui.results import Flag, Query

    for outcome in outcomes:
        rows = results.each(results.numbers(Query(outcome=outcome)))
        yield from (row for row in rows if row.flag is not Flag.DUPLICATE)


def _changed(sources: Sequence[tuple[KeptRequests, Span]], custom_ids: Iterable[str]) -> set[str]:
    """Which requests are another in the first source than in the last."""
    (first, its_span), (last, last_span) = sources[0], sources[-1]
    before = {custom_id: json.loads(raw) for custom_id, raw in last.lines(custom_ids, last_span)}
    now = first.lines(custom_ids, its_span)
    return {custom_id for custom_id, raw in now if json.loads(raw) != before.get(custom_id)}


class Estimate(NamedTuple):
    """What requests may cost, in US dollars; None where a model has no price.

    Attributes:
        least: Their input alone, its tokens estimated.
        most: With the longest answers that they allow.
        is_bound: Whether it cannot be more than `most`; else that is an estimate, too.
    """

    least: Decimal | None
    most: Decimal | None
    is_bound: bool

    @property
    def most_words(self) -> str:
        """`at most $1.23`, or `about $1.23` where more is possible."""
        return f"{'at most' if self.is_bound else 'about'} {money(self.most, round_up=self.is_bound)}"


def estimate(loads: Sequence[Load]) -> Estimate:
    """What requests may cost as a batch."""
    from batchtui.cost import price

    is_bound = all(load.is_bound for load in loads)
    least = price(map(_about, loads)).total
    most = price(map(_at_most if is_bound else _about_with_answers, loads)).total
    if least is None or most is None:
        return Estimate(None, None, is_bound=False)
    return Estimate(least, most, is_bound)


def _about(load: Load) -> Usage:
    from batchtui.cost import Tokens, Usage

    return Usage(load.model, Tokens(input=load.input_tokens), load.prompt, load.geo == "us")


def _about_with_answers(load: Load) -> Usage:
    about = _about(load)
    return about._replace(tokens=about.tokens._replace(output=load.max_tokens))


def _at_most(load: Load) -> Usage:
    """All that may be written to a cache is; where the workspace may say so, all runs in the US."""
    from batchtui.cost import Tokens, Usage

    kind = {"1h": "cache_write_1h", "5m": "cache_write_5m"}.get(load.cache, "input")
    tokens = Tokens(output=load.max_tokens)._replace(**{kind: load.most_input_tokens})
    return Usage(load.model, tokens, load.most_prompt, load.geo != "global")
