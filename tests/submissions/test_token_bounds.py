"""Estimated and maximum tokens of requests. The oracle counts every byte of every string."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batchtui.submissions.token_bounds import IMAGE_TOKENS, MOST_IMAGE_TOKENS, TOOLS_TOKENS, TokenEstimate
from batchtui.submissions.validation import Checked, check

HAIKU, NEWER = "claude-haiku-4-5", "claude-sonnet-5-5"
DATA = "A" * 900_000
texts = st.text(max_size=40)
schemas: st.SearchStrategy[Any] = st.recursive(
    texts | st.integers() | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
)
text_blocks = st.builds(lambda text: {"type": "text", "text": text}, texts)
image = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": DATA}}
plain = st.builds(
    lambda text, title: {"type": "document", "title": title, "source": {"type": "text", "data": text}},
    texts,
    texts,
)
calls = st.builds(
    lambda value: {"type": "tool_use", "id": "t", "name": "look", "input": {"x": value}}, schemas
)
results = st.builds(
    lambda content: {"type": "tool_result", "tool_use_id": "t", "content": content},
    texts | st.lists(text_blocks, max_size=2),
)
blocks = text_blocks | plain | calls | results | st.just(image)
contents = texts.filter(bool) | st.lists(blocks, min_size=1, max_size=4)
messages = st.builds(lambda content: {"role": "user", "content": content}, contents)
tools = st.builds(lambda value: {"name": "look", "input_schema": {"x": value}}, schemas)
requests = st.fixed_dictionaries(
    {"messages": st.lists(messages, min_size=1, max_size=4)},
    optional={
        "system": texts | st.lists(text_blocks, max_size=2),
        "tools": st.lists(tools, max_size=2),
        "output_config": st.builds(
            lambda s: {"format": {"type": "json_schema", "schema": {"x": s}}}, schemas
        ),
    },
)


def weight_of(model: str = HAIKU, **params: Any) -> TokenEstimate:  # noqa: ANN401 - any JSON
    whole = {"model": model, "max_tokens": 9, "messages": [{"role": "user", "content": "Hello."}]} | params
    found = check(json.dumps({"custom_id": "a", "params": whole}).encode())
    assert isinstance(found, Checked), found
    return found.tokens


def every_byte(value: object) -> int:
    """Tokens if each byte of each text, key and number were one, and each image as large as can be."""
    if value == image:
        return 4_784
    if isinstance(value, dict):
        return sum(len(str(key).encode()) + every_byte(inner) for key, inner in value.items())
    return sum(map(every_byte, value)) if isinstance(value, list) else len(str(value).encode())


def read_by_the_model(value: object) -> object:
    """What the model reads of messages: their texts, images, and the inputs of tools with their keys."""
    if isinstance(value, list):
        return list(map(read_by_the_model, value))
    if not isinstance(value, dict) or value == image:
        return value
    texts = {key: inner for key, inner in value.items() if key not in ("type", "role")}
    return [inner if key == "input" else read_by_the_model(inner) for key, inner in texts.items()]


@given(requests, st.sampled_from([HAIKU, NEWER]))
def test_bound_is_at_least_a_token_per_byte(params: dict[str, Any], model: str) -> None:
    weight = weight_of(model, **params)
    assert weight.is_bound
    texts = read_by_the_model([params["messages"], params.get("system", "")])
    assert weight.most_tokens >= every_byte([texts, params.get("tools", []), params.get("output_config", {})])
    assert 0 <= weight.tokens <= weight.most_tokens


def test_newer_models_use_more_tokens() -> None:
    text = {"system": "x" * 4_000}
    assert weight_of(HAIKU, **text).tokens == 1_002
    assert weight_of(NEWER, **text).tokens == weight_of("claude-opus-4-7", **text).tokens == 1_302
    assert weight_of(HAIKU, **text).most_tokens >= 4_000


def test_tools_and_schemas_are_counted() -> None:
    plain = weight_of()
    tools = weight_of(tools=[{"name": "n", "description": "d" * 4_000, "input_schema": {}}])
    assert tools.tokens - plain.tokens > 1_000 + TOOLS_TOKENS
    schema = {"type": "json_schema", "schema": {"description": "d" * 4_000}}
    assert weight_of(output_config={"format": schema}).tokens - plain.tokens > 1_000
    assert weight_of(output_config={"effort": "low"}) == plain


def test_image_tokens_are_bounded() -> None:
    weight = weight_of(messages=[{"role": "user", "content": [image]}])
    assert IMAGE_TOKENS <= weight.tokens < IMAGE_TOKENS + 20
    assert MOST_IMAGE_TOKENS <= weight.most_tokens < MOST_IMAGE_TOKENS + 200


def test_pdf_tokens_depend_on_size() -> None:
    def tokens(size: int) -> int:
        source = {"type": "base64", "media_type": "application/pdf", "data": "A" * size}
        weight = weight_of(messages=[{"role": "user", "content": [{"type": "document", "source": source}]}])
        assert not weight.is_bound
        return weight.tokens

    assert 3_000 <= tokens(40) < 3_100  # a page at least
    assert 29_000 < tokens(1_000_000) < 31_000


def document(**source: object) -> dict[str, object]:
    return {"messages": [{"role": "user", "content": [{"type": "document", "source": source}]}]}


UNKNOWN: dict[str, dict[str, object]] = {
    "a document by URL": document(type="url", url="https://example.com/a.pdf"),
    "a document by id": document(type="file", file_id="file_1"),
    "an image by URL": {
        "messages": [{"role": "user", "content": [{"type": "image", "source": {"type": "url", "url": "x"}}]}]
    },
    "a block of a new type": {"messages": [{"role": "user", "content": [{"type": "hologram", "x": "y"}]}]},
    "earlier thinking": {
        "messages": [
            {"role": "assistant", "content": [{"type": "thinking", "thinking": "", "signature": "x"}]}
        ]
    },
    "a search": {"tools": [{"type": "web_search_20260318", "name": "web_search"}]},
    "servers of tools": {"mcp_servers": []},
    "compaction": {"context_management": {"edits": []}},
}


@pytest.mark.parametrize("params", UNKNOWN.values(), ids=UNKNOWN)
def test_server_side_content_has_no_bound(params: dict[str, Any]) -> None:
    assert not weight_of(**params).is_bound


def test_longest_cache_and_region_are_recorded() -> None:
    def cached(**control: str) -> dict[str, object]:
        return {"type": "text", "text": "x", "cache_control": {"type": "ephemeral", **control}}

    assert weight_of().cache == ""
    assert weight_of(system=[cached()]).cache == "5m"
    assert weight_of(system=[cached(ttl="1h"), cached()]).cache == "1h"
    assert weight_of(cache_control={"type": "ephemeral", "ttl": "1h"}).cache == "1h"
    assert [weight_of(inference_geo=geo).geo for geo in ("us", "global", None)] == ["us", "global", ""]
