"""Records each submission before it is sent.

Unlike a cache, the journal must not be lost: it says what may have been paid for. Each submission has a
record in two places (see `record_store`). Stored requests without a record are *unrecorded*: they may have
been sent, so they are never removed, and identical requests are not sent without confirmation.

Reading raises `JournalError` only if the folder cannot be read; any other problem stops writing, and with it
sending.
"""

from __future__ import annotations

import os
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from batchtui.config import private_dir
from batchtui.submissions.errors import JournalError
from batchtui.submissions.moment import Moment
from batchtui.submissions.preparing import Prepared
from batchtui.submissions.receipts import Receipts, sync_folder
from batchtui.submissions.record_store import RecordStore
from batchtui.submissions.records import Part, PartState, Submission
from batchtui.submissions.request_file import RequestFile, Span


class _Lookups:
    """Indexes of all records."""

    def __init__(self, records: dict[str, Submission]) -> None:
        self.records = records
        self.by_digest: dict[str, list[Submission]] = defaultdict(list)
        self.by_parent: dict[str, list[Submission]] = defaultdict(list)
        self.by_batch: dict[str, Part] = {}
        """The part of each batch: the one that was submitted, else the one attached last."""
        for one in sorted(records.values(), key=lambda one: one.created_at, reverse=True):
            self.by_digest[one.digest].append(one)
            if one.parent:
                self.by_parent[one.parent].append(one)
            for part in one.parts:
                if part.batch_id and self._is_newer(part, part.batch_id):
                    self.by_batch[part.batch_id] = part

    def _is_newer(self, part: Part, batch_id: str) -> bool:
        before = self.by_batch.get(batch_id)
        return before is None or _precedence(before) < _precedence(part)


