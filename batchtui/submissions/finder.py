"""Finds out whether a batch whose response was lost exists, by listing batches and comparing custom_ids."""

from __future__ import annotations

import asyncio
import json
import math
import shlex
import time
from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING

from batchtui.api import ApiError
from batchtui.submissions.errors import NotSubmitted
from batchtui.submissions.moment import Moment
from batchtui.submissions.records import Part, PartState
from batchtui.submissions.request_store import RequestStore
from batchtui.text import long_duration, plural

if TYPE_CHECKING:
    from batchtui.api import BatchesClient, MessageBatch

APPEAR_SECONDS = 600.0
"""How long a batch may take to appear on the server; until then its requests are not sent again."""
LOOKUP_DELAYS: Sequence[float] = (0.0, 2.0, 4.0, 8.0)
"""Seconds before each lookup of a batch whose response was lost."""
PAGE = 100
SAMPLE = 20
"""Maximum number of results whose custom_ids are compared."""
SAMPLE_BYTES = 64 * 1024
MAX_LINE_BYTES = 16 * 1024 * 1024


class Finder:
    """Finds the batch that a part has become.

    Args:
        store: The stored requests and their journal.
        client: Returns the API client.
        on_accepted: Called with batches found to be ours.
        lookup_delays: Seconds before each lookup.
        appear_seconds: How long a batch may take to appear on the server.
    """

    def __init__(
        self,
        store: RequestStore,
        client: Callable[[], BatchesClient],
        on_accepted: Callable[[Sequence[MessageBatch]], object],
        lookup_delays: Sequence[float],
        appear_seconds: float,
    ) -> None:
        self._store = store
        self._client = client
        self._on_accepted = on_accepted
        self._lookup_delays = lookup_delays
        self._appear_seconds = appear_seconds

    async def find(self, part: Part) -> Part:
        """Look for the batch of a part, several times if it was just sent; return the updated part.

        The part is accepted only if its custom_ids match the results; without results it is probable.

        Raises:
            NotSubmitted: Several batches match.
            ApiError: The server cannot be asked.
        """
        for seconds in self._lookup_delays if part.state is PartState.SENDING else (0.0,):
            await asyncio.sleep(seconds)
            part = await self.look_once(part)
            if part.state in (PartState.ACCEPTED, PartState.PROBABLE):
                return part
        return self._store.journal.note_absent(part)

    async def look_once(self, part: Part) -> Part:
        """Look for the batch of a part; return the part accepted, probable, or without rejected batches.

        Raises:
            NotSubmitted: Several batches match.
            ApiError: The server cannot be asked.
        """
        possible: list[MessageBatch] = []
        is_contested = False
        for batch in await self._candidates(part):
            has_ended = batch.processing_status == "ended"
            custom_ids = await first_custom_ids(self._client(), batch.id) if has_ended else []
            match = self._matches(part, custom_ids)
            if match is False:
                part = self._store.journal.note_dropped(part, batch.id)
                continue
            facts = batch.id, batch.request_counts.total, batch.created_at.timestamp()
            contested = self._is_contested(part, *facts, custom_ids)
            if match and not contested:
                return self.accept(part, batch)
            possible.append(batch)
            is_contested |= contested
        if is_contested or len(possible) > 1:
            raise NotSubmitted(self._ambiguous(part, possible))
        if possible:
            return self._store.journal.note_probable(part, possible[0].id)
        return part if part.candidate is None else self._store.journal.note_absent(part)

    def accept(self, part: Part, batch: MessageBatch) -> Part:
        """Record the batch of a part."""
        accepted = self._store.journal.note_accepted(part, batch.id)
        self._on_accepted([batch])
        return accepted

    def may_be_ours(self, batch_id: str, requests: int, created_at: float) -> bool:
        """Return whether a batch may be one whose response was lost."""
        return any(_fits(part, batch_id, requests, created_at) for part in self._unknown_parts(batch_id))

    def compare(self, batch_id: str, requests: int, created_at: float, custom_ids: Collection[str]) -> None:
        """Accept or reject a batch whose response may have been lost, by custom_ids of its results."""
        facts = batch_id, requests, created_at
        for part in self._unknown_parts(batch_id):
            if _fits(part, *facts):
                match = self._matches(part, custom_ids)
                if match is False:
                    self._store.journal.note_dropped(part, batch_id)
                elif match and not self._is_contested(part, *facts, custom_ids):
                    self._store.journal.note_accepted(part, batch_id)
                    return

    def why_wait(self, part: Part) -> str:
        """Return why a part must not be sent again yet, and what to do; empty if it can be sent."""
        if part.state is PartState.PROBABLE:
            return (
                f"Probably {part.candidate}: same size, created since. Not confirmed. Run the command again "
                f"when that batch has ended, or run `batchtui attach {part.candidate} {self._file(part)}`."
            )
        if part.is_unrecorded:
            requests, file = plural(part.span.requests, "request", "requests"), self._file(part)
            return (
                f"{requests} of {file} may have been sent: the record was lost. "
                f"Run `batchtui attach ID {file}` with their batch, or add --allow-duplicate to send them."
            )
        left = self._seconds_left(part)
        if left <= 0:
            return ""
        at = math.ceil((time.time() + left) / 60) * 60
        wait = long_duration(max(60, math.ceil(left / 60) * 60))
        return f"Run the command again after {time.strftime('%H:%M', time.localtime(at))} (in {wait})."

    def _seconds_left(self, part: Part) -> float:
        if not part.may_exist:
            return 0.0
        passed = _unknown_since(part).elapsed(Moment.now(self._client().server_time))
        return self._appear_seconds - passed

    def _unknown_parts(self, batch_id: str) -> list[Part]:
        return [] if batch_id in self._store.journal.known_batches() else self._store.journal.lost_parts()

    async def _candidates(self, part: Part) -> list[MessageBatch]:
        """Return batches with as many requests as a part, created since, and of unknown origin."""
        known = self._store.journal.known_batches()
        found = []
        async for batch in self._client().iterate(limit=PAGE):
            created_at = batch.created_at.timestamp()
            # By time, too: the batch that was newest then may have been deleted.
            if batch.id == part.newest_before or created_at < part.newest_before_at:
                break
            if batch.id not in known and _fits(part, batch.id, batch.request_counts.total, created_at):
                found.append(batch)
        return found

    def _is_contested(
        self, part: Part, batch_id: str, requests: int, created_at: float, custom_ids: Collection[str]
    ) -> bool:
        """Return whether a batch may also come from another part whose response was lost.

        Times say no more: the `date` header and `created_at` may be from different clocks.
        """
        return self._may_be_unrecorded(part, requests, custom_ids) or any(
            _fits(other, batch_id, requests, created_at)
            and self._may_appear_after(other, part)
            and self._matches(other, custom_ids) is not False
            for other in self._store.journal.unknown_attempts()
            if not self._is_same(other, part)
        )

    def _is_same(self, other: Part, part: Part) -> bool:
        """Return whether two parts have the same requests and parent, so that a batch counts for either."""
        ours, theirs = (self._store.journal.submission(one.submission) for one in (part, other))
        return (theirs.digest, theirs.parent, other.span) == (ours.digest, ours.parent, part.span)

    def _may_be_unrecorded(self, part: Part, requests: int, custom_ids: Collection[str]) -> bool:
        """Return whether results may come from other requests, of which the record was lost.

        When those were sent, and as how many batches, is unknown.
        """
        if not custom_ids:
            return False  # without results a batch is at most probable
        data = self._store.file(part.submission).data
        size = data.stat().st_size if data.exists() else -1
        identical = self._store.journal.identical(
            self._store.journal.submission(part.submission).digest, size
        )
        for lost in self._store.journal.unrecorded():
            theirs = set(self._store.file(lost.id).all_custom_ids())
            is_same = lost.id in (one.id for one in identical)
            if not is_same and len(theirs) >= requests and theirs.issuperset(custom_ids):
                return True
        return False

    def _may_appear_after(self, other: Part, part: Part) -> bool:
        """Return whether the batch of another part may have appeared only after this one was sent.

        What the server listed at the time shows which was sent first; clocks may have been set since.
        """
        if other.is_unrecorded or other.newest_before_at >= part.newest_before_at:
            return True
        sent = _unknown_since(part)
        upload_seconds = sent.wall - (part.sent_at or 0.0)
        if upload_seconds < 0:
            return True  # the clock was set back in between
        return _unknown_since(other).elapsed(sent) - upload_seconds < self._appear_seconds

    def _matches(self, part: Part, custom_ids: Collection[str]) -> bool | None:
        """Return whether results belong to a part, by their custom_ids; None if they cannot be compared."""
        file = self._store.file(part.submission)
        if not custom_ids or not file.data.exists():
            return None
        ours = set(file.custom_ids(part.span))
        if len(ours) != part.span.requests:
            return None  # the file is incomplete
        return ours.issuperset(custom_ids)

    def _file(self, part: Part) -> str:
        """Return the file to `attach` for a part, quoted for the shell."""
        submission = self._store.journal.submission(part.submission)
        # Resubmitted requests do not come from a file of the user.
        data = self._store.file(part.submission).data
        return shlex.quote(str(data) if submission.parent else submission.source)

    def _ambiguous(self, part: Part, found: Sequence[MessageBatch]) -> str:
        ids = ", ".join(batch.id for batch in found)
        return (
            f"Several batches may be the {plural(part.span.requests, 'request', 'requests')} sent: "
            f"{ids}. Nothing is sent until you find the right one (`batchtui show ID`) and run "
            f"`batchtui attach ID {self._file(part)}`."
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
                if is_enough or len(data) >= MAX_LINE_BYTES:
                    break
    except ApiError:
        pass  # compare what was received
    custom_ids = (_custom_id(line) for line in bytes(data).split(b"\n")[:SAMPLE])
    return [custom_id for custom_id in custom_ids if custom_id]


def _custom_id(line: bytes) -> str:
    """Return the custom_id of a result; empty if the line is incomplete or not a result."""
    try:
        result = json.loads(line)
    except (ValueError, RecursionError):
        return ""
    custom_id = result.get("custom_id") if isinstance(result, dict) and "result" in result else None
    return custom_id if isinstance(custom_id, str) else ""


def _unknown_since(part: Part) -> Moment:
    return part.unknown_since or Moment(part.sent_at or 0.0, None, None)


def _fits(part: Part, batch_id: str, requests: int, created_at: float) -> bool:
    """Return whether a batch has as many requests as a part, was created since, and was not rejected."""
    return (
        requests == part.span.requests
        and created_at >= part.newest_before_at
        and batch_id not in (part.newest_before, *part.dropped)
    )
