"""What is shown of a result is bounded at first, whatever the server sent; the rest is named, not lost."""

from __future__ import annotations

import json
from decimal import Decimal

from batchtui.cache import Counts
from batchtui.cost import Cost, ModelCost, Tokens
from batchtui.results import open_result
from batchtui.results.decode import decode_line
from batchtui.tui.format.result import (
    BLOCKS_FIRST,
    BLOCKS_MOST,
    CUT_CHARS,
    outcome_counts,
    reply_parts,
    usage_parts,
    used_words,
)


def shown(result: dict[str, object], *, whole: bool) -> list[str]:
    line = json.dumps({"custom_id": "a", "result": result}).encode()
    parts = reply_parts(decode_line(0, 0, line), open_result(line), whole=whole, unfolded=True)
    return [str(part) for part in parts]


def test_a_long_error_is_cut_and_says_so() -> None:
    message = "x" * (3 * CUT_CHARS)
    result: dict[str, object] = {"type": "errored", "error": {"type": "api_error", "message": message}}
    cut, whole = shown(result, whole=False), shown(result, whole=True)
    assert "x" * CUT_CHARS in cut
    assert any("40.0 kB more: press a to see all" in text for text in cut)
    assert message in whole


def test_very_many_blocks_are_cut_and_counted() -> None:
    content = [{"type": "text", "text": "hi"}] * 5_000
    result: dict[str, object] = {"type": "succeeded", "message": {"content": content}}
    cut, whole = shown(result, whole=False), shown(result, whole=True)
    assert cut[-1] == f"… {5_000 - BLOCKS_FIRST:,} more blocks: press a to see all"
    assert whole[-1] == f"… {5_000 - BLOCKS_MOST:,} more blocks: the raw view has them"


def test_what_is_not_billed_has_no_cost() -> None:
    line = json.dumps({"custom_id": "a", "result": {"type": "expired"}}).encode()
    parts = [str(part) for part in usage_parts(open_result(line), "$1.00")]
    assert parts == ["No usage: this request was not billed."]


def test_a_batch_of_an_unknown_model_has_tokens_and_no_price() -> None:
    lines = ModelCost("claude-haiku-4-5", Tokens(1_000, 20), Decimal(1)), ModelCost("new", Tokens(1), None)
    assert used_words(Cost(lines)) == "cost unknown · 1,001 tokens in, 20 out"


def test_empty_thinking_and_empty_replies_say_so() -> None:
    line = json.dumps(
        {"custom_id": "a", "result": {"type": "succeeded", "message": {"content": [{"type": "thinking"}]}}}
    ).encode()
    parts = reply_parts(decode_line(0, 0, line), open_result(line), whole=False, unfolded=False)
    assert "▸ thinking  empty" in [str(part) for part in parts]
    for content in ([], [{"type": "text", "text": ""}]):
        result: dict[str, object] = {"type": "succeeded", "message": {"content": content}}
        assert shown(result, whole=False)[-1] == "Empty reply"


def test_a_reply_is_shown_with_all_its_characters_and_line_breaks() -> None:
    text = '{"rule":"a*b*c","path":"__init__.py"}\n2*3*4\nnext line'
    result: dict[str, object] = {
        "type": "succeeded",
        "message": {"content": [{"type": "text", "text": text}]},
    }
    assert text in shown(result, whole=False)


def test_the_title_counts_each_outcome_by_its_own_sign() -> None:
    counts = Counts(processing=0, succeeded=5, errored=2, canceled=3, expired=1)
    assert [cell.text.strip() for cell in outcome_counts(counts)] == ["2 ✗", "3 ○", "1 ◌"]
    assert not list(outcome_counts(Counts(0, 5, 0, 0, 0)))
