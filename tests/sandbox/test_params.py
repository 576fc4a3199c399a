"""Invalid params: accepted when the batch is created, then `errored`."""

from __future__ import annotations

import json
from typing import Any

import pytest

from batchtui.sandbox.submission import read_requests

USER = {"role": "user", "content": "hi"}
PARAMS = {"model": "m", "max_tokens": 2000, "messages": [USER]}
TOOL = {"name": "t", "input_schema": {"type": "object"}}
PNG = {"type": "base64", "media_type": "image/png", "data": "AA=="}


def problem(params: dict[str, Any], version: str = "2023-06-01", betas: tuple[str, ...] = ()) -> str | None:
    """Return the problem that the sandbox finds in these params, in a body that it accepts."""
    body = json.dumps({"requests": [{"custom_id": "a", "params": params}]}).encode()
    return read_requests(body, version, frozenset(betas))[0].problem


def with_block(block: object) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": [block]}]}


@pytest.mark.parametrize("name", list(PARAMS))
def test_missing_params_fail_later(name: str) -> None:
    assert problem({key: value for key, value in PARAMS.items() if key != name}) == f"{name}: Field required"


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"model": None}, "model"),
        ({"model": ""}, "model"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"max_tokens": True}, "max_tokens"),
        ({"max_tokens": "9"}, "max_tokens"),
        ({"max_tokens": 9.5}, "max_tokens"),
        ({"stream": True}, "stream"),
        ({"speed": "fast"}, "speed"),
        ({"store": True}, "store"),
        ({"previous_thread_event_id": "x"}, "previous_thread_event_id"),
        ({"cache_hint": 1}, "cache_hint"),
        ({"context_hint": 1}, "context_hint"),
        ({"betas": ["x"]}, "betas"),
        ({"extra_body": {}}, "extra_body"),
        ({"extra_headers": {}}, "extra_headers"),
        ({"response_format": {}}, "response_format"),
        ({"n": 2}, "n"),
        ({"custom_id": "a"}, "custom_id"),
        ({"temperature": 2}, "temperature"),
        ({"temperature": -0.1}, "temperature"),
        ({"temperature": None}, "temperature"),
        ({"top_p": 1.1}, "top_p"),
        ({"top_k": 1.5}, "top_k"),
        ({"messages": []}, "messages"),
        ({"messages": "hi"}, "messages"),
        ({"messages": [{"role": "user"}]}, "messages.0.content"),
        ({"messages": [USER, {"role": "robot", "content": "hi"}]}, "messages.1.role"),
        ({"messages": [{**USER, "name": "me"}]}, "messages.0.name"),
        ({"messages": [{"role": "user", "content": ""}]}, "messages.0"),
        ({"messages": [{"role": "assistant", "content": []}, USER]}, "messages.0"),
        (with_block("hi"), "messages.0.content.0"),
        (with_block({"text": "hi"}), "messages.0.content.0"),
        (with_block({"type": "hologram"}), "messages.0.content.0"),
        (with_block({"type": "image_url", "image_url": {"url": "x"}}), "messages.0.content.0"),
        (with_block({"type": "text"}), "messages.0.content.0.text.text"),
        (with_block({"type": "text", "text": "hi", "color": "red"}), "messages.0.content.0.text.color"),
        (with_block({"type": "image"}), "messages.0.content.0.image.source"),
        (with_block({"type": "image", "source": {"type": "path"}}), "messages.0.content.0.image.source"),
        (
            with_block({"type": "image", "source": {**PNG, "media_type": "image/bmp"}}),
            "messages.0.content.0.image.source.base64.media_type",
        ),
        (with_block({"type": "tool_result"}), "messages.0.content.0.tool_result.tool_use_id"),
        ({"system": 5}, "system"),
        ({"system": None}, "system"),
        ({"system": [{"type": "image", "source": PNG}]}, "system.0.type"),
        ({"tools": {}}, "tools"),
        ({"tools": [{"type": "function", "function": {}}]}, "tools.0"),
        ({"tools": [{"name": "t"}]}, "tools.0.custom.input_schema"),
        ({"tool_choice": "auto"}, "tool_choice"),
        ({"tool_choice": {"type": "tool"}}, "tool_choice.tool.name"),
        ({"stop_sequences": "stop"}, "stop_sequences"),
        ({"metadata": "me"}, "metadata"),
        ({"metadata": {"user": "me"}}, "metadata.user"),
        ({"thinking": {"type": "enabled"}}, "thinking.enabled.budget_tokens"),
        ({"thinking": {"type": "enabled", "budget_tokens": 1023}}, "thinking.enabled.budget_tokens"),
        ({"thinking": {"type": "enabled", "budget_tokens": 2000}}, "`max_tokens` must be greater"),
        ({"output_config": {"effort": "most"}}, "output_config.effort"),
        ({"service_tier": "batch"}, "service_tier"),
    ],
)
def test_invalid_params_fail_later(changes: dict[str, Any], where: str) -> None:
    message = problem({**PARAMS, **changes})
    assert message is not None
    assert message.startswith((f"{where}: ", f"{where} "))


@pytest.mark.parametrize(
    "changes",
    [
        {"max_tokens": 100.0},
        {"speed": None},
        {"stream": False},
        {"temperature": 1, "top_p": 0.5, "top_k": 40},
        {"system": ""},
        {
            "system": [
                {"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral", "ttl": "1h"}}
            ]
        },
        {"messages": [USER, {"role": "assistant", "content": ""}]},
        {"messages": [USER, {"role": "assistant", "content": []}]},
        {"messages": [USER, {"role": "system", "content": "Be brief."}]},
        with_block({"type": "image", "source": PNG}),
        with_block({"type": "document", "source": {"type": "file", "file_id": "file_1"}, "title": "Notes"}),
        with_block({"type": "tool_result", "tool_use_id": "toolu_1", "content": "done", "is_error": False}),
        with_block({"type": "web_search_tool_result", "tool_use_id": "srvtoolu_1", "content": []}),
        {"tools": [TOOL, {**TOOL, "type": "custom"}, {"type": "web_search_20260318", "name": "web_search"}]},
        {"tool_choice": {"type": "tool", "name": "t"}, "tools": [TOOL]},
        {"thinking": {"type": "enabled", "budget_tokens": 1999}},
        {"thinking": {"type": "adaptive"}, "output_config": {"effort": "high"}},
        {"output_config": {"format": {"type": "json_schema", "schema": {"type": "object"}}}},
        {"metadata": {"user_id": None}, "stop_sequences": ["\n"], "service_tier": "auto"},
    ],
)
def test_valid_params_succeed(changes: dict[str, Any]) -> None:
    assert problem({**PARAMS, **changes}) is None


@pytest.mark.parametrize("name", ["temperature", "top_p", "top_k"])
def test_newest_version_rejects_sampling_params(name: str) -> None:
    params = {**PARAMS, name: 1}
    assert problem(params, "2023-06-01") is None
    assert problem(params, "2026-10-21") == f"{name}: Extra inputs are not permitted"


def test_beta_keys_require_their_beta() -> None:
    params = {**PARAMS, "mcp_servers": []}
    assert problem(params) == "mcp_servers: Extra inputs are not permitted"
    assert problem(params, betas=("compact-2026-01-12",)) is not None
    assert problem(params, betas=("mcp-client-2026-09-15",)) is None
