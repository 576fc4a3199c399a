"""Errors of API calls.

    ApiError
    ├── NotReachable          no response: connection refused, unknown host, TLS, timeout
    │   └── TimedOut          the total time of a call ran out
    ├── ConnectionLost        the connection closed in the middle of a response
    ├── UnexpectedResponse    a redirect, not JSON, wrong schema
    │   └── UnknownRange      a partial response without a usable Content-Range
    ├── UnusableId            an ID that is not safe in a path; nothing was sent
    ├── RangeNotSatisfiable   416: no results at that offset
    ├── OutcomeUnknown        a create that may or may not have been accepted
    └── StatusError           an HTTP error status
        ├── NotAuthorized     401, 403
        ├── NotFound          404
        ├── TooLarge          413
        ├── RateLimited       429
        ├── ServerError       500 and above, including 529 overloaded
        └── BadRequest        any other 4xx

Messages never contain a key, and include the request ID if the server sent one. They may contain control
characters, so clean them before display.
"""

from __future__ import annotations

from typing import ClassVar

from batchtui.config import redact
from batchtui.text import count, shorten, why_not_plain

MAX_MESSAGE = 1000
"""Characters of a server's message that are kept."""
_MAX_SECRET = 8192
SPEND_LIMIT = "enforced_spend_limit_reached"
NOT_FROM_API = "http_error"
"""Error type when the body is not an API error, such as a gateway's web page."""
REFUSALS = frozenset({400, 401, 402, 403, 404, 405, 411, 413, 415, 422, 429, 529})
"""Statuses with which the API rejects a request before acting on it."""
GATEWAY_REFUSALS = frozenset({411, 413, 429})
"""The subset that also means rejection when it comes from a gateway instead of the API."""


class ApiError(Exception):
    """Base of all errors of API calls.

    The message is shortened, and secrets in it are redacted.
    """

    def __init__(self, message: str) -> None:
        super().__init__(safe_text(message, 2 * MAX_MESSAGE))


class NotReachable(ApiError):
    """No response: connection refused, unknown host, TLS failure, or timeout."""


class TimedOut(NotReachable):
    """The total time of a call ran out. Not retried, because the user has waited long enough."""


class ConnectionLost(ApiError):
    """The connection closed or timed out in the middle of a response."""


class UnexpectedResponse(ApiError):
    """Not a response of the API: a redirect, not JSON, or the wrong schema."""


class UnknownRange(UnexpectedResponse):
    """A 206 without a usable `Content-Range`, so the offset of its bytes is unknown."""


class UnusableId(ApiError):
    """A batch ID with characters that are not safe in a path or argument. Nothing was sent."""

    def __init__(self, batch_id: str) -> None:
        super().__init__(why_not_plain(batch_id))


class ReadOnlySession(ApiError):
    """The profile is read-only, so nothing was sent."""

    def __init__(self) -> None:
        super().__init__("This is a read-only session: nothing is canceled, deleted or submitted.")


class RangeNotSatisfiable(ApiError):
    """No results at the requested offset (416).

    Attributes:
        total: Size of the whole results file in bytes; None if unknown.
        validator: Validator of the file with that size; None if the server sent none.
    """

    def __init__(self, total: int | None, validator: str | None = None) -> None:
        super().__init__(f"No results at that offset. The file has {total} bytes.")
        self.total = total
        self.validator = validator


class OutcomeUnknown(ApiError):
    """A create without a clear response: the batch may exist. Retrying without listing first may pay twice.

    Attributes:
        reason: Why the outcome is unknown, as a sentence.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"It is unknown whether the batch was created. {reason} List the newest batches before retrying."
        )
        self.reason = reason


class StatusError(ApiError):
    """An HTTP error status.

    Attributes:
        status: The HTTP status code.
        type: The API's error type, such as `invalid_request_error`; an open set.
        message: The server's message.
        request_id: The `request-id` header, else the ID in the body.
        retry_after: Seconds to wait before retrying, if the server sent them.
        should_retry: The `x-should-retry` header, if the server sent it.
        error_code: `error.details.error_code`, if present.
    """

    ADVICE: ClassVar[str] = ""
    """Hint on how to fix it, appended to the message."""

    def __init__(
        self,
        status: int,
        type: str,  # noqa: A002 - name on the wire
        message: str,
        *,
        request_id: str | None = None,
        retry_after: float | None = None,
        should_retry: bool | None = None,
        error_code: str | None = None,
    ) -> None:
        self.status = status
        self.type = shorten(type, 100)
        self.message = safe_text(message)
        self.request_id = shorten(request_id, 100) if request_id else None
        self.retry_after = retry_after
        self.should_retry = should_retry
        self.error_code = error_code
        trace = f", request id {self.request_id}" if self.request_id else ""
        sentence = f"{self.message.rstrip('.') or 'Request rejected'} ({status} {self.type}{trace})."
        super().__init__(f"{sentence} {self.ADVICE}" if self.ADVICE else sentence)

    @property
    def is_final(self) -> bool:
        """Whether a retry cannot succeed, as after a spend limit was reached."""
        return self.error_code == SPEND_LIMIT

    @property
    def is_refusal(self) -> bool:
        """Whether the request was rejected without effect. Any other error may follow a completed request."""
        if self.type == NOT_FROM_API:
            return self.status in GATEWAY_REFUSALS
        return self.status in REFUSALS or (self.status == 503 and self.retry_after is not None)


class NotAuthorized(StatusError):
    """The key is wrong, revoked, or lacks the permission (401, 403)."""

    ADVICE = "Check that the key is correct and belongs to this base URL."


class NotFound(StatusError):
    """No such batch in this workspace, or its results were removed (404)."""

    ADVICE = "It may have been deleted, or belong to another workspace."


class TooLarge(StatusError):
    """The request body exceeds the API's limit (413)."""


class RateLimited(StatusError):
    """Too many requests, or a spend limit (429)."""


class ServerError(StatusError):
    """The API failed or is overloaded (500 and above)."""


class BadRequest(StatusError):
    """The API rejected the request (other 4xx)."""


def status_error_class(status: int) -> type[StatusError]:
    """Return the exception class for an HTTP status of 400 or above."""
    if status >= 500:
        return ServerError
    by_status = {401: NotAuthorized, 403: NotAuthorized, 404: NotFound, 413: TooLarge, 429: RateLimited}
    return by_status.get(status, BadRequest)


def safe_text(text: str, limit: int = MAX_MESSAGE) -> str:
    """Redact secrets in the text of a server or a library, and shorten it to a number of characters."""
    # Redact beyond the limit, so that no secret is cut in two and missed.
    redacted = redact(text[: limit + _MAX_SECRET])
    if len(text) <= limit:
        return redacted
    return f"{redacted[:limit]}… ({count(len(text) - limit)} more characters)"
