"""Which results to show, and in which order."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from batchtui.results.errors import fold


class Sort(StrEnum):
    """What to order by; the value is the SQL that does it."""

    FILE = "n"
    CUSTOM_ID = "custom_id"
    INPUT_TOKENS = "input_tokens + cache_write_tokens + cache_read_tokens"
    OUTPUT_TOKENS = "output_tokens"
    LENGTH = "length"
    OUTCOME = "outcome"
    MODEL = "model"

    @property
    def is_largest_first(self) -> bool:
        """Whether people mostly want the largest first."""
        return self in (Sort.INPUT_TOKENS, Sort.OUTPUT_TOKENS, Sort.LENGTH)


@dataclass(frozen=True, slots=True)
class Query:
    """A filter and an order over results. What is None is not asked for.

    Attributes:
        custom_id: Exactly this one.
        outcome: Such as `errored`.
        error_type: Such as `overloaded_error`.
        error_pattern: A folded message, as `ErrorGroup.pattern` has it.
        model: The model that answered.
        stop_reason: Such as `max_tokens`.
        flag: What is odd about the line, as `Flag` has it.
        text: A part of the custom_id or of the error message; ASCII letters match in either case.
        sort: What to order by.
        descending: Whether to turn the order round.
    """

    custom_id: str | None = None
    outcome: str | None = None
    error_type: str | None = None
    error_pattern: str | None = None
    model: str | None = None
    stop_reason: str | None = None
    flag: str | None = None
    text: str | None = None
    sort: Sort = Sort.FILE
    descending: bool = False

    @property
    def is_everything(self) -> bool:
        """Whether it is all results in the order of the file."""
        return self == EVERYTHING

    @property
    def unsorted(self) -> Query:
        """The same filter, in the order of the file."""
        return replace(self, sort=Sort.FILE, descending=False)

    @property
    def where(self) -> tuple[str, list[str]]:
        """The filter as an SQL condition and its parameters."""
        terms = ["TRUE"]
        values: list[str] = []
        for column in ("custom_id", "outcome", "error_type", "model", "stop_reason", "flag"):
            value = getattr(self, column)
            if value is not None:
                terms.append(f"{column} = ?")
                values.append(value)
        if self.error_pattern is not None:
            terms.append(f"{fold.__name__}(error_message) = ?")
            values.append(self.error_pattern)
        if self.text:
            terms.append("(custom_id LIKE ? ESCAPE '\\' OR error_message LIKE ? ESCAPE '\\')")
            values += [_containing(self.text)] * 2
        return " AND ".join(terms), values

    @property
    def order(self) -> str:
        """The order as SQL; rows that are equal stay in the order of the file."""
        return f"{self.sort.value} {'DESC' if self.descending else 'ASC'}, n"


EVERYTHING = Query()


def _containing(text: str) -> str:
    """A LIKE pattern for what contains the text itself, its wildcards taken as they are."""
    for sign in "\\%_":
        text = text.replace(sign, "\\" + sign)
    return f"%{text}%"
