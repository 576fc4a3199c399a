"""Token usage and cost."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple


class Tokens(NamedTuple):
    """Token counts by billing rate. No token is counted twice.

    Attributes:
        input: Input neither written to nor read from the cache.
        output: Output, including thinking.
        cache_write_5m: Input written to the cache for five minutes.
        cache_write_1h: Input written to the cache for an hour.
        cache_read: Input read from the cache.
        searches: Web searches, which are not tokens but billed with them.
    """

    input: int = 0
    output: int = 0
    cache_write_5m: int = 0
    cache_write_1h: int = 0
    cache_read: int = 0
    searches: int = 0

    @property
    def all_input(self) -> int:
        """All input tokens, which is the length of the prompt."""
        return self.input + self.cache_write_5m + self.cache_write_1h + self.cache_read


def add_tokens(parts: Iterable[Tokens]) -> Tokens:
    """Add token counts, each rate separately."""
    return Tokens(*(sum(column) for column in zip(*parts, strict=True)))


class Usage(NamedTuple):
    """Usage of one request, or of several at the same rates.

    Attributes:
        model: The model; empty if unknown.
        tokens: Tokens in total.
        prompt: Tokens in the prompt of one request. Some models bill every token of a request with a long
            prompt at a higher rate, so only requests on the same side of each threshold may be combined.
        is_us: Whether inference was restricted to the US, which costs more on newer models.
    """

    model: str
    tokens: Tokens
    prompt: int = 0
    is_us: bool = False


class ModelCost(NamedTuple):
    """Cost of one model.

    Attributes:
        model: The model's API name; empty if unknown.
        tokens: Tokens used.
        money: US dollars, not rounded; None if the model has no known price.
    """

    model: str
    tokens: Tokens
    money: Decimal | None


@dataclass(frozen=True, slots=True)
class Cost:
    """Cost of batched requests.

    Attributes:
        models: One line per model, most expensive first, unknown prices last.
    """

    models: tuple[ModelCost, ...]

    @classmethod
    def of(cls, lines: Iterable[ModelCost]) -> Cost:
        """Combine lines into a cost, merging those of the same model."""
        by_model: dict[str, list[ModelCost]] = {}
        for line in lines:
            by_model.setdefault(line.model, []).append(line)
        merged = (
            ModelCost(model, add_tokens(part.tokens for part in parts), _sum(part.money for part in parts))
            for model, parts in by_model.items()
        )
        return cls(tuple(sorted(merged, key=_most_expensive_first)))

    @property
    def total(self) -> Decimal | None:
        """US dollars, not rounded; None if any model has no known price."""
        return _sum(line.money for line in self.models)

    @property
    def unknown(self) -> list[str]:
        """Models without a known price."""
        return [line.model for line in self.models if line.money is None]

    @property
    def tokens(self) -> Tokens:
        """Tokens of all models."""
        return add_tokens(line.tokens for line in self.models)


def _most_expensive_first(line: ModelCost) -> tuple[bool, Decimal, str]:
    return line.money is None, -(line.money or Decimal()), line.model


def _sum(amounts: Iterable[Decimal | None]) -> Decimal | None:
    """Return the sum; None if any amount is unknown, because a partial sum would mislead."""
    total = Decimal()
    for amount in amounts:
        if amount is None:
            return None
        total += amount
    return total
