"""What can go wrong between us and the API.

    ApiError
    ├── NotReachable          no answer: refused, no such host, TLS, timeout
    │   └── TimedOut          the whole time of a call was used up, whatever came in it
    ├── ConnectionLost        the answer broke off in the middle
    ├── UnexpectedResponse    an answer that is not the API's: redirect, not JSON, wrong shape
    │   └── UnknownRange      a part of the results that does not say which part it is
    ├── UnusableId            an id that is no part of a path; nothing was sent
    ├── RangeNotSatisfiable   416: nothing of the results at that offset
    ├── OutcomeUnknown        a create that may or may not have been accepted
    └── StatusError           the API said no
        ├── NotAuthorised     401, 403
        ├── NotFound          404
        ├── TooLarge          413
        ├── RateLimited       429
        ├── ServerFault       500 and above, 529 overloaded among them
        └── BadRequest        any other 4xx

Every message is one sentence that is safe to show once it is cleaned: it never holds a key, and names
the request id where the server gave one.
"""

from __future__ import annotations

from typing import ClassVar

from batchtui.config import redact
from batchtui.text import count, shorten, why_not_plain

MOST_CHARACTERS = 1000
"""Of what a server says: no sentence for a person is longer."""
_LONGEST_SECRET = 8192
SPEND_LIMIT = "enforced_spend_limit_reached"
NOT_FROM_API = "http_error"
"""The type of an error whose body is not in the API's shape, such as a gateway's web page."""
REFUSALS = frozenset({400, 401, 402, 403, 404, 405, 411, 413, 415, 422, 429, 529})
"""Statuses that the API gives before it does anything."""
GATEWAY_REFUSALS = frozenset({411, 413, 429})
"""Of these, those that are refusals too when a gateway gives them in its own words."""


class ApiError(Exception):
    """Anything that kept a call from its answer.

    Its message is short and without secrets, whatever library or server it quotes.
    """

    def __init__(self, message: str) -> None:
        super().__init__(safe_words(message, 2 * MOST_CHARACTERS))


class NotReachable(ApiError):
    """No answer came: connection refused, unknown host, TLS failure, or a timeout."""


class TimedOut(NotReachable):
    """The time that a call has in all was used up. Not retried: the person has waited long enough."""


class ConnectionLost(ApiError):
    """The connection ended, or fell silent, in the middle of an answer."""


class UnexpectedResponse(ApiError):
    """The answer is not one that the API gives: a redirect, no JSON, or another shape."""


class UnknownRange(UnexpectedResponse):
    """A 206 without a usable `Content-Range`: nobody can tell where its bytes belong."""


class UnusableId(ApiError):
    """A batch's id has characters that would make it another path or option. Nothing was sent."""

    def __init__(self, batch_id: str) -> None:
        super().__init__(why_not_plain(batch_id))


class RangeNotSatisfiable(ApiError):
    """The server has nothing at the offset asked for (416).

    Attributes:
        total: Size of the whole results file in bytes, if the server said so.
        validator: What the server calls the version that has this size, if it said so.
    """

    def __init__(self, total: int | None, validator: str | None = None) -> None:
        super().__init__(f"No results at that offset; the file has {total} bytes.")
        self.total = total
        self.validator = validator


class OutcomeUnknown(ApiError):
    """A create whose answer was lost: the batch may exist. List before trying again, or pay twice.

    Attributes:
        reason: How the answer was lost, a sentence.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"Whether the batch was created is unknown: {reason} "
            "List the newest batches before submitting again."
        )
        self.reason = reason


class StatusError(ApiError):
    """An HTTP status that means failure.

    Attributes:
        status: The HTTP status code.
        type: The API's error type, such as `invalid_request_error`; an open set.
        message: The API's own words.
        request_id: The `request-id` header or the id in the body; what support asks for.
        retry_after: Seconds to wait before trying again, if the server said so.
        should_retry: The server's own verdict (`x-should-retry`), if it gave one.
        error_code: `error.details.error_code`, if there is one.
    """

    ADVICE: ClassVar[str] = ""
    """What to do next, where that can be said."""

    def __init__(
        self,
        status: int,
        type: str,  # noqa: A002 - the wire's own name
        message: str,
        *,
        request_id: str | None = None,
        retry_after: float | None = None,
        should_retry: bool | None = None,
        error_code: str | None = None,
    ) -> None:
        self.status = status
        self.type = shorten(type, 100)
        self.message = safe_words(message)
        self.request_id = shorten(request_id, 100) if request_id else None
        self.retry_after = retry_after
        self.should_retry = should_retry
        self.error_code = error_code
        trace = f", request id {self.request_id}" if self.request_id else ""
        words = f"{self.message.rstrip('.') or 'The API refused'} ({status} {self.type}{trace})."
        super().__init__(f"{words} {self.ADVICE}" if self.ADVICE else words)

    @property
    def is_final(self) -> bool:
        """Whether waiting cannot help: a spend limit that was reached stays reached."""
        return self.error_code == SPEND_LIMIT

    @property
    def is_refusal(self) -> bool:
        """Whether this says that nothing was done; any other error may come after it was done."""
        if self.type == NOT_FROM_API:
            return self.status in GATEWAY_REFUSALS
        return self.status in REFUSALS or (self.status == 503 and self.retry_after is not None)


class NotAuthorised(StatusError):
    """The key is wrong, revoked, or may not do this (401, 403)."""

    ADVICE = "Is the key right, and is it for this base URL?"


class NotFound(StatusError):
    """No such batch in this key's workspace, or no results any more (404)."""

    ADVICE = "It may have been deleted, or belong to another workspace."


class TooLarge(StatusError):
    """More than the API takes in one request (413)."""


class RateLimited(StatusError):
    """Too many requests, or a spend limit (429)."""


class ServerFault(StatusError):
    """The API failed or is overloaded (500 and above)."""


class BadRequest(StatusError):
    """The API did not accept what was asked (other 4xx)."""


def status_error_class(status: int) -> type[StatusError]:
    """The exception class for an HTTP status of 400 or above."""
    if status >= 500:
        return ServerFault
    by_status = {401: NotAuthorised, 403: NotAuthorised, 404: NotFound, 413: TooLarge, 429: RateLimited}
    return by_status.get(status, BadRequest)


def safe_words(text: str, most: int = MOST_CHARACTERS) -> str:
    """Return text of a server or a library without secrets, and cut if it is longer than anyone reads."""
    # A little more than is kept is redacted, so that no secret is cut in two and missed.
    words = redact(text[: most + _LONGEST_SECRET])
    if len(text) <= most:
        return words
    return f"{words[:most]}… ({count(len(text) - most)} more characters)"
