"""Records of submissions, and their sealed form on disk."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import msgspec

from batchtui.submissions.moment import Moment
from batchtui.submissions.request_file import Span

VERSION = 1
"""Version of the sealed form. It stays when a field with a default is added to `Part` or `Submission`."""


class PartState(StrEnum):
    """State of one batch of a submission."""

    WAITING = "waiting"
    """Nothing was sent."""
    UPLOADING = "uploading"
    """Its last bytes were not sent: it cannot exist."""
    SENDING = "sending"
    """Its last bytes may have been sent, without a clear response yet: it may exist."""
    ACCEPTED = "accepted"
    """Its batch is known."""
    ABSENT = "absent"
    """It was sent without a response, and the server does not list it: it may still appear."""
    PROBABLE = "probable"
    """It was sent without a response, and the server lists one batch that it may be."""
    ATTACHED = "attached"
    """It was created elsewhere; the user attached these requests to it."""


UNKNOWN_STATES = (PartState.SENDING, PartState.ABSENT, PartState.PROBABLE)
"""States of a part that may exist although its batch is unknown."""


@dataclass(frozen=True, slots=True)
class Part:
    """One batch of a submission.

    Attributes:
        submission: The submission's id, which is also the name of its request file.
        number: Number of the part, from 0.
        span: Its requests.
        state: Its state.
        batch_id: The batch, once known.
        sent_at: When sending or attaching started, in seconds since the epoch by this machine's clock.
        newest_before: The newest batch on the server at that time; empty if there was none.
        newest_before_at: When that batch was created, by the server's clock; 0 if there was none.
        unknown_since: When its last bytes were sent or its response was lost, whichever was later.
        candidate: The batch that it probably is, not confirmed.
        dropped: Candidates that were rejected: they have other custom_ids.
        was_lost: Whether its response or its record was lost before the user attached the batch.
        earlier: The part at earlier attempts that may also exist: the user allowed a duplicate.
        is_unrecorded: Whether its record was lost, so that only the user can tell that it was not sent.
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
    is_unrecorded: bool = False

    @property
    def may_exist(self) -> bool:
        """Whether all of it was sent without a clear response."""
        return self.state in UNKNOWN_STATES

    @property
    def is_attached(self) -> bool:
        """Whether its batch is known only because the user attached it."""
        return self.state is PartState.ATTACHED or self.was_lost

    @property
    def unknown_attempts(self) -> list[Part]:
        """The part at each attempt whose batch may exist but is unknown."""
        return [*self.earlier, *([self] if self.may_exist else [])]


@dataclass(frozen=True, slots=True)
class Submission:
    """Requests that are sent as one or several batches.

    Attributes:
        id: Its id, which is also the name of its request file.
        digest: SHA-256 of its requests.
        source: The request file, or a description.
        requests: Number of requests.
        parent: The batch whose failed requests these are, if any.
        created_at: Seconds since the epoch.
        parts: Its batches; empty if the record was lost and only the requests are left.
        revision: Increases with every change; of two records the one with the higher revision is current.
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
        """Ids of its known batches."""
        return [part.batch_id for part in self.parts if part.batch_id]

    @property
    def is_complete(self) -> bool:
        """Whether nothing of it is left to send: all was accepted, or may have been."""
        return len(self.batch_ids) == len(self.parts)

    @property
    def is_unrecorded(self) -> bool:
        """Whether its record was lost, so that it may have been sent."""
        return not self.parts

    @property
    def may_have_parent(self) -> bool:
        """Whether its record was lost, and with it whose failed requests it has, if they are such."""
        was_attached = any(part.state is PartState.ATTACHED and part.was_lost for part in self.parts)
        return self.is_unrecorded or (self.parent is None and was_attached)

    @property
    def was_sent(self) -> bool:
        """Whether any of it exists on the server, or may exist."""
        return self.is_unrecorded or any(part.batch_id or part.may_exist for part in self.parts)


class DamagedRecord(ValueError):
    """A record is damaged."""


class NewerRecord(ValueError):
    """A newer batchtui wrote a record."""


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
    """Return the sealed submission.

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
    except msgspec.ValidationError as error:  # such as a state added by a newer version
        raise NewerRecord(str(error)) from error
