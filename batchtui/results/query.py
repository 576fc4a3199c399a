"""A filter and sort order over results."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from batchtui.results.errors import fold


class Sort(StrEnum):
    """A sort key; the value is its SQL expression."""

    FILE = "n"
    CUSTOM_ID = "custom_id"
    INPUT_TOKENS = "input_tokens + cache_write_tokens + cache_read_tokens"
    OUTPUT_TOKENS = "output_tokens"
    LENGTH = "length"
    OUTCOME = "outcome"
    MODEL = "model"

    @property
    def is_largest_first(self) -> bool:
        """Whether to sort in descending order by default."""
        return self in (Sort.INPUT_TOKENS, Sort.OUTPUT_TOKENS, Sort.LENGTH)


@dataclass(frozen=True, slots=True)
class Query:
    """A filter and sort order over results. Fields that are None match everything.

    Attributes:
        custom_id: The exact custom_id.
        outcome: Such as `errored`.
        error_type: Such as `overloaded_error`.
        error_pattern: A folded message, as in `ErrorGroup.pattern`.
        flag: A `Flag` value.
        sort: The sort key.
        descending: Whether to reverse the order.
    """

    custom_id: str | None = None
    outcome: str | None = None
    error_type: str | None = None
    error_pattern: str | None = None
    flag: str | None = None
    sort: Sort = Sort.FILE
    descending: bool = False

    @property
    def is_everything(self) -> bool:
        """Whether it selects all results in file order."""
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
        for column in ("custom_id", "outcome", "error_type", "flag"):
            value = getattr(self, column)
            if value is not None:
                terms.append(f"{column} = ?")
                values.append(value)
        if self.error_pattern is not None:
            terms.append(f"{fold.__name__}(error_message) = ?")
            values.append(self.error_pattern)
        return " AND ".join(terms), values

    @property
    def order(self) -> str:
        """The order as SQL; equal rows stay in file order."""
        return f"{self.sort.value} {'DESC' if self.descending else 'ASC'}, n"


EVERYTHING = Query()
