"""Sends what was prepared, and never twice: what became of a lost answer is found out by looking."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from batchtui.api import ApiError, OutcomeUnknown, StatusError
from batchtui.api.retry import is_retryable
from batchtui.submissions.finder import Finder, NotSubmitted
from batchtui.submissions.journal import Journal
from batchtui.submissions.moment import Moment
from batchtui.submissions.records import Part, PartState, Submission
from batchtui.submissions.request_store import KeptRequests, RequestBody
from batchtui.text import count

if TYPE_CHECKING:
    from batchtui.api import BatchesClient

_NAMED = re.compile(r"\brequests\.(\d{1,6})\b")
"""How the API names a request of a batch: by its number, from 0."""
LAST_TRY = "The last attempt got no clear answer."
RETRY_SECONDS: Sequence[float] = (2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0)
"""How long to wait before each retry of what the server plainly refused; longer if it asks for that."""
LONGEST_RETRY_SECONDS = 60.0
"""Longest wait that a server may ask for by `retry-after`."""


@dataclass(frozen=True, slots=True)
class Sent:
    """How far the sending of one part is.

    Attributes:
        part: Which part, from 0.
        parts: Of how many.
        done: Bytes sent.
        size: Bytes to send.
    """

    part: int
    parts: int
    done: int
    size: int


@dataclass(frozen=True, slots=True)
class Lost:
    """An answer was lost; the batch is being looked for on the server.

    Attributes:
        why: One sentence.
    """

    why: str


@dataclass(frozen=True, slots=True)
class Found:
    """A batch was found whose results have the custom_ids of the one whose answer was lost.

    Attributes:
        batch_id: Its id.
    """

    batch_id: str


@dataclass(frozen=True, slots=True)
class Refused:
    """The server refused a create for now; it is retried.

    Attributes:
        why: One sentence.
        seconds: Until it is retried.
    """

    why: str
    seconds: float


SendEvent = Sent | Lost | Found | Refused
OnSent = Callable[[SendEvent], None]
"""Told how the sending goes."""


class Submitter:
    """Sends the parts of a submission one after the other.

    Args:
        client: Who sends.
        journal: Where each step is written down before it is taken.
        finder: Finds out what became of a part whose answer was lost.
        folder: Where the requests are kept.
        retry_seconds: How long to wait before each retry of what was plainly refused.
        on_sent: Told how it goes.
    """

    def __init__(
        self,
        client: BatchesClient,
        journal: Journal,
        finder: Finder,
        *,
        folder: Path,
        retry_seconds: Sequence[float],
        on_sent: OnSent | None = None,
    ) -> None:
        self._client = client
        self._journal = journal
        self._finder = finder
        self._folder = folder
        self._retry_seconds = retry_seconds
        self._on_sent = on_sent or (lambda _: None)
        self._is_body_sent = False
        """Whether the newest create was sent to its last bytes."""

    async def submit(self, submission: Submission, *, regardless: bool = False) -> Submission:
        """Sends all parts that were not accepted before; returns the submission as it is then.

        Args:
            submission: What to send.
            regardless: Also send parts that may exist already: they may be paid for twice.

        Raises:
            NotSubmitted: A part was not accepted; those before it were.
        """
        parts = len(submission.parts)
        for part in submission.parts:
            if part.batch_id is None:
                which = "The batch" if parts == 1 else f"Batch {part.number + 1} of {parts}"
                is_unknown = part.may_exist and not regardless
                if not (is_unknown and await self._is_found(part, which, LAST_TRY)):
                    # Without a yes, earlier attempts were looked for until none of them can appear any more.
                    earlier = part.unknown_attempts if regardless else part.earlier
                    await self._submit(part, which, parts, tuple(earlier))
        return self._journal.submission(submission.id)

    async def _submit(self, part: Part, which: str, parts: int, earlier: tuple[Part, ...]) -> None:
        """Sends one part; retries while it is plainly refused and no batch appears."""
        before, newest = part, await self._newest(which)
        moment = Moment.now(self._client.server_time)
        for seconds in (*self._retry_seconds, None):
            part = self._journal.note_uploading(before, *newest, earlier)
            try:
                batch = await self._client.create_from(self._body(part, parts, moment))
            except OutcomeUnknown as error:
                await self._resolve(before, part, which, moment, error)
                return
            except ApiError as error:
                self._journal.note_not_sent(before)
                if seconds is None or not (isinstance(error, StatusError) and is_retryable(error)):
                    raise NotSubmitted(
                        f"{which} was not created: {error}{self._place(part, error)}"
                    ) from error
                await self._wait(error, seconds)
                part = self._journal.note_uploading(before, *newest, earlier)
                if await self._has_appeared(before, part, which, moment, error):
                    return
            else:
                self._finder.accept(part, batch)
                return

    async def _newest(self, which: str) -> tuple[str, float]:
        """The newest batch on the server, and when it was created."""
        try:
            newest = (await self._client.list(limit=1)).data
        except ApiError as error:
            raise NotSubmitted(f"{which} was not sent: {error}") from error
        return (newest[0].id, newest[0].created_at.timestamp()) if newest else ("", 0.0)

    def _body(self, part: Part, parts: int, moment: Moment) -> RequestBody:
        def report(done: int) -> None:
            self._on_sent(Sent(part.number, parts, done, part.span.size))

        def note_sending() -> None:
            self._journal.note_sending(part, moment.until_now())
            self._is_body_sent = True

        self._is_body_sent = False
        data = KeptRequests(self._folder, part.submission).data
        return RequestBody(data, part.span, report, before_end=note_sending)

    async def _resolve(
        self, before: Part, part: Part, which: str, moment: Moment, error: OutcomeUnknown
    ) -> None:
        """Comes back if a part whose answer was lost is found to be accepted."""
        if not self._is_body_sent:
            self._journal.note_not_sent(before)
            raise NotSubmitted(f"{which} was not created: {error.reason} Run it again.") from error
        part = self._journal.note_sending(part, moment.until_now())
        if not await self._is_found(part, which, error.reason):
            raise NotSubmitted(f"{which} is not on the server: {error.reason} Run it again.") from error

    async def _wait(self, error: StatusError, seconds: float) -> None:
        seconds = max(seconds, min(error.retry_after or 0.0, LONGEST_RETRY_SECONDS))
        self._on_sent(Refused(str(error), seconds))
        await asyncio.sleep(seconds)

    async def _has_appeared(
        self, before: Part, part: Part, which: str, moment: Moment, refusal: StatusError
    ) -> bool:
        """Looks whether a batch has appeared although its create was refused.

        Raises:
            NotSubmitted: There is one that it may be, or the server cannot be asked.
        """
        part = self._journal.note_sending(part, moment.until_now())
        try:
            part = await self._finder.look(part)
        except ApiError as error:
            self._journal.note_not_sent(before)
            raise NotSubmitted(f"{which} was not created: {refusal}") from error
        if part.state is PartState.PROBABLE:
            raise NotSubmitted(self._finder.why_wait(part))
        return part.batch_id is not None

    async def _is_found(self, part: Part, which: str, why: str) -> bool:
        """Whether a part is found to be accepted; if not, it may be sent again.

        Raises:
            NotSubmitted: It must not be sent again yet.
        """
        self._on_sent(Lost(why))
        try:
            part = await self._finder.find(part)
        except ApiError as error:
            raise NotSubmitted(
                f"Whether {which[0].lower()}{which[1:]} was created is not known: {error} "
                "Run the same command again later: it looks before it sends."
            ) from error
        if part.batch_id:
            self._on_sent(Found(part.batch_id))
            return True
        if why_wait := self._finder.why_wait(part):
            if part.state is PartState.PROBABLE:
                raise NotSubmitted(why_wait)
            raise NotSubmitted(f"{which} may still appear on the server: {why} {why_wait}")
        return False

    def _place(self, part: Part, error: ApiError) -> str:
        """Where the request is that the server complains of, if it names one; a sentence after a blank."""
        named = _NAMED.search(str(error))
        kept = KeptRequests(self._folder, part.submission)
        found = kept.place(part.span.first + int(named[1])) if named else None
        if named is None or found is None:
            return ""
        custom_id, line = found
        submission = self._journal.submission(part.submission)
        # Requests that are sent again come from no file of the person's.
        where = "" if submission.parent else f"line {count(line)} of {submission.source}, "
        return f" {named[0]} is {where}custom_id {custom_id}."
