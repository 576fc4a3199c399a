"""Validation: all errors are reported with their path, and valid requests are accepted."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from batchtui.sandbox.errors import ApiError
from batchtui.sandbox.submission import read_requests
from batchtui.submissions.validation import Checked, check, identify

SURELY: dict[str, Any] = {
    "model": "claude-haiku-4-5",
    "max_tokens": 9,
    "messages": [{"role": "user", "content": "Hello."}],
}
ODD: tuple[object, ...] = (None, "", "x", 0, 1, -1, 1.5, True, False, [], {}, ["x"], 10**30)

values = st.sampled_from(ODD)
garbage = (st.text() | st.recursive(values, st.lists).map(json.dumps)).map(str.encode) | st.binary()


def request(custom_id: object = "a", **changes: Any) -> bytes:  # noqa: ANN401 - any JSON
    return json.dumps({"custom_id": custom_id, "params": SURELY | changes}).encode()


def errors(raw: bytes) -> list[str]:
    found = check(raw)
    assert isinstance(found, list)
    return found


def sandbox_takes(raw: bytes) -> bool:
    """Return whether the sandbox accepts a request as valid."""
    try:
        return read_requests(b'{"requests":[' + raw + b"]}")[0].problem is None
    except ApiError:
        return False


TEXT = {"type": "text", "text": "Hello."}
IMAGE = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"}}
CALL = {"type": "tool_use", "id": "toolu_1", "name": "look", "input": {}}
RETURNED = {"type": "tool_result", "tool_use_id": "toolu_1", "content": [TEXT]}
TOOL = {"name": "look", "input_schema": {"type": "object"}}
FULL = SURELY | {
    "messages": [
        {"role": "user", "content": [TEXT, IMAGE]},
        {"role": "assistant", "content": [CALL]},
        {"role": "user", "content": [RETURNED]},
    ],
    "system": [TEXT],
    "tools": [TOOL],
    "tool_choice": {"type": "auto"},
    "metadata": {"user_id": "u"},
    "stop_sequences": ["x"],
    "thinking": {"type": "enabled", "budget_tokens": 1024},
}
"""A request with every kind of content."""


def paths(value: object, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Return all paths in JSON."""
    pairs: Any = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    return [path, *(place for key, inner in pairs for place in paths(inner, (*path, key)))]


def changed(value: Any, path: tuple[str | int, ...], new: object) -> Any:  # noqa: ANN401 - any JSON
    """Return a copy with one value replaced."""
    if not path:
        return new
    copy = value.copy()
    copy[path[0]] = changed(value[path[0]], path[1:], new)
    return copy


@cache
def sdk_requests() -> TypeAdapter[Any]:
    from anthropic.types.messages.batch_create_params import Request

    return TypeAdapter(Request)


def sdk_takes(params: dict[str, Any]) -> bool:
    """Return whether the types of the official SDK accept params."""

    def walk(value: Any) -> None:  # noqa: ANN401 - lists are validated when they are read
        for each in value.values() if isinstance(value, dict) else value:
            if not isinstance(each, str | int | float | None):
                walk(each)

    try:
        walk(sdk_requests().validate_json(json.dumps({"custom_id": "a", "params": params}), strict=True))
    except ValidationError:
        return False
    return True


# The types do not limit `max_tokens` or thinking.
PLACES = [path for path in paths(FULL) if path and path[0] not in ("max_tokens", "thinking")]


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(PLACES), values)
def test_sdk_types_are_accepted(path: tuple[str | int, ...], value: object) -> None:
    params = changed(FULL, path, value)
    if sdk_takes(params) and value not in ("", [], {}):
        found = check(request(**params | {"thinking": {"type": "adaptive"}}))  # budgets have another rule
        assert isinstance(found, Checked), found


def test_sdk_types_are_checked() -> None:
    assert sdk_takes(FULL)
    assert not sdk_takes(changed(FULL, ("messages", 2, "content", 0, "tool_use_id"), 5))
    assert len(PLACES) > 30


