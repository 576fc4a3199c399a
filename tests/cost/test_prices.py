"""Cost of batched requests: sums calculated by hand, and rules for every model in the table.

Prices in comments are standard prices per million tokens, from the public pricing page.
"""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from genai_prices.data import providers
from genai_prices.types import ModelInfo, TieredPrices
from hypothesis import given
from hypothesis import strategies as st

from batchtui.cost import Cost, Tokens, Usage, add_tokens, price
from batchtui.results.reader import PROMPT_STEP

MILLION = 1_000_000
SHORT, LONG = 1_000, 900_000
"""Prompt lengths below and above all thresholds of the table."""
NOW = datetime(2026, 11, 20, tzinfo=UTC).timestamp()
BEFORE_BATCH_PRICES = datetime(2026, 10, 1, tzinfo=UTC).timestamp()
MODELS = {model.id: model for each in providers if each.id == "anthropic" for model in each.models}

EXAMPLES = {
    # Input 4, output 20; half of (4 + 20).
    "input and output": ("claude-opus-5-5", Tokens(MILLION, MILLION), SHORT, "12"),
    # Input 3, output 15: half of (1,234 * 3 + 567 * 15) / 1,000,000 = half of 0.012207.
    "a single request": ("claude-sonnet-4-6", Tokens(1_234, 567), 1_234, "0.0061035"),
    # Written for 5 min 1.25 * 3, for 1 h 2 * 3, read 0.1 * 3: half of (3.75 + 6 + 0.3).
    "cache": (
        "claude-sonnet-4-6",
        Tokens(cache_write_5m=MILLION, cache_write_1h=MILLION, cache_read=MILLION),
        SHORT,
        "5.025",
    ),
    # Reading costs 0.025 of the input price of 10 here, not 0.1: half of 0.25.
    "cheap cache": ("claude-fable-5-1", Tokens(cache_read=MILLION), SHORT, "0.125"),
    # 300 searches at 10 per 1,000, which a batch does not make cheaper; half of (1 + 5) * 0.1.
    "searches": ("claude-haiku-4-5", Tokens(100_000, 100_000, searches=300), SHORT, "3.3"),
    # Retired: 15 and 75 at full price, half of 90.
    "retired": ("claude-opus-4-1-20250805", Tokens(MILLION, MILLION), SHORT, "45"),
    # Retired: 0.25 and 1.25, written for 1 h 0.5: half of 2.
    "retired, with cache": (
        "claude-3-haiku-20240307",
        Tokens(MILLION, MILLION, cache_write_1h=MILLION),
        SHORT,
        "1",
    ),
    # Up to 100,000 tokens of prompt 0.1 and 0.5: half of 0.6.
    "short prompts": ("claude-haiku-5-5", Tokens(MILLION, MILLION), 100_000, "0.3"),
    # Above, 0.5 and 2.5 for every token of the request: half of 3.
    "long prompts": ("claude-haiku-5-5", Tokens(MILLION, MILLION), 100_001, "1.5"),
}


ALL_KINDS = Tokens(MILLION, MILLION, MILLION, MILLION, MILLION, searches=1_000)
IN_THE_US = {
    # Half of (5 + 25 + 6.25 + 10 + 0.5) = 23.375, times 1.1 = 25.7125; searches cost the same everywhere.
    "opus 4.6": ("claude-opus-4-6", "35.7125"),
    # Half of (3 + 15 + 3.75 + 6 + 0.3) = 14.025, times 1.1 = 15.4275.
    "sonnet 4.6": ("claude-sonnet-4-6", "25.4275"),
    # Half of (2 + 10 + 2.5 + 4 + 0.1) = 9.3, times 1.1 = 10.23.
    "later": ("claude-sonnet-5-5-20260928", "20.23"),
    # Half of (10 + 50 + 12.5 + 20 + 1) = 46.75, times 1.1 = 51.425.
    "later, not in the table": ("claude-mythos-5", "61.425"),
    # Half of (5 + 25 + 6.25 + 10 + 0.5) = 23.375, the same in the US.
    "opus 4.5": ("claude-opus-4-5-20251101", "33.375"),
    # Half of (15 + 75 + 18.75 + 30 + 1.5) = 70.125.
    "opus 4": ("claude-opus-4-20250514", "80.125"),
    # Half of (0.8 + 4 + 1 + 1.6 + 0.08) = 3.74.
    "haiku 3.5": ("claude-3-5-haiku-20241022", "13.74"),
}


@pytest.mark.parametrize(("model", "dollars"), IN_THE_US.values(), ids=IN_THE_US)
def test_us_inference_surcharge(model: str, dollars: str) -> None:
    usage = Usage(model, ALL_KINDS, SHORT, is_us=True)
    assert price([usage], NOW).total == Decimal(dollars)
    anywhere = price([usage._replace(is_us=False)], NOW).total
    assert price([usage, usage._replace(is_us=False)], NOW).total == Decimal(dollars) + (anywhere or 0)


PUBLISHED = {
    # 10, 50, 12.5, 20 and 1: half of 93.5.
    "claude-mythos-5": "46.75",
    # As above, but reading costs 0.25: half of 92.75.
    "claude-mythos-5-1": "46.375",
    "claude-mythos-5-1-20260901": "46.375",
}


@pytest.mark.parametrize(("model", "dollars"), PUBLISHED.items())
def test_published_prices_missing_from_the_table(model: str, dollars: str) -> None:
    assert price([Usage(model, ALL_KINDS._replace(searches=0))], NOW).total == Decimal(dollars)


