"""What was submitted from here, written down before it is sent.

This is no cache: it says what may have been paid for already. Each submission has a record, kept in two
places (see `store`). Kept requests without a record are *unrecorded*: whether they were sent is unknown, so
they are never removed, and the same content is not sent again without a yes.

The one error is `JournalError`, an OSError with a sentence for the person. Reading raises it only where the
folder itself cannot be read; all else that is wrong stops writing, and with it sending.
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
from batchtui.submissions.moment import Moment
from batchtui.submissions.preparing import Prepared
from batchtui.submissions.receipts import Receipts, sync_folder
from batchtui.submissions.record_store import JournalError, Store
from batchtui.submissions.records import Part, PartState, Submission
from batchtui.submissions.request_store import KeptRequests, Span


class _Lookups:
    """Ways to find records.

    Args:
        records: All of them.
    """

    def __init__(self, records: dict[str, Submission]) -> None:
        self.records = records
        self.by_digest: dict[str, list[Submission]] = defaultdict(list)
        self.by_parent: dict[str, list[Submission]] = defaultdict(list)
        self.by_batch: dict[str, Part] = {}
        """The part that each batch came from: what was sent from here, else what was attached last."""
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
    """The journal of one workspace. May be used from any thread, and by several processes.

    Args:
        folder: The workspace's private folder; it must exist.
    """

    def __init__(self, folder: Path) -> None:
        self._requests = folder / "requests"
        self._receipts = Receipts(self._requests)
        self._store = Store(folder)
        self._lock = threading.Lock()
        self._lookups = _Lookups({})
        self._digests: dict[str, str] = {}
        """Of kept requests whose digest is not recorded."""

    @property
    def notice(self) -> str:
        """One sentence for the person when something was damaged or cannot be used; else empty."""
        return self._store.notice

    # Writing

    def begin(self, prepared: Prepared, parent: str | None = None) -> Submission:
        """Writes down what is about to be sent, all of it still waiting, and keeps its requests.

        Raises:
            JournalError: It cannot be written down; nothing may be sent.
        """
        name = prepared.kept.name
        parts = [Part(name, number, span) for number, span in enumerate(prepared.parts)]
        return self._keep(prepared, self._submission(prepared, parts, parent=parent))

    def note_uploading(
        self, part: Part, newest_before: str, newest_before_at: float, earlier: tuple[Part, ...]
    ) -> Part:
        """Writes down that a part is about to be sent; once this is back, it is on disk.

        What may exist by an earlier attempt stays written down as such until the last bytes of this one.

        Args:
            part: The part.
            newest_before: The newest batch on the server.
            newest_before_at: When that one was created.
            earlier: The part at earlier attempts that may exist as well as this one.
        """
        values: dict[str, Any] = {
            "state": PartState.UPLOADING,
            "sent_at": time.time(),
            "newest_before": newest_before,
            "newest_before_at": newest_before_at,
            "unknown_since": None,
            "candidate": None,
            "earlier": earlier,
        }
        return replace(part, **values) if part.may_exist else self._update(part, **values)

    def note_sending(self, part: Part, unknown_since: Moment) -> Part:
        """Writes down that the batch may exist from now on, until there is a clear answer."""
        return self._write_attempt(
            replace(part, state=PartState.SENDING, unknown_since=unknown_since, candidate=None)
        )

    def note_absent(self, part: Part) -> Part:
        """Writes down that the server was looked at and does not have it; it may still appear."""
        return self._update(part, state=PartState.ABSENT, candidate=None)

    def note_probable(self, part: Part, batch_id: str) -> Part:
        """Writes down that a batch on the server may be this part, and no other batch may."""
        return self._update(part, state=PartState.PROBABLE, candidate=batch_id)

    def note_dropped(self, part: Part, batch_id: str) -> Part:
        """Writes down that a batch is not this part: it has other custom_ids."""

        def drop(current: Part) -> Part:
            dropped = replace(current, dropped=(*current.dropped, batch_id))
            if current.candidate == batch_id:
                return replace(dropped, state=PartState.ABSENT, candidate=None)
            return dropped

        return self._change_part(part, drop)

    def note_not_sent(self, before: Part) -> None:
        """Writes down that an attempt left no batch: the server said no, or was never reached.

        Args:
            before: The part before that attempt. If it may have existed then, it still may.
        """
        never_sent = Part(before.submission, before.number, before.span, earlier=before.earlier)
        self._write_attempt(before if before.may_exist else never_sent)

    def note_accepted(self, part: Part, batch_id: str) -> Part:
        """Writes down which batch a part has become, and that it came from the part's requests."""
        known = {"state": PartState.ACCEPTED, "batch_id": batch_id}
        return self._update(part, **known, unknown_since=None, candidate=None)

    def attach(self, batch_id: str, prepared: Prepared, span: Span) -> None:
        """Ties a batch to the requests that it came from; they take the place of what was attached before.

        The same requests are kept once: those of an earlier attachment, and those that are unrecorded.
        """
        same = self.same(prepared.digest, prepared.size)
        others = [one for one in same if all(part.state is PartState.ATTACHED for part in one.parts)]
        if not others:
            part = Part(prepared.kept.name, 0, span, PartState.ATTACHED, batch_id, time.time())
            self._keep(prepared, self._submission(prepared, [part]))
            self.detach(batch_id, but=part.submission)
            return
        other = others[0]
        was_lost = other.is_unrecorded or any(part.was_lost for part in other.parts)
        attached = Part(other.id, 0, span, PartState.ATTACHED, batch_id, time.time(), was_lost=was_lost)

        def add(current: Submission | None) -> Submission:
            current = current or replace(self._submission(prepared, []), id=other.id)
            return replace(current, digest=prepared.digest, parts=_numbered([*current.parts, attached]))

        self._store.change(other.id, add)
        self.detach(batch_id, but=other.id)

    def note_attached(self, part: Part, batch_id: str) -> None:
        """Writes down which batch a part has become whose answer was lost, as a person says."""
        known = {"state": PartState.ACCEPTED, "batch_id": batch_id, "was_lost": True}
        self._update(part, **known, candidate=None)
        self.detach(batch_id, but=part.submission)

    def detach(self, batch_id: str, *, but: str = "") -> None:
        """Undoes what a person said of a batch: what was lost is so again, and may be another batch.

        Args:
            batch_id: The batch.
            but: A submission that stays as it is.
        """
        for one in list(self._all().records.values()):
            mine = [part for part in one.parts if part.batch_id == batch_id and part.is_attached]
            if mine and one.id != but:
                self._detach(one.id, mine)

    def _detach(self, submission: str, attached: Sequence[Part]) -> None:
        def is_unneeded(current: Submission) -> bool:
            if any(part not in attached for part in current.parts):
                return False
            if not any(part.was_lost for part in attached):
                KeptRequests(self._requests, submission).remove()
            return True

        def without(current: Submission | None) -> Submission:
            current = self._still_there(submission, current)
            parts = (_lost_again(part) if part in attached else part for part in current.parts)
            return replace(current, parts=_numbered([part for part in parts if part]))

        is_made_elsewhere = all(part.state is PartState.ATTACHED for part in attached)
        if not (is_made_elsewhere and self._store.remove(submission, is_unneeded)):
            self._store.change(submission, without)

    def restore_requests(self, submission: Submission, prepared: Prepared) -> None:
        """Keeps requests of the same content again if those of a submission are gone or cut short.

        Raises:
            JournalError: They cannot be kept.
        """
        if self._receipts.copy_size(submission.id) != prepared.size:
            with self._store.explaining():
                prepared.kept.sync()
                self._move(prepared, submission.id)

    def forget_unsent(self, submission: str) -> bool:
        """Removes a submission and its requests if nothing of it can have been sent; returns whether."""

        def may_go(current: Submission) -> bool:
            if current.was_sent:
                return False
            # Before the record: requests without one may have been sent.
            KeptRequests(self._requests, submission).remove()
            return True

        return self._store.remove(submission, may_go)

    @staticmethod
    def _submission(prepared: Prepared, parts: Sequence[Part], parent: str | None = None) -> Submission:
        source = os.fsencode(prepared.source).decode(errors="replace")  # a file's name need not be text
        kept, requests = prepared.kept.name, prepared.requests
        return Submission(kept, prepared.digest, source, requests, parent, time.time(), parts)

    def _keep(self, prepared: Prepared, submission: Submission) -> Submission:
        """Writes a new submission down and moves its requests from the drafts to the kept ones."""
        # The record comes first: requests without one would look as if they may have been sent.
        with self._store.explaining():
            prepared.kept.sync()
            made = self._store.change(submission.id, lambda _: submission)
            self._move(prepared, submission.id)
        return made

    def _move(self, prepared: Prepared, name: str) -> None:
        kept = KeptRequests(private_dir(self._requests), name)
        prepared.kept.index.rename(kept.index)
        prepared.kept.data.rename(kept.data)
        prepared.kept, prepared.is_begun = kept, True
        sync_folder(self._requests)

    def _write_attempt(self, part: Part) -> Part:
        """Writes down what is known of the attempts to send a part; batches that were dropped stay."""
        return self._change_part(
            part, lambda current: replace(part, batch_id=current.batch_id, dropped=current.dropped)
        )

    def _update(self, part: Part, **values: Any) -> Part:  # noqa: ANN401 - fields of Part
        return self._change_part(part, lambda current: replace(current, **values))

    def _change_part(self, part: Part, change_part: Callable[[Part], Part]) -> Part:
        def change(current: Submission | None) -> Submission:
            current = self._still_there(part.submission, current)
            parts = [change_part(one) if one.number == part.number else one for one in current.parts]
            return replace(current, parts=parts)

        return self._store.change(part.submission, change).parts[part.number]

    @staticmethod
    def _still_there(submission: str, current: Submission | None) -> Submission:
        if current is None:
            raise JournalError(f"The record of {submission} is gone. Run the same command again.")
        return current

    # Reading

    def refresh(self) -> None:
        """Looks at the disk again, before anything is sent.

        Raises:
            JournalError: It cannot be told what was sent, or nothing could be written down.
        """
        self._store.refresh()

    def requests_of(self, batch_id: str) -> tuple[str, Span] | None:
        """The name of the kept requests of a batch, and which of them are its own."""
        part = self._all().by_batch.get(batch_id)
        return (part.submission, part.span) if part else None

    def submission(self, submission: str) -> Submission:
        """One submission by its id.

        Raises:
            LookupError: There is none.
        """
        found = self._all().records.get(submission)
        if found is None:
            raise LookupError(f"no submission {submission}")
        return found

    def same(self, digest: str, size: int) -> list[Submission]:
        """Submissions of the same content, newest first; also what is unrecorded or was attached.

        Args:
            digest: SHA-256 of the content.
            size: Its bytes, so that only kept requests as long need to be read where there is no digest.
        """
        known = self._all()
        lost = [*self.unrecorded(), *known.by_digest.get("", [])]
        same = [replace(one, digest=digest) for one in lost if self._digest(one.id, size) == digest]
        found = [*known.by_digest.get(digest, []), *same]
        return sorted(found, key=lambda one: one.created_at, reverse=True)

    def unrecorded(self) -> list[Submission]:
        """Kept requests of which it is not known whether they were sent; the number of them is not known."""
        self._all()
        found = []
        for name in sorted(self._store.unrecorded):
            copy = self._receipts.copy(name)
            with suppress(FileNotFoundError):
                found.append(Submission(name, "", str(copy), 0, None, copy.stat().st_mtime, ()))
        return found

    def parts(self, submission: str) -> list[Part]:
        """The parts of a submission; none if there is no such submission."""
        found = self._all().records.get(submission)
        return list(found.parts) if found else []

    def part_of(self, batch_id: str) -> Part | None:
        """The part that has become a batch, by what was submitted from here or attached."""
        return self._all().by_batch.get(batch_id)

    def submission_of(self, batch_id: str) -> Submission | None:
        """The submission that a batch came from, if it was submitted from here."""
        known = self._all()
        part = known.by_batch.get(batch_id)
        if part is None or part.state is PartState.ATTACHED:
            return None
        return known.records[part.submission]

    def children(self, batch_id: str) -> list[Submission]:
        """What was submitted again of a batch, oldest first."""
        return self._all().by_parent.get(batch_id, [])[::-1]

    def known_batches(self) -> set[str]:
        """The batches of which it is known which requests they came from."""
        return set(self._all().by_batch)

    def lost_parts(self) -> list[Part]:
        """Parts that may exist although no batch is known for them."""
        return [part for one in self._all().records.values() for part in one.parts if part.may_exist]

    def unknown_attempts(self) -> list[Part]:
        """All parts at each attempt that may have become a batch that is not known."""
        parts = (part for one in self._all().records.values() for part in one.parts)
        return [attempt for part in parts for attempt in part.unknown_attempts]

    def close(self) -> None:
        """Closes the file."""
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
    """A part without the batch that was attached to it; None if it was made elsewhere."""
    if part.state is PartState.ATTACHED or part.batch_id is None:
        return None
    dropped = (*part.dropped, part.batch_id)
    return replace(part, state=PartState.SENDING, batch_id=None, was_lost=False, dropped=dropped)
