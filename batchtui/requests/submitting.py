"""Sends what was prepared, and never twice: what became of a lost answer is found out by looking."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from batchtui.api import ApiError, OutcomeUnknown
from batchtui.requests.journal import Journal, Part, Submission
from batchtui.requests.kept import KeptRequests, RequestBody
from batchtui.text import plural

if TYPE_CHECKING:
    from batchtui.api import BatchesClient, MessageBatch

LOOK_SECONDS = (0.0, 2.0, 4.0, 8.0)
"""How long to wait before each look for a batch whose answer was lost; it may appear late."""
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


OnSent = Callable[[Sent | Lost], None]
"""Told how the sending goes."""


class Submitter:
    """Sends the parts of a submission one after the other.

    Args:
        client: Who sends.
        journal: Where each step is written down before it is taken.
        learn: Told of batches that the server has accepted.
        look_seconds: How long to wait before each look for a batch whose answer was lost.
    """

    def __init__(
        self,
        client: BatchesClient,
        journal: Journal,
        learn: Callable[[Sequence[MessageBatch]], object],
        *,
        look_seconds: Sequence[float] = LOOK_SECONDS,
    ) -> None:
        self._client = client
        self._journal = journal
        self._learn = learn
        self._look_seconds = look_seconds

    async def submit(
        self, submission: Submission, kept: KeptRequests, on_sent: OnSent | None = None
    ) -> Submission:
        """Sends all parts that were not accepted before; answers the submission as it is then.

        Raises:
            NotSubmitted: A part was not accepted; those before it were.
        """
        for part in submission.parts:
            if part.batch_id is None:
                await self._submit(part, submission, kept, on_sent or (lambda _: None))
        return self._journal.submission(submission.id)

    async def resolve(self, part: Part) -> str | None:
        """Looks for the batch that a part may have become; answers its id, or None if there is none.

        Raises:
            NotSubmitted: There are several that it may be.
            ApiError: The server cannot be asked.
        """
        found = await self._candidates(part)
        if len(found) > 1:
            raise NotSubmitted(_which(part, found))
        if not found:
            return None
        self._accept(part, found[0])
        return found[0].id

    async def _submit(self, part: Part, submission: Submission, kept: KeptRequests, on_sent: OnSent) -> None:
        """Sends one part, unless it turns out to exist already."""
        parts = len(submission.parts)
        try:
            if part.may_exist and await self.resolve(part):
                return
            newest = (await self._client.list(limit=1)).data
        except ApiError as error:
            raise NotSubmitted(f"{_which_part(part, parts)} was not sent: {error}") from error
        before = (newest[0].id, newest[0].created_at.timestamp()) if newest else ("", 0.0)
        self._journal.note_sending(part, *before)

        def report(done: int) -> None:
            on_sent(Sent(part.number, parts, done, part.span.size))

        body = RequestBody(kept.data, part.span, report)
        try:
            self._accept(part, await self._client.create_from(body))
        except OutcomeUnknown as error:
            on_sent(Lost(error.reason))
            await self._find_out(part, parts, error)
        except ApiError as error:
            self._journal.note_not_sent(part)
            raise NotSubmitted(f"{_which_part(part, parts)} was not created: {error}") from error

    async def _find_out(self, part: Part, parts: int, error: OutcomeUnknown) -> None:
        """After a lost answer: looks until the batch is there, or it is certain enough that it is not."""
        sent = self._journal.submission(part.submission).parts[part.number]
        for seconds in self._look_seconds:
            await asyncio.sleep(seconds)
            try:
                if await self.resolve(sent):
                    return
            except ApiError as failure:
                raise NotSubmitted(
                    f"Whether {_which_part(part, parts).lower()} was created is not known: {failure} "
                    "Run the same command again later: it looks before it sends."
                ) from failure
        self._journal.note_absent(part)
        raise NotSubmitted(
            f"{_which_part(part, parts)} was not created: {error.reason} The server was asked for it and has "
            "none. Run the same command again: it looks once more before it sends."
        ) from error

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

    def _accept(self, part: Part, batch: MessageBatch) -> None:
        self._journal.note_accepted(part, batch.id)
        self._learn([batch])


def _which_part(part: Part, parts: int) -> str:
    return "The batch" if parts == 1 else f"Batch {part.number + 1} of {parts}"


def _which(part: Part, found: Sequence[MessageBatch]) -> str:
    ids = ", ".join(batch.id for batch in found)
    return (
        f"Which batch the {plural(part.span.requests, 'request', 'requests')} have become is not known: "
        f"{ids} are as many and as old as they would be. Look at them (`batchtui show ID`); tie the right "
        "one to its file with `batchtui attach ID FILE`, and cancel what you do not want."
    )
