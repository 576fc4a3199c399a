"""How the results of a batch compare with its requests, in numbers that add up."""

from __future__ import annotations

from typing import NamedTuple

from batchtui.text import plural


class Tally(NamedTuple):
    """What was counted once the server ended the results.

    Attributes:
        lines: Lines that are not blank.
        custom_ids: Different custom_ids in them.
        nameless: Lines without a custom_id.
        expected: Requests in the batch, if known.
    """

    lines: int
    custom_ids: int
    nameless: int
    expected: int | None

    @property
    def repeated(self) -> int:
        """Lines whose custom_id came before."""
        return self.lines - self.custom_ids - self.nameless

    @property
    def missing(self) -> int:
        """Requests without a result."""
        return max(0, (self.expected or 0) - self.custom_ids)

    @property
    def surplus(self) -> int:
        """custom_ids beyond the number of requests."""
        return 0 if self.expected is None else max(0, self.custom_ids - self.expected)

    @property
    def problem(self) -> str:
        """What is wrong with the numbers, in one sentence; empty if nothing is."""
        if self.surplus:
            return (
                f"{self.custom_ids:,} results for {self.expected:,} requests{self._odd}: the server sent "
                "more than was asked for. Compare their custom_ids with your requests."
            )
        if self.missing:
            return (
                f"Incomplete, {self.custom_ids:,} of {self.expected:,} results are here and "
                f"{self.missing:,} missing{self._odd}."
            )
        return ""

    @property
    def _odd(self) -> str:
        odd = [plural(self.repeated, "duplicate", "duplicates")] if self.repeated else []
        odd += [f"{self.nameless:,} without a custom_id"] if self.nameless else []
        return f" ({plural(self.lines, 'line', 'lines')}: {', '.join(odd)})" if odd else ""
