"""Estimated cost: bounds hold, and are not claimed where they are unknown."""

from __future__ import annotations

import tempfile
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batchtui.cost import Tokens, Usage, price
from batchtui.submissions import Estimate, estimate
from batchtui.submissions.preparing import PROMPT_STEP, Prepared, prepare
from batchtui.submissions.request_file import Load, RequestFile
from batchtui.tui.format.batch import price_at_most
from tests.cost.test_prices import price_limits
from tests.submitting import write

TIERED, OLD, NEW = "claude-haiku-5-5", "claude-sonnet-4-5", "claude-opus-4-6"
KINDS = {"": "input", "5m": "cache_write_5m", "1h": "cache_write_1h"}
MAX_TOKENS = 100


def request(number: int, model: str, size: int, ttl: str, geo: str) -> dict[str, Any]:
    """A request of so many bytes of text."""
    control = {"cache_control": {"type": "ephemeral", "ttl": ttl}} if ttl else {}
    content = [{"type": "text", "text": "x" * size, **control}]
    params = {"model": model, "max_tokens": MAX_TOKENS, "messages": [{"role": "user", "content": content}]}
    return {"custom_id": f"a-{number}", "params": params | ({"inference_geo": geo} if geo else {})}


def prepared(*requests: dict[str, Any]) -> Prepared:
    with tempfile.TemporaryDirectory() as name:
        made = prepare(write(Path(name) / "file", requests), Path(name))
        assert made.errors == []
        assert RequestFile(Path(name), made.file.name).loads(made.span) == made.loads
        return made


def total(*usages: Usage) -> Decimal:
    found = price(usages).total
    assert found is not None
    return found


asked = st.tuples(
    st.sampled_from([TIERED, OLD, NEW]),
    st.sampled_from([1, 50_000, 99_000, 99_999, 100_001, 109_999, 199_900, 209_999]),
    st.sampled_from(list(KINDS)),
    st.sampled_from(["", "us", "global"]),
)


@settings(max_examples=30, deadline=None)
@given(st.lists(asked, min_size=1, max_size=4), st.data())
def test_bound_covers_all_allowed_usage(asked: list[tuple[str, int, str, str]], data: st.DataObject) -> None:
    found = estimate(prepared(*(request(number, *each) for number, each in enumerate(asked))).loads)
    assert found.is_bound
    used = []
    for model, size, ttl, geo in asked:
        prompt = data.draw(st.integers(size // 5, size + 20))  # a token a byte, and a few that the API adds
        kind = KINDS[data.draw(st.sampled_from(["", ttl]))]
        tokens = Tokens(output=data.draw(st.integers(1, MAX_TOKENS)))._replace(**{kind: prompt})
        is_us = geo == "us" or (
            not geo and data.draw(st.booleans())
        )  # where it is not said, the workspace says
        used.append(Usage(model, tokens, prompt, is_us))
    assert found.most is not None
    assert total(*used) <= found.most
    assert price_at_most(found).short.startswith("≤ $")


def test_prompt_above_limit_gets_higher_price() -> None:
    def about(bytes_: int) -> Decimal | None:
        return estimate(prepared(request(0, TIERED, bytes_, "", "global")).loads).least

    # 4 bytes a token and 30 % more: 307,692 bytes are 100,000 tokens, of 0.05 each million and above of 0.25.
    assert about(307_692) == Decimal("0.005")
    assert about(307_695) == Decimal("0.02500025")


def test_price_limits_are_multiples_of_prompt_step() -> None:
    assert {limit % PROMPT_STEP for limit in price_limits()} == {0}


def test_only_bounds_are_rounded_up() -> None:
    bound = Estimate(Decimal("0.1"), Decimal("1.231"), is_bound=True)
    assert (bound.max_text, price_at_most(bound).short) == ("at most $1.24", "≤ $1.24")
    about = bound._replace(is_bound=False)
    assert (about.max_text, price_at_most(about).short) == ("about $1.23", "~ $1.23")
    assert price_at_most(about).words == "about $1.23, an estimate"
    assert about._replace(least=Decimal("0.00001")).input_text == "less than $0.0001"


@pytest.mark.parametrize("source", [{"type": "url", "url": "https://example.com/x.png"}, {"type": "file"}])
def test_fetched_content_has_no_bound(source: dict[str, Any]) -> None:
    fetched = request(1, OLD, 4, "", "")
    fetched["params"]["messages"][0]["content"].append({"type": "image", "source": source})
    made = prepared(request(0, OLD, 4_000, "", ""), fetched)
    found = estimate(made.loads)
    # 1,001 tokens in, and an image of 1,600: 1.5 for a million; 200 out: 7.5 for a million.
    assert found == Estimate(Decimal("0.0039015"), Decimal("0.0054015"), is_bound=False)
    (load,) = made.models()
    assert (load.requests, load.input_tokens, load.is_bound) == (2, 2_601, False)


def test_loads_of_older_versions_have_no_bound() -> None:
    assert not estimate([Load(OLD, 0, 1, 1_000, 100)]).is_bound


def test_unknown_model_has_no_estimate() -> None:
    assert estimate(prepared(request(0, "claude-tomorrow", 4, "", "")).loads).most is None
