"""Finds out what became of a batch whose answer was lost, by what the server lists and by custom_ids."""

from __future__ import annotations

import asyncio
import json
import math
import shlex
import time
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from batchtui.api import ApiError
from batchtui.submissions.journal import Journal
from batchtui.submissions.moment import Moment
from batchtui.submissions.records import Part, PartState
from batchtui.submissions.request_store import KeptRequests
from batchtui.text import long_duration, plural

if TYPE_CHECKING:
    from batchtui.api import BatchesClient, MessageBatch

UNKNOWN_SECONDS = 600.0
"""How long a batch may take to appear on the server; until then its requests are not sent again."""
PAGE = 100
SAMPLE = 20
"""Results whose custom_ids are compared, at most."""
SAMPLE_BYTES = 64 * 1024
LONGEST_LINE = 16 * 1024 * 1024


class NotSubmitted(Exception):
    """Some of a submission was not accepted; one sentence with what became of it and what to do."""


class Finder:
    """Tells which batch a part has become, if any.

    Args:
        client: Gives the API client when it is needed.
        journal: Where it is written down.
        learn: Told of batches that turned out to be ours.
        folder: Where the requests are kept.
        look_seconds: How long to wait before each look at the server.
        unknown_seconds: How long a batch may take to appear there.
    """

    def __init__(
        self,
        client: Callable[[], BatchesClient],
        journal: Journal,
        learn: Callable[[Sequence[MessageBatch]], object],
        *,
        folder: Path,
        look_seconds: Sequence[float],
        unknown_seconds: float,
    ) -> None:
        self._client = client
        self._journal = journal
        self._learn = learn
        self._folder = folder
        self._look_seconds = look_seconds
        self._unknown_seconds = unknown_seconds

    async def find(self, part: Part) -> Part:
        """Looks for the batch that a part has become, and returns the part as it is then.

        It is accepted only if custom_ids were compared; a batch that could not be compared makes it
        probable. Where nobody has looked since it was sent, this looks more than once.

        Raises:
            NotSubmitted: There are several that it may be.
            ApiError: The server cannot be asked.
        """
        for seconds in self._look_seconds if part.state is PartState.SENDING else (0.0,):
            await asyncio.sleep(seconds)
            part = await self.look(part)
            if part.state in (PartState.ACCEPTED, PartState.PROBABLE):
                return part
        return self._journal.note_absent(part)

    async def look(self, part: Part) -> Part:
        """Looks once; returns the part accepted, probable, or as it was but for what was dropped.

        Raises:
            NotSubmitted: There are several that it may be.
            ApiError: The server cannot be asked.
        """
        possible: list[MessageBatch] = []
        is_contested = False
        for batch in await self._candidates(part):
            has_ended = batch.processing_status == "ended"
            custom_ids = await first_custom_ids(self._client(), batch.id) if has_ended else []
            match = self._matches(part, custom_ids)
            if match is False:
                part = self._journal.note_dropped(part, batch.id)
                continue
            facts = batch.id, batch.request_counts.total, batch.created_at.timestamp()
            contested = self._is_contested(part, *facts, custom_ids)
            if match and not contested:
                return self.accept(part, batch)
            possible.append(batch)
            is_contested |= contested
        if is_contested or len(possible) > 1:
            raise NotSubmitted(self._which(part, possible))
        if possible:
            return self._journal.note_probable(part, possible[0].id)
        return part if part.candidate is None else self._journal.note_absent(part)

    def accept(self, part: Part, batch: MessageBatch) -> Part:
        """Writes down that a part has become a batch."""
        accepted = self._journal.note_accepted(part, batch.id)
        self._learn([batch])
        return accepted

    def may_be_ours(self, batch_id: str, requests: int, created_at: float) -> bool:
        """Whether a batch may be what became of a part whose answer was lost."""
        return any(_fits(part, batch_id, requests, created_at) for part in self._unknown_parts(batch_id))

    def compare(self, batch_id: str, requests: int, created_at: float, custom_ids: Collection[str]) -> None:
        """Confirms or drops a batch that may be what became of a part, by custom_ids of its results."""
        facts = batch_id, requests, created_at
        for part in self._unknown_parts(batch_id):
            if _fits(part, *facts):
                match = self._matches(part, custom_ids)
                if match is False:
                    self._journal.note_dropped(part, batch_id)
                elif match and not self._is_contested(part, *facts, custom_ids):
                    self._journal.note_accepted(part, batch_id)
                    return

    def why_wait(self, part: Part) -> str:
        """Why a part must not be sent again yet, and what to do; empty if it may be sent."""
        if part.state is PartState.PROBABLE:
            return (
                f"Probably {part.candidate}: same size, created since. Not confirmed. Run it again once that "
                f"batch has ended, or confirm it by `batchtui attach {part.candidate} {self._file(part)}`."
            )
        left = self._seconds_left(part)
        if left <= 0:
            return ""
        at = math.ceil((time.time() + left) / 60) * 60
        in_words = long_duration(max(60, math.ceil(left / 60) * 60))
        return f"Run it again after {time.strftime('%H:%M', time.localtime(at))} (in {in_words})."

    def _seconds_left(self, part: Part) -> float:
        if not part.may_exist:
            return 0.0
        passed = _unknown_since(part).elapsed(Moment.now(self._client().server_time))
        return self._unknown_seconds - passed

    def _unknown_parts(self, batch_id: str) -> list[Part]:
        return [] if batch_id in self._journal.known_batches() else self._journal.lost_parts()

    async def _candidates(self, part: Part) -> list[MessageBatch]:
        """Batches that are newer than what there was before, as large as the part, and nobody else's."""
        known = self._journal.known_batches()
        found = []
        async for batch in self._client().iterate(limit=PAGE):
            created_at = batch.created_at.timestamp()
            # By time as well as by id: the batch that was the newest may have been deleted since.
            if batch.id == part.newest_before or created_at < part.newest_before_at:
                break
            if batch.id not in known and _fits(part, batch.id, batch.request_counts.total, created_at):
                found.append(batch)
        return found

    def _is_contested(
        self, part: Part, batch_id: str, requests: int, created_at: float, custom_ids: Collection[str]
    ) -> bool:
        """Whether a batch may as well have come from other requests, of which it is not known either.

        Times cannot tell more: the `date` of an answer and `created_at` may be by different clocks.
        """
        return self._may_be_unrecorded(part, requests, custom_ids) or any(
            _fits(other, batch_id, requests, created_at)
            and self._may_appear_after(other, part)
            and self._matches(other, custom_ids) is not False
            for other in self._journal.unknown_attempts()
            if not self._is_same(other, part)
        )

    def _is_same(self, other: Part, part: Part) -> bool:
        """Whether two parts have the same requests for the same purpose: a batch may be either's."""
        ours, theirs = (self._journal.submission(one.submission) for one in (part, other))
        return (theirs.digest, theirs.parent, other.span) == (ours.digest, ours.parent, part.span)

    def _may_be_unrecorded(self, part: Part, requests: int, custom_ids: Collection[str]) -> bool:
        """Whether results may be those of kept requests without a record, other ones than those of a part.

        When these were sent, and as how many batches, is not known.
        """
        if not custom_ids:
            return False  # without results to compare, no batch is more than probable
        kept = KeptRequests(self._folder, part.submission).data
        size = kept.stat().st_size if kept.exists() else -1
        same = self._journal.same(self._journal.submission(part.submission).digest, size)
        for lost in self._journal.unrecorded():
            theirs = set(KeptRequests(self._folder, lost.id).all_custom_ids())
            is_same = lost.id in (one.id for one in same)
            if not is_same and len(theirs) >= requests and theirs.issuperset(custom_ids):
                return True
        return False

    def _may_appear_after(self, other: Part, part: Part) -> bool:
        """Whether another part may have become a batch that was not listed yet when this one was sent.

        Which was sent first is told by what the server listed then, as clocks may have been set since.
        """
        if other.newest_before_at >= part.newest_before_at:
            return True
        sent = _unknown_since(part)
        upload_seconds = sent.wall - (part.sent_at or 0.0)
        if upload_seconds < 0:
            return True  # the clock was set back meanwhile
        return _unknown_since(other).elapsed(sent) - upload_seconds < self._unknown_seconds

    def _matches(self, part: Part, custom_ids: Collection[str]) -> bool | None:
        """Whether results are those of a part, by their custom_ids; None if they cannot be compared."""
        kept = KeptRequests(self._folder, part.submission)
        if not custom_ids or not kept.data.exists():
            return None
        ours = set(kept.custom_ids(part.span))
        if len(ours) != part.span.requests:
            return None  # some are gone
        return ours.issuperset(custom_ids)

    def _file(self, part: Part) -> str:
        """The file that `attach` takes for a part, as a word for the shell."""
        submission = self._journal.submission(part.submission)
        # Requests that are sent again come from no file of the person's.
        kept = KeptRequests(self._folder, part.submission).data
        return shlex.quote(str(kept) if submission.parent else submission.source)

    def _which(self, part: Part, found: Sequence[MessageBatch]) -> str:
        ids = ", ".join(batch.id for batch in found)
        return (
            f"Which batch {plural(part.span.requests, 'request', 'requests')} have become is not known; as "
            f"large and created since: {ids}. Look there (`batchtui show ID`) and tie the right one to its "
            f"requests with `batchtui attach ID {self._file(part)}`; until then nothing is sent again."
        )


