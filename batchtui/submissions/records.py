"""What is written down of a submission, and the sealed form in which it lies on the disk."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import msgspec

from batchtui.submissions.moment import Moment
from batchtui.submissions.request_store import Span

VERSION = 1
"""Of the sealed form. A field with a default may be added to `Part` or `Submission` without a new one."""


class PartState(StrEnum):
    """How far one batch of a submission has come."""

    WAITING = "waiting"
    """Nothing was sent."""
    UPLOADING = "uploading"
    """Its first bytes were sent, its last ones were not: it cannot exist."""
    SENDING = "sending"
    """Its last bytes were sent or about to be, and no clear answer has come: it may exist."""
    ACCEPTED = "accepted"
    """It exists; its id is known."""
    ABSENT = "absent"
    """It was sent, no answer came, and the server was then asked and did not have it: it may appear late."""
    PROBABLE = "probable"
    """It was sent, no answer came, and the server has one batch that it may be."""
    ATTACHED = "attached"
    """It was made elsewhere; a person said that it came from these requests."""


UNKNOWN_STATES = (PartState.SENDING, PartState.ABSENT, PartState.PROBABLE)
"""States of a part that may exist although no batch is known for it."""


@dataclass(frozen=True, slots=True)
class Part:
    """One batch of a submission.

    Attributes:
        submission: The submission's id, which is also the name of its kept requests.
        number: Which part, from 0.
        span: Its requests.
        state: How far it has come.
        batch_id: The batch, once known.
        sent_at: When sending or attaching began, in seconds since the epoch by this machine's clock.
        newest_before: The newest batch on the server at that time; empty if there was none.
        newest_before_at: When that one was created, by the server's clock; 0 if there was none.
        unknown_since: When its last bytes were sent or its answer was lost, whichever came last.
        candidate: The batch that it probably is, which is not confirmed.
        dropped: Batches that looked like it and turned out to have other custom_ids.
        was_lost: Whether its answer, or all records of it, were lost before a person attached the batch.
        earlier: The part at earlier attempts that may exist as well: it was sent again by an explicit yes.
    """

    submission: str
    number: int
    span: Span
    state: PartState = PartState.WAITING
    batch_id: str | None = None
    sent_at: float | None = None
    newest_before: str | None = None
    newest_before_at: float = 0.0
    unknown_since: Moment | None = None
    candidate: str | None = None
    dropped: tuple[str, ...] = ()
    was_lost: bool = False
    earlier: tuple[Part, ...] = ()

    @property
    def may_exist(self) -> bool:
        """Whether all of it was sent without a clear answer since."""
        return self.state in UNKNOWN_STATES

    @property
    def is_attached(self) -> bool:
        """Whether only a person said which batch it has become."""
        return self.state is PartState.ATTACHED or self.was_lost

    @property
    def unknown_attempts(self) -> list[Part]:
        """The part at each attempt that may have become a batch that is not known."""
        return [*self.earlier, *([self] if self.may_exist else [])]


@dataclass(frozen=True, slots=True)
class Submission:
    """Requests that were sent, or were to be, as one or several batches.

    Attributes:
        id: Its id, which is also the name of its kept requests.
        digest: SHA-256 of its requests.
        source: Where they came from.
        requests: How many.
        parent: The batch whose failed requests these are, if they are.
        created_at: When, in seconds since the epoch.
        parts: Its batches. None where the record was lost and only the kept requests are left.
        revision: How often it was written down; of two records of it the higher one is true.
    """

    id: str
    digest: str
    source: str
    requests: int
    parent: str | None
    created_at: float
    parts: Sequence[Part]
    revision: int = 0

    @property
    def batch_ids(self) -> list[str]:
        """Its batches that are known."""
        return [part.batch_id for part in self.parts if part.batch_id]

    @property
    def is_whole(self) -> bool:
        """Whether all of it was accepted, or must be taken to be: nothing of it is left to send."""
        return len(self.batch_ids) == len(self.parts)

    @property
    def is_unrecorded(self) -> bool:
        """Whether it is not known what became of it, because its record was lost."""
        return not self.parts

    @property
    def was_sent(self) -> bool:
        """Whether any of it exists on the server, or may exist."""
        return self.is_unrecorded or any(part.batch_id or part.may_exist for part in self.parts)


class DamagedRecord(ValueError):
    """A record is not what was written."""


class NewerRecord(ValueError):
    """A newer batchtui wrote a record; this one cannot tell what it says."""


class _Sealed(msgspec.Struct):
    sha256: str
    receipt: msgspec.Raw


class _Receipt(msgspec.Struct):
    version: int
    submission: msgspec.Raw


_decode_sealed = msgspec.json.Decoder(_Sealed).decode
_decode_receipt = msgspec.json.Decoder(_Receipt).decode
_decode_submission = msgspec.json.Decoder(Submission).decode


def seal(submission: Submission) -> bytes:
    """Return a submission as JSON with a checksum over all of it."""
    receipt = msgspec.json.encode({"version": VERSION, "submission": submission})
    digest = hashlib.sha256(receipt).hexdigest()
    return b'{"sha256":"%s","receipt":%s}\n' % (digest.encode(), receipt)


def unseal(text: bytes) -> Submission:
    """Return the submission that was sealed.

    Raises:
        DamagedRecord: The text is not what `seal` returned.
        NewerRecord: It is from a newer version.
    """
    try:
        sealed = _decode_sealed(text)
        if hashlib.sha256(sealed.receipt).hexdigest() != sealed.sha256:
            raise DamagedRecord("its checksum is wrong")
        receipt = _decode_receipt(sealed.receipt)
    except (msgspec.MsgspecError, UnicodeError) as error:
        raise DamagedRecord(str(error)) from error
    if receipt.version != VERSION:
        raise NewerRecord(f"version {receipt.version}")
    try:
        return _decode_submission(receipt.submission)
    except msgspec.ValidationError as error:  # such as a state that this version does not know
        raise NewerRecord(str(error)) from error
