"""Wire models of batches. Source: public API reference, Message Batches."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ModelWrapValidatorHandler,
    PrivateAttr,
    model_validator,
)

from batchtui.text.valid_json import valid_json


def _utc(timestamp: datetime) -> datetime:
    if timestamp.year < FIRST_YEAR:  # an error of the server, which some platforms cannot convert to seconds
        raise ValueError("a timestamp in the distant past")
    return timestamp if timestamp.tzinfo else timestamp.replace(tzinfo=UTC)


FIRST_YEAR = 1971
Count = Annotated[int, Field(ge=0, le=2**53)]
Timestamp = Annotated[datetime, AfterValidator(_utc)]


class WireModel(BaseModel):
    """Base of all wire models: unknown fields are kept, and open sets of values are plain strings."""

    model_config = ConfigDict(extra="allow", frozen=True, protected_namespaces=())


class RequestCounts(WireModel):
    """Request counts by state; they add up to the number of requests.

    According to the public documents, all but `processing` stay 0 until the whole batch has ended.
    """

    processing: Count = 0
    succeeded: Count = 0
    errored: Count = 0
    canceled: Count = 0
    expired: Count = 0

    @property
    def total(self) -> int:
        """Number of requests in the batch."""
        return self.processing + self.succeeded + self.errored + self.canceled + self.expired


class MessageBatch(WireModel):
    """A batch. IDs are opaque: their format and length may change."""

    id: str
    type: str = "message_batch"
    processing_status: str
    """`in_progress`, `canceling` or `ended`; an open set."""
    request_counts: RequestCounts
    created_at: Timestamp
    expires_at: Timestamp
    """24 hours after creation. Requests not processed by then expire."""
    ended_at: Timestamp | None = None
    cancel_initiated_at: Timestamp | None = None
    archived_at: Timestamp | None = None
    """When the results were removed: 29 days after creation."""
    results_url: str | None = None
    """Never requested: it may name another host, which would receive the key."""

    _raw: dict[str, Any] = PrivateAttr(default_factory=dict)

    @model_validator(mode="wrap")
    @classmethod
    def _keep_raw(cls, value: object, handler: ModelWrapValidatorHandler[Self]) -> Self:
        batch = handler(value)
        if isinstance(value, dict):
            batch._raw = value  # noqa: SLF001 - its own class
        return batch

    @property
    def wire(self) -> str:
        """The object as the server sent it, as one line of valid JSON."""
        return valid_json(self._raw, is_ascii=False)


class BatchPage(WireModel):
    """One page of batches, newest first. `has_more` applies to the requested direction."""

    data: list[MessageBatch]
    has_more: bool = False
    first_id: str | None = None
    last_id: str | None = None


class DeletedMessageBatch(WireModel):
    """Response to a delete call."""

    id: str
    type: str = "message_batch_deleted"
