"""What failed and what to do about it: like errors are folded into one group."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

_VARIABLE = re.compile(
    r"""
    \b[a-z]{2,10}_(?=\w*\d)\w{10,}                                  # req_01AbC…, msgbatch_01…
    | \b[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\b      # a UUID
    | \b(?=[0-9a-f]*\d)(?=[0-9a-f]*[a-f])[0-9a-f]{12,}\b            # a digest
    | (?<![\w-])-?\d+(?:[.,:]\d+)*(?![A-Za-z_])                     # 213411, 213,411, 0.5, 12:30
    """,
    re.VERBOSE,
)

_INVALID = ("invalid_request_error", "invalid_request", "request_too_large")
"""Errors of the request itself; `invalid_request` is the flat form in older documents."""


class Advice(StrEnum):
    """What to do about results that are no replies. Source: public API guide, Batch processing."""

    FIX = "fix and resubmit"
    FIX_MODEL = "change model, resubmit"
    ADD_CREDIT = "add credit, resubmit"
    CHECK_KEY = "check key, resubmit"
    RESUBMIT_AS_IS = "resubmit as is"
    RESUBMIT = "resubmit"
    IF_WANTED = "resubmit if still wanted"
    LOOK = "look at the line"

    @property
    def needs_fix(self) -> bool:
        """Whether the request would fail again as it is."""
        return self in (Advice.FIX, Advice.FIX_MODEL)

    @property
    def needs_account(self) -> bool:
        """Whether something other than the request has to change before it is sent again."""
        return self in (Advice.ADD_CREDIT, Advice.CHECK_KEY)


@dataclass(frozen=True, slots=True)
class ErrorGroup:
    """Results that failed alike.

    Attributes:
        outcome: `errored`, `canceled`, `expired`, or what else was sent.
        error_type: Such as `invalid_request_error`; empty where there is none.
        pattern: The message with numbers and ids folded to `#`.
        flag: What is odd about the lines, or None.
        count: How many.
        example: The first row of them, by its number.
        message: That row's message, as it came.
        advice: What to do.
    """

    outcome: str
    error_type: str
    pattern: str
    flag: str | None
    count: int
    example: int
    message: str

    @property
    def kind(self) -> str:
        """What it is called: the error's type, failing that the outcome or what is odd."""
        return self.error_type or self.outcome or self.flag or "?"

    @property
    def advice(self) -> Advice:
        """What to do."""
        return advice(self.outcome, self.error_type, self.message)


def advice(outcome: str, error_type: str, message: str = "") -> Advice:
    """What to do about a result that is no reply."""
    if outcome == "errored":
        return _advice_by_error(error_type, message.lower())
    return {"expired": Advice.RESUBMIT, "canceled": Advice.IF_WANTED}.get(outcome, Advice.LOOK)


def _advice_by_error(error_type: str, message: str) -> Advice:
    # An empty balance comes as either type.
    if error_type == "billing_error" or "credit balance is too low" in message:
        return Advice.ADD_CREDIT
    if error_type in ("authentication_error", "permission_error"):
        return Advice.CHECK_KEY
    if error_type == "not_found_error":  # a retired model, or a file that has expired
        return Advice.FIX_MODEL if "model" in message else Advice.FIX
    return Advice.FIX if error_type in _INVALID else Advice.RESUBMIT_AS_IS


@lru_cache(maxsize=4096)
def fold(message: str) -> str:
    """The message with numbers and ids replaced by `#`, so that like errors fall together."""
    return _VARIABLE.sub("#", message)
