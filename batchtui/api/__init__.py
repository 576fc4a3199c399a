"""The Message Batches API over httpx: client, models, errors, retries.

The errors are cheap to import. The client and the models import httpx and pydantic (100 ms) on first use.
"""

from typing import TYPE_CHECKING

from batchtui.lazy import lazy_names

if TYPE_CHECKING:
    from batchtui.api.batches import BatchPage, DeletedMessageBatch, MessageBatch, RequestCounts
    from batchtui.api.calls import Call
    from batchtui.api.client import BatchesClient
    from batchtui.api.errors import (
        ApiError,
        BadRequest,
        ConnectionLost,
        NotAuthorized,
        NotFound,
        NotReachable,
        OutcomeUnknown,
        RangeNotSatisfiable,
        RateLimited,
        ReadOnlySession,
        ServerError,
        StatusError,
        TimedOut,
        TooLarge,
        UnexpectedResponse,
        UnknownRange,
        UnusableId,
    )
    from batchtui.api.retry import RetryPolicy
    from batchtui.api.stream import ResultStream

__all__ = [
    "ApiError",
    "BadRequest",
    "BatchPage",
    "BatchesClient",
    "Call",
    "ConnectionLost",
    "DeletedMessageBatch",
    "MessageBatch",
    "NotAuthorized",
    "NotFound",
    "NotReachable",
    "OutcomeUnknown",
    "RangeNotSatisfiable",
    "RateLimited",
    "ReadOnlySession",
    "RequestCounts",
    "ResultStream",
    "RetryPolicy",
    "ServerError",
    "StatusError",
    "TimedOut",
    "TooLarge",
    "UnexpectedResponse",
    "UnknownRange",
    "UnusableId",
]

_MODULES = {
    "batches": ("BatchPage", "DeletedMessageBatch", "MessageBatch", "RequestCounts"),
    "calls": ("Call",),
    "client": ("BatchesClient",),
    "errors": (
        "ApiError",
        "BadRequest",
        "ConnectionLost",
        "NotAuthorized",
        "NotFound",
        "NotReachable",
        "OutcomeUnknown",
        "RangeNotSatisfiable",
        "RateLimited",
        "ReadOnlySession",
        "ServerError",
        "StatusError",
        "TimedOut",
        "TooLarge",
        "UnexpectedResponse",
        "UnknownRange",
        "UnusableId",
    ),
    "retry": ("RetryPolicy",),
    "stream": ("ResultStream",),
}

if not TYPE_CHECKING:  # type checkers use the imports above
    __getattr__ = lazy_names(
        __name__, {name: f"{__name__}.{module}" for module, names in _MODULES.items() for name in names}
    )