def test_cache_read_price_depends_on_the_date() -> None:
    usage = [Usage("claude-sonnet-5-5", Tokens(MILLION, cache_read=MILLION))]
    day_before, that_day = (datetime(2026, 10, day, tzinfo=UTC).timestamp() for day in (6, 7))
    assert price(usage, day_before).total == Decimal("1.1")  # half of 2 and 0.2
    assert price(usage, that_day).total == Decimal("1.05")  # half of 2 and 0.1
    assert price(usage).total == Decimal("1.05")


@pytest.mark.parametrize(("model", "tokens", "prompt", "dollars"), EXAMPLES.values(), ids=EXAMPLES)
def test_examples(model: str, tokens: Tokens, prompt: int, dollars: str) -> None:
    assert price([Usage(model, tokens, prompt)], NOW).total == Decimal(dollars)


def test_most_expensive_model_first() -> None:
    cost = price(
        [
            Usage("claude-haiku-4-5", Tokens(1_000_000)),  # half of 1
            Usage("claude-opus-4-8", Tokens(1_000_000)),  # half of 5
            Usage("claude-haiku-4-5", Tokens(output=400_000)),  # half of 5 * 0.4
        ],
        NOW,
    )
    assert [(line.model, line.money) for line in cost.models] == [
        ("claude-opus-4-8", Decimal("2.5")),
        ("claude-haiku-4-5", Decimal("1.5")),
    ]
    assert cost.total == Decimal(4)
    assert cost.tokens == Tokens(2_000_000, 400_000)


@pytest.mark.parametrize("model", ["", "claude-tomorrow-9", "gpt-5", "\x1b[31mclaude", "x" * 256])
def test_unknown_price_makes_the_total_unknown(model: str) -> None:
    cost = price([Usage(model, Tokens(1)), Usage("claude-opus-5-5", Tokens(MILLION))], NOW)
    assert cost.total is None
    assert cost.unknown == [model]
    assert [line.money for line in cost.models] == [Decimal(2), None]


def test_no_usage_costs_nothing() -> None:
    assert price([]) == Cost(())
    assert price([]).total == 0
    assert price([]).tokens == Tokens()


KEYS = {
    "input": ["input_mtok"],
    "output": ["output_mtok"],
    "cache_write_5m": ["cache_write_mtok", "input_mtok"],
    "cache_write_1h": ["cache_write_1h_mtok", "cache_write_mtok", "input_mtok"],
    "cache_read": ["cache_read_mtok", "input_mtok"],
}
"""The table's keys for each rate, in order of preference."""


def standard_price(model: ModelInfo, kind: str, prompt: int, at: float) -> Decimal:
    """Return the table's standard price of a million tokens."""
    prices = vars(model.get_prices(datetime.fromtimestamp(at, UTC)))
    if (model.id, kind) == ("claude-sonnet-5-5", "cache_read") and at == BEFORE_BATCH_PRICES:
        return Decimal("0.20")  # until October 7, 2026, which is missing from the table
    listed: Decimal | TieredPrices = next(prices[key] for key in KEYS[kind] if prices.get(key))
    if isinstance(listed, TieredPrices):
        return listed.tiers[-1].price if prompt == LONG else listed.base
    return listed


@pytest.mark.parametrize("at", [NOW, BEFORE_BATCH_PRICES], ids=["now", "before batch prices were listed"])
@pytest.mark.parametrize("model", MODELS)
def test_every_model_costs_half(model: str, at: float) -> None:
    for kind in KEYS:
        for prompt in (SHORT, LONG):
            cost = price([Usage(model, Tokens(**{kind: MILLION}), prompt)], at).total
            assert cost == standard_price(MODELS[model], kind, prompt, at) / 2 > 0, (kind, prompt)


@pytest.mark.parametrize("model", [name for name, model in MODELS.items() if model.price_variants])
def test_searches_are_not_discounted(model: str) -> None:
    assert price([Usage(model, Tokens(searches=1_000))], NOW).total == 10


def test_old_batches_have_old_prices() -> None:
    # Until March 13, 2026 long prompts cost 10 per million tokens, since then 5 like short ones.
    usage = [Usage("claude-opus-4-6", Tokens(MILLION), LONG)]
    assert price(usage, datetime(2026, 3, 1, tzinfo=UTC).timestamp()).total == Decimal(5)
    assert price(usage, NOW).total == Decimal("2.5")


usages = st.lists(
    st.builds(
        Usage,
        st.sampled_from(["claude-haiku-5-5", "claude-opus-4-1", "claude-sonnet-4-6"]),
        st.builds(Tokens, *[st.integers(0, 10**9)] * 6),
        st.integers(0, MILLION),
    )
)


@given(usages, usages)
def test_prices_are_additive(some: list[Usage], more: list[Usage]) -> None:
    combined, parts = price(some + more, NOW), (price(some, NOW), price(more, NOW))
    assert combined.total == sum((cost.total or Decimal() for cost in parts), Decimal())
    assert combined.tokens == add_tokens(cost.tokens for cost in parts)


def test_price_table_is_imported_on_first_use() -> None:
    imports = (
        "import sys, batchtui.cli, batchtui.cost as c, batchtui.results.reader, batchtui.tui.screens.results"
    )
    use = "before = 'genai_prices' in sys.modules; c.price; print(before, 'genai_prices' in sys.modules)"
    code = f"{imports}; {use}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False True\n"


def price_limits() -> set[int]:
    """Return the prompt lengths above which some model costs more."""
    prices = [model.get_prices(datetime.fromtimestamp(NOW, UTC)) for model in MODELS.values()]
    tiered = [each for price in prices for each in vars(price).values() if isinstance(each, TieredPrices)]
    return {tier.start for each in tiered for tier in each.tiers}


def test_prompt_step_divides_every_threshold() -> None:
    starts = price_limits()
    assert starts == {start for start in starts if start % PROMPT_STEP == 0} != set()
