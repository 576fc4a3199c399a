"""Sends what was prepared, and never twice: what became of a lost answer is found out by looking."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from batchtui.api import ApiError, OutcomeUnknown
from batchtui.requests.journal import Journal
from batchtui.requests.kept import KeptRequests, RequestBody
from batchtui.requests.records import Part, PartState, Submission
from batchtui.text import count, plural

if TYPE_CHECKING:
    from batchtui.api import BatchesClient, MessageBatch

_NAMED = re.compile(r"\brequests\.(\d{1,6})\b")
"""How the API names a request of a batch: by its number, from 0."""
LAST_TRY = "The last try ended without one."
PAGE = 100


class NotSubmitted(Exception):
    """Some of a submission was not accepted; one sentence with what became of it and what to do."""


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
    """A batch was found that can only be the one whose answer was lost.

    Attributes:
        batch_id: Its id.
    """

    batch_id: str


OnSent = Callable[[Sent | Lost | Found], None]
"""Told how the sending goes."""


class Submitter:
    """Sends the parts of a submission one after the other.

    Args:
        client: Who sends.
        journal: Where each step is written down before it is taken.
        learn: Told of batches that the server has accepted.
        folder: Where the requests are kept.
        look_seconds: How long to wait before each look for a batch whose answer was lost.
    """

    def __init__(
        self,
        client: BatchesClient,
        journal: Journal,
        learn: Callable[[Sequence[MessageBatch]], object],
        *,
        folder: Path,
        look_seconds: Sequence[float],
    ) -> None:
        self._client = client
        self._journal = journal
        self._learn = learn
        self._folder = folder
        self._look_seconds = look_seconds

    async def submit(self, submission: Submission, on_sent: OnSent | None = None) -> Submission:
        """Sends all parts that were not accepted before; answers the submission as it is then.

        Raises:
            NotSubmitted: A part was not accepted; those before it were.
        """
        for part in submission.parts:
            if part.batch_id is None:
                await self._submit(part, len(submission.parts), on_sent or (lambda _: None))
        return self._journal.submission(submission.id)

    async def find(self, part: Part) -> str | None:
        """Looks for the batch that a part has become, and answers its id, or None if there is none.

        It may appear late: where nobody has looked since it was sent, this looks more than once.

        Raises:
            NotSubmitted: There are several that it may be.
            ApiError: The server cannot be asked.
        """
        for seconds in self._look_seconds if part.state is PartState.SENDING else (0.0,):
            await asyncio.sleep(seconds)
            found = await self._candidates(part)
            if len(found) > 1 or any(self._is_contested(batch, part) for batch in found):
                raise NotSubmitted(self._which(part, found))
            if found:
                self._accept(part, found[0])
                return found[0].id
        self._journal.note_absent(part)
        return None

    async def _submit(self, part: Part, parts: int, on_sent: OnSent) -> None:
        """Sends one part, unless it turns out to exist already."""
        which = _which_part(part, parts)
        if part.may_exist and await self._find_out(part, which, LAST_TRY, on_sent):
            return
        try:
            newest = (await self._client.list(limit=1)).data
        except ApiError as error:
            raise NotSubmitted(f"{which} was not sent: {error}") from error
        before = (newest[0].id, newest[0].created_at.timestamp()) if newest else ("", 0.0)
        part = self._journal.note_sending(part, *before)

        def report(done: int) -> None:
            on_sent(Sent(part.number, parts, done, part.span.size))

        body = RequestBody(self._kept(part).data, part.span, report)
        try:
            batch = await self._client.create_from(body)
        except OutcomeUnknown as error:
            if not await self._find_out(part, which, error.reason, on_sent):
                raise NotSubmitted(
                    f"{which} is not on the server: {error.reason} It was looked for and has not appeared. "
                    "Run the same command again: it looks once more before it sends."
                ) from error
        except ApiError as error:
            self._journal.note_not_sent(part)
            raise NotSubmitted(f"{which} was not created: {error}{self._place(part, error)}") from error
        else:
            self._accept(part, batch)

    async def _find_out(self, part: Part, which: str, why: str, on_sent: OnSent) -> bool:
        """As `find`, with words for the person."""
        on_sent(Lost(why))
        try:
            batch_id = await self.find(part)
        except ApiError as error:
            raise NotSubmitted(
                f"Whether {which[0].lower()}{which[1:]} was created is not known: {error} "
                "Run the same command again later: it looks before it sends."
            ) from error
        if batch_id:
            on_sent(Found(batch_id))
        return batch_id is not None

    async def _candidates(self, part: Part) -> list[MessageBatch]:
        """Batches that are newer than what there was before, as large as the part, and nobody else's."""
        known = self._journal.known_batches()
        found = []
        async for batch in self._client.iterate(limit=PAGE):
            # By time as well as by id: the batch that was the newest may have been deleted since.
            if batch.id == part.newest_before or batch.created_at.timestamp() < part.newest_before_at:
                break
            if batch.request_counts.total == part.span.requests and batch.id not in known:
                found.append(batch)
        return found

    def _is_contested(self, batch: MessageBatch, part: Part) -> bool:
        """Whether a batch may as well be what became of another part as large, whose answer was lost too."""
        return any(
            other.span.requests == part.span.requests
            and (other.state is PartState.SENDING or (other.sent_at or 0.0) > (part.sent_at or 0.0))
            and batch.created_at.timestamp() >= other.newest_before_at
            for other in self._journal.lost_parts()
            if (other.submission, other.number) != (part.submission, part.number)
        )

    def _accept(self, part: Part, batch: MessageBatch) -> None:
        self._journal.note_accepted(part, batch.id)
        self._learn([batch])

    def _place(self, part: Part, error: ApiError) -> str:
        """Where the request is that the server complains of, if it names one; a sentence after a blank."""
        named = _NAMED.search(str(error))
        found = self._kept(part).place(part.span.first + int(named[1])) if named else None
        if named is None or found is None:
            return ""
        custom_id, line = found
        submission = self._journal.submission(part.submission)
        # Requests that are sent again come from no file of the person's.
        where = "" if submission.parent else f"line {count(line)} of {submission.source}, "
        return f" {named[0]} is {where}custom_id {custom_id}."

    def _kept(self, part: Part) -> KeptRequests:
        return KeptRequests(self._folder, part.submission)

    def _which(self, part: Part, found: Sequence[MessageBatch]) -> str:
        submission = self._journal.submission(part.submission)
        # Requests that are sent again come from no file of the person's.
        file = self._kept(part).data if submission.parent else submission.source
        ids = ", ".join(batch.id for batch in found)
        return (
            f"Which batch {plural(part.span.requests, 'request', 'requests')} have become is not known; as "
            f"large and created since: {ids}. Look there (`batchtui show ID`) and tie the right one to its "
            f"requests with `batchtui attach ID {file}`; until then nothing is sent again."
        )


def _which_part(part: Part, parts: int) -> str:
    return "The batch" if parts == 1 else f"Batch {part.number + 1} of {parts}"