ACCEPTED: dict[str, dict[str, object]] = {
    "a number with a point": {"max_tokens": 100.0},
    "speed that is not set": {"speed": None},
    "a stream that is none": {"stream": False},
    "an empty prefill": {"messages": [*SURELY["messages"], {"role": "assistant", "content": ""}]},
    "an empty prefill of blocks": {"messages": [*SURELY["messages"], {"role": "assistant", "content": []}]},
    "a system message": {"messages": [{"role": "system", "content": "x"}, *SURELY["messages"]]},
    "a block of a new type": {"messages": [{"role": "user", "content": [{"type": "hologram"}]}]},
    "a tool of the server": {"tools": [{"type": "web_search_20260318", "name": "web_search"}]},
    "a parameter that is new": {"brightness": 7},
    "whole temperatures": {"temperature": 1, "top_p": 0},
    "what is null": dict.fromkeys(("system", "tools", "temperature", "metadata", "stop_sequences")),
    "thinking within max_tokens": {
        "max_tokens": 1025,
        "thinking": {"type": "enabled", "budget_tokens": 1024},
    },
    "thinking between calls": {"tools": [TOOL], "thinking": {"type": "enabled", "budget_tokens": 5000}},
    "thinking as it likes": {"thinking": {"type": "adaptive"}},
    "a text as system prompt": {"system": "Be brief."},
}


@pytest.mark.parametrize("changes", ACCEPTED.values(), ids=ACCEPTED)
def test_valid_params_are_accepted(changes: dict[str, Any]) -> None:
    assert isinstance(check(request(**changes)), Checked)


def content(block: object) -> dict[str, object]:
    return {"messages": [*SURELY["messages"], {"role": "user", "content": [TEXT, block]}]}


def thinking(budget: object) -> dict[str, object]:
    return {"max_tokens": 4096, "thinking": {"type": "enabled", "budget_tokens": budget}}


BLOCK = "params.messages[1].content[1]"
REFUSED: dict[str, tuple[dict[str, object], str]] = {
    "a block that is a text": (content("Hello."), f"{BLOCK} is not an object"),
    "a block without a type": (content({"text": "x"}), f"{BLOCK}.type is missing"),
    "a type that is none": (content({"type": 5}), f"{BLOCK}.type must be a string"),
    "a text without text": (content({"type": "text"}), f"{BLOCK}.text is missing"),
    "an image without a source": (content({"type": "image"}), f"{BLOCK}.source is missing"),
    "an image whose source is a text": (
        content({"type": "image", "source": "x"}),
        f"{BLOCK}.source must be",
    ),
    "a document without a source": (content({"type": "document"}), f"{BLOCK}.source is missing"),
    "a tool_result of no call": (content({"type": "tool_result"}), f"{BLOCK}.tool_use_id is missing"),
    "a bad block in a tool_result": (
        content({"type": "tool_result", "tool_use_id": "t", "content": [TEXT, {"type": "image"}]}),
        f"{BLOCK}.content[1].source is missing",
    ),
    "an image of another API": (
        content({"type": "image_url", "image_url": {}}),
        f"{BLOCK}.type is image_url",
    ),
    "a tool of another API": (
        {"tools": [TOOL, {"type": "function", "function": {}}]},
        "params.tools[1].type is function",
    ),
    "a tool without a name": ({"tools": [{"input_schema": {}}]}, "params.tools[0].name is missing"),
    "tools that are an object": ({"tools": TOOL}, "params.tools must be a list"),
    "a tool that is a text": ({"tools": ["look"]}, "params.tools[0] is not an object"),
    "a system that is an object": ({"system": TEXT}, "params.system must be a string or a list"),
    "a system of bad blocks": ({"system": [TEXT, {"type": "text"}]}, "params.system[1].text is missing"),
    "stop_sequences that are a text": ({"stop_sequences": "x"}, "params.stop_sequences must be a list"),
    "stop_sequences of numbers": ({"stop_sequences": [1]}, "params.stop_sequences must be a list"),
    "metadata that are a list": ({"metadata": []}, "params.metadata must be an object"),
    "a tool_choice that is a word": ({"tool_choice": "auto"}, "params.tool_choice must be an object"),
    "thinking that is a switch": ({"thinking": True}, "params.thinking must be an object"),
    "temperature above 1": ({"temperature": 1.1}, "params.temperature must be a number from 0 to 1"),
    "temperature that is a text": ({"temperature": "1"}, "params.temperature must be a number"),
    "top_p below 0": ({"top_p": -0.1}, "params.top_p must be a number from 0 to 1"),
    "too little thinking": (thinking(1023), "params.thinking.budget_tokens must be an integer of 1024"),
    "thinking beyond max_tokens": (
        thinking(4096),
        "params.thinking.budget_tokens must be less than max_tok",
    ),
    "betas": ({"betas": ["x"]}, "params.betas is not allowed: it is an argument of the SDK"),
    "extra_body": ({"extra_body": {}}, "params.extra_body is not allowed"),
    "extra_headers": ({"extra_headers": {}}, "params.extra_headers is not allowed"),
    "response_format": ({"response_format": {}}, "params.response_format is not allowed"),
    "n": ({"n": 1}, "params.n is not allowed"),
    "speed": ({"speed": "fast"}, "params.speed is not allowed in a batch"),
    "an empty message before the last": (
        {"messages": [{"role": "assistant", "content": ""}, *SURELY["messages"]]},
        "params.messages[0] has no content",
    ),
}


