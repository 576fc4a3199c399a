"""The Message Batches API over httpx: client, models, errors, retries.

The errors are cheap to import. The client and the models import httpx and pydantic (100 ms) on first use.
"""

import sys
from types import ModuleType
from typing import TYPE_CHECKING, cast

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
        ServerError,
        StatusError,
        TimedOut,
        TooLarge,
        UnexpectedResponse,
        UnknownRange,
        UnusableId,
    )
    from batchtui.api.messages import ContentBlock, Message, Usage
    from batchtui.api.results import ErrorBody, ErrorDetail, Result, ResultLine
    from batchtui.api.retry import RetryPolicy
    from batchtui.api.stream import ResultStream

# httpx imports its own command line, with rich and pygments, where those are installed (30 ms).
sys.modules.setdefault("httpx._main", cast("ModuleType", None))

__all__ = [
    "ApiError",
    "BadRequest",
    "BatchPage",
    "BatchesClient",
    "Call",
    "ConnectionLost",
    "ContentBlock",
    "DeletedMessageBatch",
    "ErrorBody",
    "ErrorDetail",
    "Message",
    "MessageBatch",
    "NotAuthorized",
    "NotFound",
    "NotReachable",
    "OutcomeUnknown",
    "RangeNotSatisfiable",
    "RateLimited",
    "RequestCounts",
    "Result",
    "ResultLine",
    "ResultStream",
    "RetryPolicy",
    "ServerError",
    "StatusError",
    "TimedOut",
    "TooLarge",
    "UnexpectedResponse",
    "UnknownRange",
    "UnusableId",
    "Usage",
]

_MODULES = {
    "ApiError": "batchtui.api.errors",
    "BadRequest": "batchtui.api.errors",
    "BatchPage": "batchtui.api.batches",
    "BatchesClient": "batchtui.api.client",
    "Call": "batchtui.api.calls",
    "ConnectionLost": "batchtui.api.errors",
    "ContentBlock": "batchtui.api.messages",
    "DeletedMessageBatch": "batchtui.api.batches",
    "ErrorBody": "batchtui.api.results",
    "ErrorDetail": "batchtui.api.results",
    "Message": "batchtui.api.messages",
    "MessageBatch": "batchtui.api.batches",
    "NotAuthorized": "batchtui.api.errors",
    "NotFound": "batchtui.api.errors",
    "NotReachable": "batchtui.api.errors",
    "OutcomeUnknown": "batchtui.api.errors",
    "RangeNotSatisfiable": "batchtui.api.errors",
    "RateLimited": "batchtui.api.errors",
    "RequestCounts": "batchtui.api.batches",
    "Result": "batchtui.api.results",
    "ResultLine": "batchtui.api.results",
    "ResultStream": "batchtui.api.stream",
    "RetryPolicy": "batchtui.api.retry",
    "ServerError": "batchtui.api.errors",
    "StatusError": "batchtui.api.errors",
    "TimedOut": "batchtui.api.errors",
    "TooLarge": "batchtui.api.errors",
    "UnexpectedResponse": "batchtui.api.errors",
    "UnknownRange": "batchtui.api.errors",
    "UnusableId": "batchtui.api.errors",
    "Usage": "batchtui.api.messages",
}

if not TYPE_CHECKING:  # type checkers use the imports above
    __getattr__ = lazy_names(__name__, _MODULES)
