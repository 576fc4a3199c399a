"""Fault injection.

A fault is written `NAME[:NUMBER][@OPERATION]`, such as `429:3`, `refuse@list` or `drop-results:65536`. It
strikes every NUMBERth request (default 1). For faults that truncate or slow down results, NUMBER is in bytes;
for `overload` it counts the requests of a batch. OPERATION is one of `OPERATIONS`.
"""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

from batchtui.sandbox.errors import ApiError

OPERATIONS = ("create", "list", "retrieve", "cancel", "delete", "results")
DEFAULT_BYTES = 65_536
LATE_SECONDS = 25.0
"""Sandbox seconds until a late batch is listed."""


class Kind(NamedTuple):
    """A kind of fault, with its default operations and number."""

    help: str
    operations: tuple[str, ...] = OPERATIONS
    number: int = 1


REQUEST_FAULTS = {
    "429": Kind("rate limit, with retry-after"),
    "500": Kind("internal server error"),
    "529": Kind("overloaded"),
    "503": Kind("service unavailable, with retry-after"),
    "spend-limit": Kind("a 429 that is not worth retrying", ("create",)),
    "refuse": Kind("connection closed before the request is processed", ("create",)),
    "drop-after-accept": Kind("processed, then connection closed without a response", ("create",)),
    "502-after-accept": Kind("processed, then a gateway's 502 web page", ("create",)),
    "408-after-accept": Kind("processed, then 408", ("create",)),
    "409-after-accept": Kind("processed, then 409", ("create",)),
    "late": Kind("processed, then 504; the batch is listed 25 seconds later", ("create",)),
    "timeout": Kind("processed, but never a response", ("create",)),
}
"""Faults that replace the response to every Nth request."""

RESULT_FAULTS = {
    "drop-results": Kind("results: connection closed after NUMBER bytes", ("results",), DEFAULT_BYTES),
    "short": Kind("results: clean end after NUMBER bytes", ("results",), DEFAULT_BYTES),
    "slow-results": Kind("results: NUMBER bytes per second", ("results",), DEFAULT_BYTES),
    "no-range": Kind("results: Range ignored, no validator", ("results",)),
    "change-etag": Kind("results: a different ETag each time", ("results",)),
}
"""Faults of every results stream."""

BATCH_FAULTS = {
    "overload": Kind("every NUMBERth request of a new batch fails once", ("create",), 10),
    "stranger": Kind(
        "another client creates a batch of the same size before every NUMBERth create", ("create",)
    ),
}
"""Faults of the requests in a batch, and of concurrent clients."""

FAULTS = REQUEST_FAULTS | RESULT_FAULTS | BATCH_FAULTS


class Fault(NamedTuple):
    """A configured fault."""

    name: str
    number: int
    operations: tuple[str, ...]


def parse_fault(text: str) -> Fault:
    """Parse `NAME[:NUMBER][@OPERATION]`.

    Raises:
        ValueError: The name is unknown, does not support the operation, or the number is not 1 or more.
    """
    rest, at, operation = text.partition("@")
    name, colon, number = rest.partition(":")
    if name not in FAULTS:
        raise ValueError(f"unknown fault {name!r}: choose one of {', '.join(FAULTS)}")
    possible = OPERATIONS if name in REQUEST_FAULTS else FAULTS[name].operations
    if at and operation not in possible:
        raise ValueError(f"fault {name!r} cannot strike {operation!r}: choose one of {', '.join(possible)}")
    if colon and not (number.isascii() and number.isdecimal() and int(number) > 0):
        raise ValueError(f"the number in fault {text!r} must be 1 or more")
    kind = FAULTS[name]
    return Fault(name, int(number) if colon else kind.number, (operation,) if at else kind.operations)


class Faults:
    """Decide which fault strikes which request.

    Args:
        texts: Faults in the format of `parse_fault`.
        speed: Sandbox seconds per real second; `retry-after` is shorter in a fast sandbox.
    """

    def __init__(self, texts: tuple[str, ...], speed: float) -> None:
        self._faults = [parse_fault(text) for text in texts]
        self._seen: Counter[Fault] = Counter()
        self._creates = 0
        self._retry_after = "1" if speed < 2 else "0"

    def strike(self, operation: str) -> str:
        """Return the name of the fault that strikes this request, or an empty string."""
        name = ""
        for fault in self._faults:
            if fault.name in REQUEST_FAULTS and operation in fault.operations:
                self._seen[fault] += 1
                if not name and self._seen[fault] % fault.number == 0:
                    name = fault.name
        return name

    def has_stranger(self) -> bool:
        """Return whether another client creates a batch just before this one."""
        number = self.number("stranger")
        self._creates += 1
        return number is not None and self._creates % number == 0

    def number(self, name: str) -> int | None:
        """Return the number of a fault of results or batches; None if it is not configured."""
        return next((fault.number for fault in self._faults if fault.name == name), None)

    def error(self, name: str) -> ApiError | None:
        """Return the error that a fault raises before the request is processed, if any."""
        if name == "429":
            headers = {"retry-after": self._retry_after}
            return ApiError(
                429, "rate_limit_error", "This request would exceed your rate limit.", headers=headers
            )
        if name == "spend-limit":
            details = {"error_code": "enforced_spend_limit_reached"}
            message = "The workspace has reached its monthly spend limit."
            return ApiError(
                429, "rate_limit_error", message, headers={"x-should-retry": "false"}, details=details
            )
        if name == "503":
            headers = {"retry-after": self._retry_after}
            return ApiError(503, "overloaded_error", "Service unavailable", headers=headers)
        if name == "500":
            return ApiError(500, "api_error", "Internal server error")
        return ApiError(529, "overloaded_error", "Overloaded") if name == "529" else None
