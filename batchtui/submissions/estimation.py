"""Estimated cost of requests before they are submitted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from batchtui.text import money

if TYPE_CHECKING:
    from decimal import Decimal

    from batchtui.cost import Usage
    from batchtui.submissions.request_file import Load


class Estimate(NamedTuple):
    """Estimated cost in US dollars; None if a model has no price.

    Attributes:
        least: Cost of the estimated input alone.
        most: Cost with the longest replies that the requests allow.
        is_bound: Whether the cost cannot exceed `most`; otherwise that is an estimate, too.
        unpriced: Models without a price.
    """

    least: Decimal | None
    most: Decimal | None
    is_bound: bool
    unpriced: tuple[str, ...] = ()

    @property
    def input_text(self) -> str:
        """`about $1.23`."""
        return _about(self.least)

    @property
    def max_text(self) -> str:
        """`at most $1.23`, or `about $1.23` if it may be more."""
        if self.is_bound:
            return f"at most {money(self.most, round_up=True)}"
        return _about(self.most)

    @property
    def text(self) -> str:
        """The estimate in a sentence or two."""
        if self.most is None:
            models = "model" if len(self.unpriced) == 1 else "models"
            return f"Cost unknown: no price for {models} {', '.join(self.unpriced)}."
        text = f"Estimated cost: {self.input_text} for the input, {self.max_text} with replies."
        return text if self.is_bound else f"{text} May be more: some inputs have no known size."


def _about(dollars: Decimal | None) -> str:
    text = money(dollars)
    return text.replace("<", "less than ") if text.startswith("<") else f"about {text}"


def estimate(loads: Sequence[Load]) -> Estimate:
    """Estimate the cost of requests submitted as a batch. Imports the price table, which takes 0.5 s."""
    from batchtui.cost import price

    is_bound = all(load.is_bound for load in loads)
    least = price(map(_input_usage, loads))
    most = price(map(_max_usage if is_bound else _usage_with_replies, loads))
    if least.total is None or most.total is None:
        unpriced = tuple(cost.model for cost in least.models if cost.money is None)
        return Estimate(None, None, is_bound=False, unpriced=unpriced)
    return Estimate(least.total, most.total, is_bound)


def _input_usage(load: Load) -> Usage:
    from batchtui.cost import Tokens, Usage

    return Usage(load.model, Tokens(input=load.input_tokens), load.prompt, load.geo == "us")


def _usage_with_replies(load: Load) -> Usage:
    usage = _input_usage(load)
    return usage._replace(tokens=usage.tokens._replace(output=load.max_tokens))


def _max_usage(load: Load) -> Usage:
    """Return the most expensive usage: all cacheable input is written to a cache, and runs in the US."""
    from batchtui.cost import Tokens, Usage

    kind = {"1h": "cache_write_1h", "5m": "cache_write_5m"}.get(load.cache, "input")
    tokens = Tokens(output=load.max_tokens)._replace(**{kind: load.most_input_tokens})
    return Usage(load.model, tokens, load.most_prompt, load.geo != "global")
