"""Rows agree with a plain JSON parse, and no line is too odd for one."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batchtui.results import OUTCOMES, Flag, ResultRow
from batchtui.results.decode import decode_line
from tests.results.odd import ODD
from tests.results.wire import errored, succeeded

NAMES = st.text(max_size=12) | st.none()
COUNTS = st.integers(0, 2**40) | st.none()
ANYTHING: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
USAGE = st.fixed_dictionaries(
    {},
    optional={
        "input_tokens": COUNTS | ANYTHING,
        "output_tokens": COUNTS,
        "cache_creation_input_tokens": COUNTS,
        "cache_read_input_tokens": COUNTS,
        "cache_creation": st.fixed_dictionaries({}, optional={"ephemeral_1h_input_tokens": COUNTS})
        | ANYTHING,
        "server_tool_use": st.fixed_dictionaries({}, optional={"web_search_requests": COUNTS}) | st.none(),
        "service_tier": ANYTHING,
    },
)
MESSAGE = st.fixed_dictionaries(
    {}, optional={"model": NAMES | ANYTHING, "stop_reason": NAMES, "usage": USAGE, "content": ANYTHING}
)
ERROR = st.fixed_dictionaries(
    {}, optional={"type": NAMES, "message": NAMES | ANYTHING, "error": ANYTHING, "request_id": ANYTHING}
)
RESULT = st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from(OUTCOMES) | NAMES,
        "message": MESSAGE | st.none() | ANYTHING,
        "error": ERROR | st.fixed_dictionaries({"type": st.just("error"), "error": ERROR}) | ANYTHING,
    },
)
LINE = st.fixed_dictionaries({}, optional={"custom_id": NAMES | ANYTHING, "result": RESULT | ANYTHING})


def plain_row(line: dict[str, Any]) -> dict[str, object]:
    """What a row should say, from a plain parse."""

    def text(value: object) -> str:
        return value if isinstance(value, str) else ""

    def tokens(value: object) -> int:
        return value if type(value) is int and 0 <= value <= 2**53 else 0

    def fields(value: object) -> dict[str, Any]:
        return value if isinstance(value, dict) else {}

    result = fields(line.get("result"))
    message = fields(result.get("message"))
    usage = fields(message.get("usage"))
    error = result.get("error")
    inner = error.get("error") if isinstance(error, dict) else None
    error = inner if isinstance(inner, dict | str) else error
    is_reply = bool(text(line.get("custom_id"))) and text(result.get("type")) == "succeeded"
    if is_reply and isinstance(result.get("message"), dict):
        error = None
    return {
        "custom_id": text(line.get("custom_id")),
        "outcome": text(result.get("type")),
        "error_type": text(fields(error).get("type")),
        "error_message": error if isinstance(error, str) else text(fields(error).get("message")),
        "model": text(message.get("model")),
        "stop_reason": text(message.get("stop_reason")),
        "input_tokens": tokens(usage.get("input_tokens")),
        "cache_write_tokens": tokens(usage.get("cache_creation_input_tokens")),
        "cache_write_1h_tokens": tokens(fields(usage.get("cache_creation")).get("ephemeral_1h_input_tokens")),
        "cache_read_tokens": tokens(usage.get("cache_read_input_tokens")),
        "output_tokens": tokens(usage.get("output_tokens")),
        "web_searches": tokens(fields(usage.get("server_tool_use")).get("web_search_requests")),
    }


def said(row: ResultRow, names: dict[str, object]) -> dict[str, object]:
    return {name: getattr(row, name) for name in names}


@given(LINE, st.booleans())
def test_rows_agree_with_a_plain_parse(line: dict[str, Any], ascii_only: bool) -> None:
    data = json.dumps(line, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")
    row = decode_line(3, 70, data)
    expected = plain_row(json.loads(data.decode("utf-8", "surrogatepass")))
    assert (row.n, row.offset, row.length) == (3, 70, len(data))
    assert said(row, expected) == expected


@given(st.binary() | st.text().map(str.encode))
def test_any_bytes_make_a_row(line: bytes) -> None:
    row = decode_line(0, 0, line)
    assert row.length == len(line)
    assert row.flag is not None or row.custom_id


@pytest.mark.parametrize(("line", "custom_id", "outcome", "flag"), ODD.values(), ids=ODD)
def test_odd_lines(line: bytes, custom_id: str, outcome: str, flag: str | None) -> None:
    row = decode_line(0, 0, line)
    assert (row.custom_id, row.outcome, row.flag) == (custom_id, outcome, flag)
    if outcome == "errored" and b"boom" in line:
        assert row.error_message == "boom"


def test_all_input_is_fresh_and_cached() -> None:
    usage = {
        "input_tokens": 100,
        "cache_creation_input_tokens": 30,
        "cache_creation": {"ephemeral_5m_input_tokens": 10, "ephemeral_1h_input_tokens": 20},
        "cache_read_input_tokens": 4,
        "output_tokens": 9,
        "server_tool_use": {"web_search_requests": 2},
    }
    row = decode_line(0, 0, json.dumps(succeeded("a", usage=usage)).encode())
    assert (row.all_input_tokens, row.cache_write_1h_tokens, row.web_searches) == (134, 20, 2)


@pytest.mark.parametrize("extra", [{}, {"loose": float("nan")}], ids=["strict", "loose"])
def test_long_messages_are_cut_visibly(extra: dict[str, object]) -> None:
    def message_of(length: int) -> str:
        line = errored("a", message="x" * length) | extra
        return decode_line(0, 0, json.dumps(line).encode()).error_message

    assert message_of(1000) == "x" * 1000
    assert message_of(1001) == message_of(5000) == "x" * 999 + "…"


def test_a_long_odd_line_is_known_by_its_beginning() -> None:
    line = (
        b'{"custom_id": "a-1", "result": {"type": "succeeded", "message": {"x": NaN, "y": "'
        + b"z" * 9_000_000
    )
    row = decode_line(3, 100, line)
    assert (row.n, row.offset, row.length) == (3, 100, len(line))
    assert (row.custom_id, row.outcome, row.flag) == ("a-1", "succeeded", Flag.TOO_LONG)
    other = decode_line(0, 0, b'{"result": NaN, "y": "' + b"z" * 9_000_000)
    assert (other.custom_id, other.flag) == ("", Flag.TOO_LONG)