@pytest.mark.parametrize(("changes", "fault"), REFUSED.values(), ids=REFUSED)
def test_invalid_params_are_reported_with_path(changes: dict[str, Any], fault: str) -> None:
    (found,) = errors(request(**changes))
    assert found.startswith(fault)
    assert not found.endswith(".")


def test_valid_request_is_accepted() -> None:
    found = check(request())
    assert isinstance(found, Checked)
    assert found[:3] == ("a", "claude-haiku-4-5", 9)


@given(garbage)
def test_garbage_is_an_error(raw: bytes) -> None:
    assert errors(raw)
    assert isinstance(identify(raw), list)


@settings(max_examples=300)
@given(st.integers(0, len(request())), st.binary(max_size=3))
def test_sandbox_accepts_valid_requests(place: int, damage: bytes) -> None:
    raw = request()[:place] + damage + request()[place + 1 :]
    if isinstance(check(raw), Checked):
        assert sandbox_takes(raw)


@pytest.mark.parametrize(
    ("raw", "fault"),
    [
        (b"{", "invalid JSON (expecting property name enclosed in double quotes at character 2)"),
        (request() + b" {}", "invalid JSON (extra data at character"),
        (request("a").replace(b"Hello", b"a\nb"), "invalid JSON (invalid control character at character"),
        (request(temperature=1).replace(b": 1}", b": NaN}"), "invalid JSON (invalid character"),
        (request().replace(b"Hello", rb"\ud83d"), "invalid JSON (half a surrogate pair"),
        (request(max_tokens=1).replace(b": 1", b": " + b"9" * 5000), "invalid JSON (a number is too large"),
        (request().replace(b"Hello", b"\xff"), "not UTF-8; save the file as UTF-8"),
        (b"[" * 100_000, "nested too deeply"),
        (request(messages=[{"role": "user", "content": ""}]), "params.messages[0] has no content"),
        (request(messages=[{"role": "user", "content": [[]] * 0}]), "params.messages[0] has no content"),
        (request(messages=[{"role": "bot", "content": "x"}]), "params.messages[0].role must be user"),
        (b'{"custom_id": "a", "body": {}}', "params is missing; move the contents of body there"),
        (request(stream=True), "params.stream is not supported in a batch"),
        (request()[:-1] + b', "method": "POST"}', '"method" is not allowed next to custom_id and params'),
        (b'{"x": [1], "requests": []}', '"x" is not allowed next to "requests"; remove it'),
    ],
)
def test_errors_name_cause_and_place(raw: bytes, fault: str) -> None:
    found = errors(raw)
    assert len(found) == 1
    assert found[0].startswith(fault)
    assert not found[0].endswith(".")


def test_all_errors_are_reported() -> None:
    raw = b'{"custom_id": "a b", "params": {"max_tokens": 0, "messages": [{}], "stream": true, "store": 1}}'
    whole = "\n".join(errors(raw))
    for part in ("custom_id", "model is missing", "max_tokens", "[0].role", "[0] has no", "stream", "store"):
        assert part in whole


def test_accepted_request_needs_only_custom_id() -> None:
    assert identify(b'{"custom_id": "a", "params": {"new_kind": 1}}')[:3] == ("a", "", 0)
    assert isinstance(identify(b'{"params": {}}'), list)


@pytest.mark.parametrize(
    ("twice", "said"),
    [
        (b'"custom_id": "b", "params"', '"custom_id" is repeated; keep one'),
        (b'"params": {}, "params"', '"params" is repeated; keep one'),
    ],
)
def test_repeated_key_in_request_is_reported(twice: bytes, said: str) -> None:
    assert errors(request().replace(b'"params"', twice)) == [said]


@pytest.mark.parametrize("key", ["model", "max_tokens", "messages"])
def test_repeated_key_in_params_is_reported(key: str) -> None:
    raw = request().replace(f'"{key}"'.encode(), f'"{key}": 9, "{key}"'.encode(), 1)
    assert errors(raw) == [f'"{key}" is repeated in params; keep one']


def test_key_name_elsewhere_is_not_repeated() -> None:
    schema = {"type": "object", "properties": {name: {"type": "string"} for name in ("model", "params")}}
    assert isinstance(check(request("custom_id", tools=[TOOL | {"input_schema": schema}])), Checked)
    assert errors(b'["params", "params"]') == ['not an object; a request is {"custom_id": …, "params": {…}}']
