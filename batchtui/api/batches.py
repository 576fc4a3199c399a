"""The wire shapes around a batch. Source: public API reference, Message Batches."""

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


def _sensible(moment: datetime) -> datetime:
    """The moment in UTC; one before computers is a mistake, and Python cannot count it in seconds."""
    if moment.year < FIRST_YEAR:
        raise ValueError("a moment in the distant past")
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


FIRST_YEAR = 1971
Count = Annotated[int, Field(ge=0, le=2**53)]
Moment = Annotated[datetime, AfterValidator(_sensible)]


class Wire(BaseModel):
    """A shape as it came: unknown fields are kept, open sets of words are plain strings."""

    model_config = ConfigDict(extra="allow", frozen=True, protected_namespaces=())


class RequestCounts(Wire):
    """How many requests are where; the five add up to the number of requests.

    The public documents say that all but `processing` stay 0 until the whole batch has ended.
    """

    processing: Count = 0
    succeeded: Count = 0
    errored: Count = 0
    canceled: Count = 0
    expired: Count = 0

    @property
    def total(self) -> int:
        """The number of requests in the batch."""
        return self.processing + self.succeeded + self.errored + self.canceled + self.expired


class MessageBatch(Wire):
    """One batch. Ids are opaque: their format and length may change."""

    id: str
    type: str = "message_batch"
    processing_status: str
    """`in_progress`, `canceling` or `ended`; an open set."""
    request_counts: RequestCounts
    created_at: Moment
    expires_at: Moment
    """When processing stops at the latest: 24 hours after creation."""
    ended_at: Moment | None = None
    cancel_initiated_at: Moment | None = None
    archived_at: Moment | None = None
    """When the results were removed: 29 days after creation."""
    results_url: str | None = None
    """Never dialled: it may name another host, and the key would go there."""

    _sent: dict[str, Any] = PrivateAttr(default_factory=dict)

    @model_validator(mode="wrap")
    @classmethod
    def _keep_sent(cls, value: object, handler: ModelWrapValidatorHandler[Self]) -> Self:
        batch = handler(value)
        if isinstance(value, dict):
            batch._sent = value
        return batch

    @property
    def wire(self) -> str:
        """The object as the server sent it, on one line of valid JSON."""
        return valid_json(self._sent, is_ascii=False)


class BatchPage(Wire):
    """One page of batches, newest first; `has_more` speaks of the direction asked for."""

    data: list[MessageBatch]
    has_more: bool = False
    first_id: str | None = None
    last_id: str | None = None


class DeletedMessageBatch(Wire):
    """What a delete answers."""

    id: str
    type: str = "message_batch_deleted"
