"""Tokens as they are billed, and what they cost."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple


class Tokens(NamedTuple):
    """Tokens by the rates at which they are billed. No token counts twice.

    Attributes:
        input: Input neither written to nor read from the cache.
        output: Output, thinking included.
        cache_write_5m: Input written to the cache for five minutes.
        cache_write_1h: Input written to the cache for an hour.
        cache_read: Input read from the cache.
        searches: Searches that the server ran; not tokens, but billed beside them.
    """

    input: int = 0
    output: int = 0
    cache_write_5m: int = 0
    cache_write_1h: int = 0
    cache_read: int = 0
    searches: int = 0

    @property
    def all_input(self) -> int:
        """Input read in any way: what decides how long a prompt is."""
        return self.input + self.cache_write_5m + self.cache_write_1h + self.cache_read


def add_tokens(parts: Iterable[Tokens]) -> Tokens:
    """The sum, kind by kind."""
    columns = zip(*parts, strict=True)
    return Tokens(*(sum(column) for column in columns))


class Usage(NamedTuple):
    """What one request used, or several for which the same rates hold.

    Attributes:
        model: The model; empty where it is not known.
        tokens: What was used, in sum.
        prompt: How many tokens the prompt of one request has. Some models bill every token of a request
            at a higher rate when its prompt is long, so only requests on the same side of each such
            threshold may be summed up.
        is_us: Whether inference was restricted to the US, which costs more on newer models.
    """

    model: str
    tokens: Tokens
    prompt: int = 0
    is_us: bool = False


class ModelCost(NamedTuple):
    """What one model's part costs.

    Attributes:
        model: The model, as the API names it; empty where it is not known.
        tokens: What was used.
        money: US dollars, not rounded; None where the table has no price for the model.
    """

    model: str
    tokens: Tokens
    money: Decimal | None


@dataclass(frozen=True, slots=True)
class Cost:
    """What batched requests cost.

    Attributes:
        models: A line for each model, dearest first, those without a price last.
    """

    models: tuple[ModelCost, ...]

    @classmethod
    def of(cls, lines: Iterable[ModelCost]) -> Cost:
        """The cost that these lines make together; several for one model become one."""
        by_model: dict[str, list[ModelCost]] = {}
        for line in lines:
            by_model.setdefault(line.model, []).append(line)
        merged = (
            ModelCost(model, add_tokens(part.tokens for part in parts), _sum(part.money for part in parts))
            for model, parts in by_model.items()
        )
        return cls(tuple(sorted(merged, key=_dearest_first)))

    @property
    def total(self) -> Decimal | None:
        """US dollars, not rounded; None as soon as one model has no price."""
        return _sum(line.money for line in self.models)

    @property
    def unknown(self) -> list[str]:
        """The models that have no price."""
        return [line.model for line in self.models if line.money is None]

    @property
    def tokens(self) -> Tokens:
        """What was used in all."""
        return add_tokens(line.tokens for line in self.models)


def _dearest_first(line: ModelCost) -> tuple[bool, Decimal, str]:
    return line.money is None, -(line.money or Decimal()), line.model


def _sum(amounts: Iterable[Decimal | None]) -> Decimal | None:
    """The sum; None as soon as one amount is not known: part of a sum is not the sum."""
    total = Decimal()
    for amount in amounts:
        if amount is None:
            return None
        total += amount
    return total
