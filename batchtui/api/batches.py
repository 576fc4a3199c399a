"""The wire shapes around a batch. Source: public API reference, Message Batches."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, ConfigDict


class Wire(BaseModel):
    """A shape as it came: unknown fields are kept, open sets of words are plain strings."""

    model_config = ConfigDict(extra="allow", frozen=True, protected_namespaces=())


class RequestCounts(Wire):
    """How many requests are where; the five add up to the number of requests.

    The public documents say that all but `processing` stay 0 until the whole batch has ended.
    """

    processing: int = 0
    succeeded: int = 0
    errored: int = 0
    canceled: int = 0
    expired: int = 0

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
    created_at: datetime
    expires_at: datetime
    """When processing stops at the latest: 24 hours after creation."""
    ended_at: datetime | None = None
    cancel_initiated_at: datetime | None = None
    archived_at: datetime | None = None
    """When the results were removed: 29 days after creation."""
    results_url: str | None = None
    """Never dialled: it may name another host, and the key would go there."""


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
