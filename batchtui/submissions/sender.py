"""Sends the parts of a submission once each, and looks for batches whose response was lost."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from batchtui.api import ApiError, OutcomeUnknown, StatusError
from batchtui.api.retry import is_retryable
from batchtui.submissions.errors import NotSubmitted
from batchtui.submissions.finder import Finder
from batchtui.submissions.moment import Moment
from batchtui.submissions.records import Part, PartState, Submission
from batchtui.submissions.request_file import RequestBody
from batchtui.submissions.request_store import RequestStore
from batchtui.text import count, long_duration

if TYPE_CHECKING:
    from batchtui.api import BatchesClient

_REQUEST_PATH = re.compile(r"\brequests\.(\d{1,6})\b")
"""How the API names a request of a batch: by its number, from 0."""
EARLIER_ATTEMPT = "The last attempt got no clear response."
NO_RECORD = "The record of it was lost."
RETRY_DELAYS: Sequence[float] = (2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0)
"""Seconds before each retry of a refused create; longer if the server asks for that."""
MAX_RETRY_AFTER = 60.0
"""Longest delay in seconds that a server may ask for with `retry-after`."""


@dataclass(frozen=True, slots=True)
class Uploaded:
    """Progress of one part.

    Attributes:
        part: Number of the part, from 0.
        parts: Number of parts.
        done: Bytes sent.
        size: Bytes to send.
    """

    part: int
    parts: int
    done: int
    size: int


@dataclass(frozen=True, slots=True)
class ResponseLost:
    """A response was lost; the batch is being looked up on the server.

    Attributes:
        why: The reason, as a sentence.
    """

    why: str

    def __str__(self) -> str:
        return f"No clear response: {self.why} Looking for the batch on the server."


@dataclass(frozen=True, slots=True)
class BatchFound:
    """A batch whose response was lost was found, with the same custom_ids.

    Attributes:
        batch_id: Its id.
    """

    batch_id: str

    def __str__(self) -> str:
        return f"Found: {self.batch_id} has the custom_ids of these requests."


@dataclass(frozen=True, slots=True)
class Retrying:
    """The server refused a create for now; it is retried.

    Attributes:
        why: The reason, as a sentence.
        seconds: Delay before the retry.
    """

    why: str
    seconds: float

    def __str__(self) -> str:
        return f"{self.why} Retrying in {long_duration(self.seconds)}."


SendEvent = Uploaded | ResponseLost | BatchFound | Retrying
OnEvent = Callable[[SendEvent], None]


class Sender:
    """Sends the parts of a submission one after the other.

    Args:
        client: The API client.
        store: The stored requests, and the journal that records each step before it is taken.
        finder: Finds batches whose response was lost.
        retry_delays: Seconds before each retry of a refused create.
        on_event: Called with progress.
    """

    def __init__(
        self,
        client: BatchesClient,
        store: RequestStore,
        finder: Finder,
        retry_delays: Sequence[float],
        on_event: OnEvent | None = None,
    ) -> None:
        self._client = client
        self._store = store
        self._journal = store.journal
        self._finder = finder
        self._retry_delays = retry_delays
        self._on_event = on_event or (lambda _: None)
        self._is_body_sent = False
        """Whether all bytes of the latest create were sent."""

    async def send(self, submission: Submission, *, allow_duplicate: bool = False) -> Submission:
        """Send all parts that were not accepted before; return the updated submission.

        Args:
            submission: What to send.
            allow_duplicate: Also send parts that may exist already, and pay for them twice.

        Raises:
            NotSubmitted: A part was not accepted; those before it were.
        """
        parts = len(submission.parts)
        for part in submission.parts:
            if part.batch_id is None:
                which = "The batch" if parts == 1 else f"Batch {part.number + 1} of {parts}"
                is_unknown = part.may_exist and not allow_duplicate
                why = NO_RECORD if part.is_unrecorded else EARLIER_ATTEMPT
                if not (is_unknown and await self._is_found(part, which, why)):
                    # Unless duplicates are allowed, no earlier attempt can appear any more.
                    earlier = part.unknown_attempts if allow_duplicate else part.earlier
                    await self._send_part(part, which, parts, tuple(earlier))
        return self._journal.submission(submission.id)

    async def _send_part(self, part: Part, which: str, parts: int, earlier: tuple[Part, ...]) -> None:
        """Send one part; retry while the server refuses it and no batch appears."""
        before, newest = part, await self._newest(which)
        moment = Moment.now(self._client.server_time)
        for seconds in (*self._retry_delays, None):
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
        """Return the newest batch on the server, and when it was created."""
        try:
            newest = (await self._client.list(limit=1)).data
        except ApiError as error:
            raise NotSubmitted(f"{which} was not sent: {error}") from error
        return (newest[0].id, newest[0].created_at.timestamp()) if newest else ("", 0.0)

    def _body(self, part: Part, parts: int, moment: Moment) -> RequestBody:
        def report(done: int) -> None:
            self._on_event(Uploaded(part.number, parts, done, part.span.size))

        def note_sending() -> None:
            self._journal.note_sending(part, moment.until_now())
            self._is_body_sent = True

        self._is_body_sent = False
        data = self._store.file(part.submission).data
        return RequestBody(data, part.span, report, before_end=note_sending)

    async def _resolve(
        self, before: Part, part: Part, which: str, moment: Moment, error: OutcomeUnknown
    ) -> None:
        """Find the batch of a part whose response was lost.

        Raises:
            NotSubmitted: It was not found.
        """
        if not self._is_body_sent:
            self._journal.note_not_sent(before)
            raise NotSubmitted(f"{which} was not created: {error.reason} Run the command again.") from error
        part = self._journal.note_sending(part, moment.until_now())
        if not await self._is_found(part, which, error.reason):
            raise NotSubmitted(
                f"{which} is not on the server: {error.reason} Run the command again."
            ) from error

    async def _wait(self, error: StatusError, seconds: float) -> None:
        seconds = max(seconds, min(error.retry_after or 0.0, MAX_RETRY_AFTER))
        self._on_event(Retrying(str(error), seconds))
        await asyncio.sleep(seconds)

    async def _has_appeared(
        self, before: Part, part: Part, which: str, moment: Moment, refusal: StatusError
    ) -> bool:
        """Return whether a batch has appeared although its create was refused.

        Raises:
            NotSubmitted: A batch probably has, or the server cannot be asked.
        """
        part = self._journal.note_sending(part, moment.until_now())
        try:
            part = await self._finder.look_once(part)
        except ApiError as error:
            self._journal.note_not_sent(before)
            raise NotSubmitted(f"{which} was not created: {refusal}") from error
        if part.state is PartState.PROBABLE:
            raise NotSubmitted(self._finder.why_wait(part))
        return part.batch_id is not None

    async def _is_found(self, part: Part, which: str, why: str) -> bool:
        """Return whether the batch of a part was found; if not, the part can be sent again.

        Raises:
            NotSubmitted: It must not be sent again yet.
        """
        self._on_event(ResponseLost(why))
        try:
            part = await self._finder.find(part)
        except ApiError as error:
            raise NotSubmitted(
                f"{which} may have been created: {error} "
                "Run the same command again later. It looks for the batch before it sends."
            ) from error
        if part.batch_id:
            self._on_event(BatchFound(part.batch_id))
            return True
        if why_wait := self._finder.why_wait(part):
            if part.state is PartState.PROBABLE or part.is_unrecorded:
                raise NotSubmitted(why_wait)
            raise NotSubmitted(f"{which} may still appear on the server: {why} {why_wait}")
        return False

    def _place(self, part: Part, error: ApiError) -> str:
        """Return which request the server's error is about, if it names one."""
        named = _REQUEST_PATH.search(str(error))
        found = self._store.file(part.submission).place(part.span.first + int(named[1])) if named else None
        if named is None or found is None:
            return ""
        custom_id, line = found
        submission = self._journal.submission(part.submission)
        # Resubmitted requests do not come from a file of the user.
        where = "" if submission.parent else f"line {count(line)} of {submission.source}, "
        return f" {named[0]} is {where}custom_id {custom_id}."
