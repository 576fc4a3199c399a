"""What is shown of a result is bounded at first, whatever the server sent; the rest is named, not lost."""

from __future__ import annotations

import json

from batchtui.results import open_result
from batchtui.results.decode import decode_line
from batchtui.tui.result_text import BLOCKS_FIRST, BLOCKS_MOST, CUT_CHARS, reply_parts


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
