"""What may be made to go wrong, and how often.

A fault is written `NAME[:NUMBER][@OPERATION]`, for instance `429:3`, `refuse@list` or `drop-results:65536`.
With the number N every Nth request is hit (each one unless it is given); for the faults that cut or slow
results it counts bytes, for `overload` the requests inside a batch. The operation is one of create, list,
retrieve, cancel, delete, results.
"""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

from batchtui.sandbox.errors import ApiError

OPERATIONS = ("create", "list", "retrieve", "cancel", "delete", "results")
CUT_AFTER = 65_536
LATE_SECONDS = 25.0
"""How long a late batch takes to be listed, in sandbox seconds."""


class Kind(NamedTuple):
    """One kind of fault: what it does, where it strikes and its number unless told otherwise."""

    help: str
    operations: tuple[str, ...] = OPERATIONS
    number: int = 1


REQUEST_FAULTS = {
    "429": Kind("rate limit, with retry-after"),
    "500": Kind("internal server error"),
    "529": Kind("overloaded"),
    "503": Kind("service unavailable, with retry-after"),
    "spend-limit": Kind("the 429 that retrying never cures", ("create",)),
    "refuse": Kind("the connection is closed before anything is done", ("create",)),
    "drop-after-accept": Kind("it is done, then the connection is closed without an answer", ("create",)),
    "502-after-accept": Kind("it is done, then a gateway answers 502 with a web page", ("create",)),
    "408-after-accept": Kind("it is done, then answered with 408", ("create",)),
    "409-after-accept": Kind("it is done, then answered with 409", ("create",)),
    "late": Kind("it is done, then answered with 504; the batch is listed 25 seconds later", ("create",)),
    "timeout": Kind("it is done and never answered", ("create",)),
}
"""What happens instead of an answer, to every Nth request."""

RESULT_FAULTS = {
    "drop-results": Kind("results: the connection is closed after NUMBER bytes", ("results",), CUT_AFTER),
    "short": Kind("results: a clean end after NUMBER bytes", ("results",), CUT_AFTER),
    "slow-results": Kind("results: NUMBER bytes a second", ("results",), CUT_AFTER),
    "no-range": Kind("results: Range is ignored and no validator is sent", ("results",)),
    "change-etag": Kind("results: another ETag each time", ("results",)),
}
"""What happens to every stream of results."""

BATCH_FAULTS = {
    "overload": Kind(
        "every NUMBERth request of a new batch fails the first time it is sent", ("create",), 10
    ),
    "stranger": Kind("somebody else creates a batch as large just before every NUMBERth create", ("create",)),
}
"""What happens to the requests inside a batch, and beside it."""

FAULTS = REQUEST_FAULTS | RESULT_FAULTS | BATCH_FAULTS


class Fault(NamedTuple):
    """One fault as asked for."""

    name: str
    number: int
    operations: tuple[str, ...]


def parse_fault(text: str) -> Fault:
    """Read `NAME[:NUMBER][@OPERATION]`.

    Raises:
        ValueError: The name is unknown, it does not go with the operation, or the number is not 1 or more.
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
    """Decides which fault strikes which request.

    Args:
        texts: Faults as `parse_fault` reads them.
        speed: Sandbox seconds in one real second: waiting times asked of clients shrink with it.
    """

    def __init__(self, texts: tuple[str, ...], speed: float) -> None:
        self._faults = [parse_fault(text) for text in texts]
        self._seen: Counter[Fault] = Counter()
        self._creates = 0
        self._retry_after = "1" if speed < 2 else "0"

    def strike(self, operation: str) -> str:
        """The name of the fault that hits this request, or an empty string."""
        hit = ""
        for fault in self._faults:
            if fault.name in REQUEST_FAULTS and operation in fault.operations:
                self._seen[fault] += 1
                if not hit and self._seen[fault] % fault.number == 0:
                    hit = fault.name
        return hit

    def has_stranger(self) -> bool:
        """Whether somebody else creates a batch just before this one."""
        number = self.number("stranger")
        self._creates += 1
        return number is not None and self._creates % number == 0

    def number(self, name: str) -> int | None:
        """The number of a fault that shapes results or batches, or None if it was not asked for."""
        return next((fault.number for fault in self._faults if fault.name == name), None)

    def refusal(self, name: str) -> ApiError | None:
        """The error that a fault answers with before anything is done, if it is of that sort."""
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
