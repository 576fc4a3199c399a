"""A result taken apart for reading: every block, every error, nothing lost."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given

from batchtui.results import Advice, Block, Citation, OpenedResult, open_result
from batchtui.results.message import preview
from batchtui.text import replace_surrogates
from tests.results.odd import ODD
from tests.results.test_decode import LINE
from tests.results.wire import errored, succeeded


def opened(line: dict[str, Any]) -> OpenedResult:
    return open_result(json.dumps(line).encode())


def block_of(content: dict[str, Any]) -> Block:
    (block,) = opened(succeeded("a", content=[content])).blocks
    return block


def test_a_reply_in_order() -> None:
    content = [
        {"type": "thinking", "thinking": "Hm.", "signature": "c2ln"},
        {"type": "text", "text": "Hello "},
        {"type": "tool_use", "id": "toolu_1", "name": "save", "input": {"n": 1}},
        {"type": "text", "text": "world", "citations": None},
    ]
    result = opened(succeeded("a", content=content, id="msg_7"))
    assert [block.type for block in result.blocks] == ["thinking", "text", "tool_use", "text"]
    assert result.reply == "Hello \n\nworld"
    assert result.blocks[2] == Block("tool_use", "save", '{\n  "n": 1\n}', "json")
    assert (result.custom_id, result.outcome, result.error) == ("a", "succeeded", None)
    assert (result.model, result.stop_reason) == ("claude-haiku-4-5-20251001", "end_turn")
    assert result.usage["output_tokens"] == 7


def test_citations() -> None:
    cited = [
        {"type": "char_location", "document_title": "Report", "cited_text": "it rose"},
        {"type": "web_search_result_location", "title": "Page", "url": "https://x.test", "cited_text": "yes"},
        "odd",
    ]
    assert block_of({"type": "text", "text": "It rose.", "citations": cited}).citations == (
        Citation("Report", "", "it rose"),
        Citation("Page", "https://x.test", "yes"),
        Citation("", "", ""),
    )


RESULTS = {
    "search": (
        {
            "type": "web_search_tool_result",
            "content": [{"title": "T", "url": "https://x.test", "page_age": "1 d"}],
        },
        "T\nhttps://x.test",
        False,
    ),
    "failed search": (
        {"type": "web_search_tool_result", "content": {"error_code": "max_uses_exceeded"}},
        "max_uses_exceeded",
        True,
    ),
    "code": (
        {
            "type": "code_execution_tool_result",
            "content": {
                "type": "code_execution_result",
                "stdout": "4\n",
                "stderr": "",
                "return_code": 1,
                "content": [],
            },
        },
        "4\n\nreturn code 1",
        False,
    ),
    "fetched page": (
        {
            "type": "web_fetch_tool_result",
            "content": {
                "url": "https://x.test",
                "content": {"type": "document", "title": "T", "source": {"type": "text", "data": "D"}},
            },
        },
        "https://x.test\nT\nD",
        False,
    ),
    "mcp": (
        {"type": "mcp_tool_result", "is_error": True, "content": [{"type": "text", "text": "no"}]},
        "no",
        True,
    ),
    "image": (
        {
            "type": "mcp_tool_result",
            "content": [{"type": "image", "source": {"media_type": "image/png", "data": "AAAA" * 400}}],
        },
        "image, image/png, 1,200 bytes",
        False,
    ),
    "image elsewhere": (
        {"type": "image", "source": {"type": "url", "url": "https://x.test/a.png"}},
        "image, https://x.test/a.png",
        False,
    ),
    "text": ({"type": "tool_result", "content": "plain"}, "plain", False),
    "nothing": ({"type": "tool_result"}, "", False),
    "unknown inside": ({"type": "tool_result", "content": [{"new": 1}]}, '{\n  "new": 1\n}', False),
}


@pytest.mark.parametrize(("content", "text", "is_error"), RESULTS.values(), ids=RESULTS)
def test_results_of_tools(content: dict[str, Any], text: str, is_error: bool) -> None:
    block = block_of(content)
    assert (block.type, block.text or block.title, block.is_error) == (content["type"], text, is_error)


def test_calls_of_tools() -> None:
    assert block_of({"type": "server_tool_use", "name": "code_execution", "input": {"code": "1+1"}}) == Block(
        "server_tool_use", "code_execution", "1+1", "python"
    )
    assert block_of({"type": "mcp_tool_use", "server_name": "db", "name": "ask", "input": {}}) == Block(
        "mcp_tool_use", "db: ask", "{}", "json"
    )


def test_an_unknown_block_shows_all_it_has() -> None:
    block = block_of({"type": "hologram", "depth": 3})
    assert (block.type, block.language) == ("hologram", "json")
    assert json.loads(block.text) == {"type": "hologram", "depth": 3}


def test_refusals_and_stop_sequences_are_explained() -> None:
    details = {"type": "refusal", "category": "cyber", "explanation": "Not this."}
    assert opened(succeeded("a", stop_reason="refusal", stop_details=details)).stop_note == "cyber: Not this."
    assert opened(succeeded("a", stop_reason="stop_sequence", stop_sequence="END")).stop_note == "END"


def test_errors_come_with_their_request_id_and_advice() -> None:
    error = opened(errored("a", "invalid_request_error", "No.")).error
    assert error is not None
    assert (error.type, error.message, error.request_id, error.advice) == (
        "invalid_request_error",
        "No.",
        "req_01",
        Advice.FIX,
    )
    expired = opened({"custom_id": "a", "result": {"type": "expired"}}).error
    assert expired is not None
    assert (expired.message, expired.advice) == ("", Advice.RESUBMIT)


@pytest.mark.parametrize("name", ["error a text", "error flat", "error nested"])
def test_every_form_of_an_error_is_read(name: str) -> None:
    error = open_result(ODD[name][0]).error
    assert error is not None
    assert error.message == "boom"


@pytest.mark.parametrize(("line", "custom_id", "outcome", "flag"), ODD.values(), ids=ODD)
def test_odd_lines_can_be_opened(line: bytes, custom_id: str, outcome: str, flag: str | None) -> None:
    result = open_result(line)
    assert replace_surrogates(result.custom_id) == custom_id
    assert result.outcome == outcome
    if flag == "not JSON" and result.value is None:
        assert result.blocks[0].text == line.decode("utf-8", "replace")
    preview(line)


@given(LINE)
def test_anything_can_be_opened_and_previewed(line: dict[str, Any]) -> None:
    data = json.dumps(line).encode()
    assert open_result(data).value == json.loads(data)
    assert len(preview(data)) <= 160


def test_a_preview_is_the_first_text_or_the_kinds_of_blocks() -> None:
    call = {"type": "tool_use", "name": "save", "input": {}}
    texts = [
        {"type": "thinking", "thinking": "Hm"},
        {"type": "text", "text": " \n"},
        {"type": "text", "text": " Yes. "},
    ]
    assert preview(json.dumps(succeeded("a", content=[*texts, call])).encode()) == "Yes."
    assert preview(json.dumps(succeeded("a", content=[texts[0], call])).encode()) == "thinking, tool_use save"
    assert preview(json.dumps(succeeded("a", content="plain")).encode()) == "plain"
    assert preview(b"{broken") == "{broken"