async def first_custom_ids(client: BatchesClient, batch_id: str) -> list[str]:
    """Return the custom_ids of a batch's first results; none if they cannot be read."""
    data = bytearray()
    try:
        async with client.results(batch_id) as stream:
            async for chunk in stream:
                data += chunk
                lines = data.count(b"\n")
                is_enough = lines >= SAMPLE or (lines and len(data) >= SAMPLE_BYTES)
                if is_enough or len(data) >= LONGEST_LINE:
                    break
    except ApiError:
        pass  # what has come is compared
    custom_ids = (_custom_id(line) for line in bytes(data).split(b"\n")[:SAMPLE])
    return [custom_id for custom_id in custom_ids if custom_id]


def _custom_id(line: bytes) -> str:
    """The custom_id of one result; empty for a line that was cut or is none."""
    try:
        result = json.loads(line)
    except (ValueError, RecursionError):
        return ""
    custom_id = result.get("custom_id") if isinstance(result, dict) and "result" in result else None
    return custom_id if isinstance(custom_id, str) else ""


def _unknown_since(part: Part) -> Moment:
    return part.unknown_since or Moment(part.sent_at or 0.0, None, None)


def _fits(part: Part, batch_id: str, requests: int, created_at: float) -> bool:
    """Whether a batch is as large as a part, newer than what there was before, and not dropped."""
    return (
        requests == part.span.requests
        and created_at >= part.newest_before_at
        and batch_id not in (part.newest_before, *part.dropped)
    )
