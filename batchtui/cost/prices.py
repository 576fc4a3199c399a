"""Batch prices from the genai-prices table, corrected by the public pricing page.

Batches cost 50 % of the standard price for every token, including cache writes and reads. Web searches cost
the same as outside a batch, $10 per 1,000. The table has batch prices only for current models, and only for
dates since it started to list them. For all others it returns the standard price, which is halved here.

From the pricing page and the release notes: inference restricted to the US costs 1.1 times as much for every
token on Opus 4.6, Sonnet 4.6 and later models. Mythos models cost the same as Fable models of the same
version. Negotiated discounts are not included.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import NamedTuple

import genai_prices
from genai_prices.types import ModelPrice, TieredPrices

from batchtui.cost.models import version_of
from batchtui.cost.tokens import Cost, ModelCost, Tokens, Usage, add_tokens

PROVIDER = "anthropic"
BATCH = {"processing": "batch"}
US_FACTOR = Decimal("1.1")
"""Source: public pricing page, data residency pricing."""
SAME_PRICE_AS = {"claude-mythos-5": "claude-fable-5", "claude-mythos-5-1": "claude-fable-5-1"}
"""Models missing from the table, with one that has the same prices on the public pricing page."""
CHANGED_CACHE_READS = {
    "claude-sonnet-5-5": (datetime(2026, 10, 7, tzinfo=UTC), Decimal("0.20")),
}
"""Prices of cache reads before a date; the table has the later price. Source: public release notes."""
_DATE = re.compile(r"-\d{8}$")
US_SURCHARGE_FROM = (4, 6)


def price(usages: Iterable[Usage], at: float | None = None) -> Cost:
    """Calculate the cost of batched requests.

    Args:
        usages: Usage of requests, any number per model.
        at: Time of the requests in seconds since the epoch, because prices change; now by default.
    """
    by_model: dict[str, list[Usage]] = {}
    for usage in usages:
        by_model.setdefault(usage.model, []).append(usage)
    when = None if at is None else datetime.fromtimestamp(at, UTC)
    return Cost.of(_model_cost(model, parts, when) for model, parts in by_model.items())


def _model_cost(model: str, usages: Sequence[Usage], at: datetime | None) -> ModelCost:
    tokens = add_tokens(usage.tokens for usage in usages)
    rates = _rates(model, at)
    if not rates:
        return ModelCost(model, tokens, None)
    starts = [rate.start for rate in rates]
    by_rate: dict[tuple[int, bool], list[Tokens]] = {}
    for usage in usages:
        rate = max(0, bisect_left(starts, usage.prompt) - 1)
        by_rate.setdefault((rate, usage.is_us), []).append(usage.tokens)
    us_factor = US_FACTOR if version_of(model) >= US_SURCHARGE_FROM else Decimal(1)
    money = (
        _money(rates[rate].prices, add_tokens(parts), us_factor if is_us else Decimal(1))
        for (rate, is_us), parts in by_rate.items()
    )
    return ModelCost(model, tokens, sum(money, Decimal()))


class _Rate(NamedTuple):
    """Batch prices of every token in requests whose prompt is longer than `start` tokens."""

    start: int
    prices: ModelPrice


def _rates(model: str, at: datetime | None) -> list[_Rate]:
    """Return a model's batch prices, shortest prompts first; empty if they are unknown."""
    try:
        standard, batch = _listed(model, at)
    except LookupError:
        alias = SAME_PRICE_AS.get(_DATE.sub("", model))
        return _rates(alias, at) if alias else []
    tiers = [
        tier for item in vars(standard).values() if isinstance(item, TieredPrices) for tier in item.tiers
    ]
    starts = sorted({0, *(tier.start for tier in tiers)})
    return [_Rate(start, _batch_prices(standard, batch, start)) for start in starts]


def _listed(model: str, at: datetime | None) -> tuple[ModelPrice, ModelPrice]:
    """Return the table's standard and batch prices, with the changes that it lacks."""
    standard, batch = (
        genai_prices.calc_price(
            genai_prices.Usage(),
            model,
            provider_id=PROVIDER,
            genai_request_timestamp=at,
            price_context=context,
        )
        for context in (None, BATCH)
    )
    changed = CHANGED_CACHE_READS.get(standard.model.id)
    if changed is None or at is None or at >= changed[0]:
        return standard.model_price, batch.model_price
    corrected = ModelPrice(**vars(standard.model_price) | {"cache_read_mtok": changed[1]})
    return corrected, corrected


def _batch_prices(standard: ModelPrice, batch: ModelPrice, start: int) -> ModelPrice:
    """Return the prices above a threshold: the batch price, or half the standard price if it is not lower."""
    prices: dict[str, Decimal] = {}
    for key, listed in vars(standard).items():
        if listed is not None:
            full, reduced = _above(listed, start), _above(getattr(batch, key), start)
            is_undiscounted = key.endswith("_mtok") and reduced >= full
            prices[key] = full / 2 if is_undiscounted else reduced
    return ModelPrice(**prices)


def _above(listed: Decimal | TieredPrices, start: int) -> Decimal:
    if isinstance(listed, Decimal):
        return listed
    reached = [tier.price for tier in listed.tiers if tier.start <= start]
    return reached[-1] if reached else listed.base


def _money(prices: ModelPrice, tokens: Tokens, token_factor: Decimal) -> Decimal:
    usage = genai_prices.Usage(
        input_tokens=tokens.all_input,
        cache_write_tokens=tokens.cache_write_5m + tokens.cache_write_1h,
        cache_write_1h_tokens=tokens.cache_write_1h,
        cache_read_tokens=tokens.cache_read,
        output_tokens=tokens.output,
    )
    searches = genai_prices.Usage(web_searches=tokens.searches)
    return prices.calc_price(usage)["total_price"] * token_factor + prices.calc_price(searches)["total_price"]