class Journal:
    """The journal of one workspace. Safe to use from several threads and processes.

    Args:
        folder: The workspace's private folder; it must exist.
    """

    def __init__(self, folder: Path) -> None:
        self._requests = folder / "requests"
        self._receipts = Receipts(self._requests)
        self._store = RecordStore(folder)
        self._lock = threading.Lock()
        self._lookups = _Lookups({})
        self._digests: dict[str, str] = {}
        """Digests of stored requests that have none in their record."""

    @property
    def notice(self) -> str:
        """What is damaged or cannot be used; empty if nothing."""
        return self._store.notice

    # Writing

    def begin(self, prepared: Prepared, parent: str | None = None) -> Submission:
        """Record a new submission with all parts waiting, and store its requests.

        Raises:
            JournalError: It cannot be recorded. Nothing may be sent.
        """
        name = prepared.file.name
        parts = [Part(name, number, span) for number, span in enumerate(prepared.parts)]
        return self._keep(prepared, self._submission(prepared, parts, parent=parent))

    def note_uploading(
        self, part: Part, newest_before: str, newest_before_at: float, earlier: tuple[Part, ...]
    ) -> Part:
        """Record that a part is about to be sent. On return it is on disk.

        If an earlier attempt may exist, its record stays until the last bytes of this one.

        Args:
            part: The part.
            newest_before: The newest batch on the server.
            newest_before_at: When that batch was created.
            earlier: The part at earlier attempts that may also exist.
        """
        values: dict[str, Any] = {
            "state": PartState.UPLOADING,
            "sent_at": time.time(),
            "newest_before": newest_before,
            "newest_before_at": newest_before_at,
            "unknown_since": None,
            "candidate": None,
            "is_unrecorded": False,
            "earlier": earlier,
        }
        return replace(part, **values) if part.may_exist else self._update(part, **values)

    def note_sending(self, part: Part, unknown_since: Moment) -> Part:
        """Record that the batch may exist from now on, until there is a clear response."""
        return self._write_attempt(
            replace(part, state=PartState.SENDING, unknown_since=unknown_since, candidate=None)
        )

    def note_absent(self, part: Part) -> Part:
        """Record that the server does not list the batch; it may still appear."""
        return self._update(part, state=PartState.ABSENT, candidate=None)

    def note_probable(self, part: Part, batch_id: str) -> Part:
        """Record that one batch on the server may be this part."""
        return self._update(part, state=PartState.PROBABLE, candidate=batch_id)

    def note_dropped(self, part: Part, batch_id: str) -> Part:
        """Record that a batch is not this part: it has other custom_ids."""

        def drop(current: Part) -> Part:
            dropped = replace(current, dropped=(*current.dropped, batch_id))
            if current.candidate == batch_id:
                return replace(dropped, state=PartState.ABSENT, candidate=None)
            return dropped

        return self._change_part(part, drop)

    def note_not_sent(self, before: Part) -> None:
        """Record that an attempt created no batch: the server refused it, or was never reached.

        Args:
            before: The part before that attempt. If it may have existed then, it still may.
        """
        never_sent = Part(before.submission, before.number, before.span, earlier=before.earlier)
        self._write_attempt(before if before.may_exist else never_sent)

    def note_accepted(self, part: Part, batch_id: str) -> Part:
        """Record the batch of a part."""
        known = {"state": PartState.ACCEPTED, "batch_id": batch_id}
        return self._update(part, **known, unknown_since=None, candidate=None)

    def attach(self, batch_id: str, prepared: Prepared, span: Span) -> None:
        """Attach requests to a batch, in place of those attached before.

        Identical requests of another attachment, or without a record, are reused instead of stored twice.
        """
        identical = self.identical(prepared.digest, prepared.size)
        others = [one for one in identical if all(part.state is PartState.ATTACHED for part in one.parts)]
        if not others:
            part = Part(prepared.file.name, 0, span, PartState.ATTACHED, batch_id, time.time())
            self._keep(prepared, self._submission(prepared, [part]))
            self.detach(batch_id, keep=part.submission)
            return
        other = others[0]
        was_lost = other.is_unrecorded or any(part.was_lost for part in other.parts)
        attached = Part(other.id, 0, span, PartState.ATTACHED, batch_id, time.time(), was_lost=was_lost)

        def add(current: Submission | None) -> Submission:
            current = current or replace(self._submission(prepared, []), id=other.id)
            return replace(current, digest=prepared.digest, parts=_numbered([*current.parts, attached]))

        self._store.change(other.id, add)
        self.detach(batch_id, keep=other.id)

    def note_attached(self, part: Part, batch_id: str) -> None:
        """Record the batch of a part whose response was lost, as the user says."""
        known = {"state": PartState.ACCEPTED, "batch_id": batch_id, "was_lost": True}
        self._update(part, **known, candidate=None)
        self.detach(batch_id, keep=part.submission)

    def record_again(self, submission: Submission) -> None:
        """Record what may have been sent of unrecorded requests."""
        self._store.change(submission.id, lambda current: current or submission)

    def detach(self, batch_id: str, *, keep: str = "") -> None:
        """Undo attachments to a batch: a part whose response was lost may be another batch again.

        Args:
            batch_id: The batch.
            keep: A submission to leave unchanged.
        """
        for one in list(self._all().records.values()):
            mine = [part for part in one.parts if part.batch_id == batch_id and part.is_attached]
            if mine and one.id != keep:
                self._detach(one.id, mine)

    def _detach(self, submission: str, attached: Sequence[Part]) -> None:
        def is_unneeded(current: Submission) -> bool:
            if any(part not in attached for part in current.parts):
                return False
            if not any(part.was_lost for part in attached):
                RequestFile(self._requests, submission).remove()
            return True

        def without(current: Submission | None) -> Submission:
            current = self._existing(submission, current)
            parts = (_lost_again(part) if part in attached else part for part in current.parts)
            return replace(current, parts=_numbered([part for part in parts if part]))

        is_foreign = all(part.state is PartState.ATTACHED for part in attached)
        if not (is_foreign and self._store.remove(submission, is_unneeded)):
            self._store.change(submission, without)

    def restore_requests(self, submission: Submission, prepared: Prepared) -> None:
        """Store the requests of a submission again if they are missing or incomplete.

        Raises:
            JournalError: They cannot be stored.
        """
        if self._receipts.copy_size(submission.id) != prepared.size:
            with self._store.journal_errors():
                prepared.file.sync()
                self._move(prepared, submission.id)

    def remove_unsent(self, submission: str) -> bool:
        """Remove a submission and its requests if none of it can have been sent; return whether it did."""

        def remove_requests(current: Submission) -> bool:
            if current.was_sent:
                return False
            # Requests go first: without a record they would count as possibly sent.
            RequestFile(self._requests, submission).remove()
            return True

        return self._store.remove(submission, remove_requests)

    @staticmethod
    def _submission(prepared: Prepared, parts: Sequence[Part], parent: str | None = None) -> Submission:
        source = os.fsencode(prepared.source).decode(errors="replace")  # a file name may not be valid UTF-8
        name, requests = prepared.file.name, prepared.requests
        return Submission(name, prepared.digest, source, requests, parent, time.time(), parts)

    def _keep(self, prepared: Prepared, submission: Submission) -> Submission:
        """Record a new submission and move its requests out of the drafts."""
        # The record goes first: requests without one would count as possibly sent.
        with self._store.journal_errors():
            prepared.file.sync()
            made = self._store.change(submission.id, lambda _: submission)
            self._move(prepared, submission.id)
        return made

    def _move(self, prepared: Prepared, name: str) -> None:
        stored = RequestFile(private_dir(self._requests), name)
        prepared.file.index.rename(stored.index)
        prepared.file.data.rename(stored.data)
        prepared.file, prepared.is_recorded = stored, True
        sync_folder(self._requests)

    def _write_attempt(self, part: Part) -> Part:
        """Record an attempt to send a part; rejected batches stay recorded."""
        return self._change_part(
            part, lambda current: replace(part, batch_id=current.batch_id, dropped=current.dropped)
        )

    def _update(self, part: Part, **values: Any) -> Part:  # noqa: ANN401 - fields of Part
        return self._change_part(part, lambda current: replace(current, **values))

    def _change_part(self, part: Part, change_part: Callable[[Part], Part]) -> Part:
        def change(current: Submission | None) -> Submission:
            current = self._existing(part.submission, current)
            parts = [change_part(one) if one.number == part.number else one for one in current.parts]
            return replace(current, parts=parts)

        return self._store.change(part.submission, change).parts[part.number]

    @staticmethod
    def _existing(submission: str, current: Submission | None) -> Submission:
        if current is None:
            raise JournalError(f"The record of {submission} is missing. Run the same command again.")
        return current

    # Reading

    def refresh(self) -> None:
        """Read the disk again, before anything is sent.

        Raises:
            JournalError: The journal cannot be read or written.
        """
        self._store.refresh()

    def requests_of(self, batch_id: str) -> tuple[str, Span] | None:
        """Return the submission that has the requests of a batch, and their span."""
        part = self._all().by_batch.get(batch_id)
        return (part.submission, part.span) if part else None

    def submission(self, submission: str) -> Submission:
        """Return a submission by its id.

        Raises:
            LookupError: There is none.
        """
        found = self._all().records.get(submission)
        if found is None:
            raise LookupError(f"no submission {submission}")
        return found

    def identical(self, digest: str, size: int) -> list[Submission]:
        """Return submissions of the same content, newest first, including unrecorded and attached ones.

        Args:
            digest: SHA-256 of the content.
            size: Its bytes. Only requests of that size are read to compute a missing digest.
        """
        known = self._all()
        lost = [*self.unrecorded(), *known.by_digest.get("", [])]
        found = [replace(one, digest=digest) for one in lost if self._digest(one.id, size) == digest]
        found += known.by_digest.get(digest, [])
        return sorted(found, key=lambda one: one.created_at, reverse=True)

    def unrecorded(self) -> list[Submission]:
        """Return stored requests without a record, which may have been sent. Their number is unknown."""
        self._all()
        found = []
        for name in sorted(self._store.unrecorded):
            copy = self._receipts.copy(name)
            with suppress(FileNotFoundError):
                found.append(Submission(name, "", str(copy), 0, None, copy.stat().st_mtime, ()))
        return found

    def possible_children(self, batch_id: str) -> list[Submission]:
        """Return submissions without their first record, which may be resubmissions of a batch."""
        attached = (one for one in self._all().records.values() if one.may_have_parent)
        return [*self.unrecorded(), *(one for one in attached if batch_id not in one.batch_ids)]

    def parts(self, submission: str) -> list[Part]:
        """Return the parts of a submission; none if it does not exist."""
        found = self._all().records.get(submission)
        return list(found.parts) if found else []

    def part_of(self, batch_id: str) -> Part | None:
        """Return the part of a batch, submitted or attached."""
        return self._all().by_batch.get(batch_id)

    def submission_of(self, batch_id: str) -> Submission | None:
        """Return the submission of a batch, if batchtui submitted it."""
        known = self._all()
        part = known.by_batch.get(batch_id)
        if part is None or part.state is PartState.ATTACHED:
            return None
        return known.records[part.submission]

    def children(self, batch_id: str) -> list[Submission]:
        """Return the submissions that resubmit requests of a batch, oldest first."""
        return self._all().by_parent.get(batch_id, [])[::-1]

    def known_batches(self) -> set[str]:
        """Return the batches whose requests are known."""
        return set(self._all().by_batch)

    def lost_parts(self) -> list[Part]:
        """Return parts that may exist although their batch is unknown."""
        return [part for one in self._all().records.values() for part in one.parts if part.may_exist]

    def unknown_attempts(self) -> list[Part]:
        """Return all parts, at each attempt, whose batch may exist but is unknown."""
        parts = (part for one in self._all().records.values() for part in one.parts)
        return [attempt for part in parts for attempt in part.unknown_attempts]

    def close(self) -> None:
        """Close the file."""
        self._store.close()

    def _digest(self, name: str, size: int) -> str:
        if name not in self._digests:
            if self._receipts.copy_size(name) != size:
                return ""
            self._digests[name] = self._receipts.digest(name)
        return self._digests[name]

    def _all(self) -> _Lookups:
        records = self._store.records()
        with self._lock:
            if self._lookups.records is not records:
                self._lookups = _Lookups(records)
            return self._lookups


def _precedence(part: Part) -> tuple[bool, float]:
    return part.state is PartState.ACCEPTED, part.sent_at or 0.0


def _numbered(parts: Sequence[Part]) -> list[Part]:
    return [replace(part, number=number) for number, part in enumerate(parts)]


def _lost_again(part: Part) -> Part | None:
    """Return a part without its attached batch; None if the batch was created elsewhere."""
    if part.state is PartState.ATTACHED or part.batch_id is None:
        return None
    dropped = (*part.dropped, part.batch_id)
    return replace(part, state=PartState.SENDING, batch_id=None, was_lost=False, dropped=dropped)
