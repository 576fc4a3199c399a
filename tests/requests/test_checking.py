"""Checking requests: all that is wrong is told, and what is accepted the sandbox accepts too."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batchtui.requests.checking import FORBIDDEN, MEDIA_TOKENS, Checked, check, identify
from batchtui.sandbox.errors import ApiError
from batchtui.sandbox.submission import read_requests

SURELY = {"model": "claude-haiku-4-5", "max_tokens": 9, "messages": [{"role": "user", "content": "Hello."}]}
ODD: tuple[object, ...] = (None, "", "x", 0, 1, -1, 1.5, True, False, [], {}, ["x"], 10**30)

values = st.sampled_from(ODD)
message = st.dictionaries(st.sampled_from(["role", "content"]), values | st.sampled_from(["user", "system"]))
NAMES = (*SURELY, *sorted(FORBIDDEN), "stream", "system", "tools", "temperature")
params = st.dictionaries(st.sampled_from(NAMES), values | st.lists(message, max_size=2)).map(
    lambda changes: SURELY | changes
)
custom_ids = st.sampled_from(["a", "-", "a b", "", "x" * 64, "x" * 65, "é", "a\n", 5, None])
requests = st.fixed_dictionaries({}, optional={"custom_id": custom_ids}) | st.just({"custom_id": "a"})
garbage = (st.text() | st.recursive(values, st.lists).map(json.dumps)).map(str.encode) | st.binary()


def request(custom_id: object = "a", **changes: Any) -> bytes:  # noqa: ANN401 - any JSON
    return json.dumps({"custom_id": custom_id, "params": SURELY | changes}).encode()


def faults(raw: bytes) -> list[str]:
    found = check(raw)
    assert isinstance(found, list)
    return found


def sandbox_takes(raw: bytes) -> bool:
    """Whether the sandbox takes a request, and would not let it fail as invalid."""
    try:
        return read_requests(b'{"requests":[' + raw + b"]}")[0].problem is None
    except ApiError:
        return False


@settings(max_examples=300)
@given(requests, params | values)
def test_what_is_accepted_the_sandbox_accepts_and_what_it_refuses_is_refused(
    request: dict[str, Any], params: object
) -> None:
    raw = json.dumps(request | {"params": params}).encode()
    assert sandbox_takes(raw) or not isinstance(check(raw), Checked)


def test_what_nothing_is_wrong_with_is_accepted() -> None:
    assert check(request()) == Checked("a", "claude-haiku-4-5", 2, 9)


@given(garbage)
def test_garbage_is_a_fault_and_never_raises(raw: bytes) -> None:
    assert faults(raw)
    assert isinstance(identify(raw), list)


@settings(max_examples=300)
@given(st.integers(0, len(request())), st.binary(max_size=3))
def test_a_damaged_request_is_no_worse_for_the_sandbox_than_for_us(place: int, damage: bytes) -> None:
    raw = request()[:place] + damage + request()[place + 1 :]
    if isinstance(check(raw), Checked):
        assert sandbox_takes(raw)


@pytest.mark.parametrize(
    ("raw", "fault"),
    [
        (b"{", "not JSON (expecting property name enclosed in double quotes at character 2)"),
        (request() + b" {}", "not JSON (extra data at character"),
        (request("a").replace(b"Hello", b"a\nb"), "not JSON (invalid control character at character"),
        (request(temperature=1).replace(b": 1}", b": NaN}"), "not JSON (invalid character"),
        (request().replace(b"Hello", rb"\ud83d"), "not JSON (half a surrogate pair"),
        (request(max_tokens=1).replace(b": 1", b": " + b"9" * 5000), "not JSON (a number without end"),
        (request().replace(b"Hello", b"\xff"), "not UTF-8; save the file as UTF-8"),
        (b"[" * 100_000, "nested too deeply"),
        (request(messages=[{"role": "user", "content": ""}]), "params.messages[0] has no content"),
        (request(messages=[{"role": "user", "content": [[]] * 0}]), "params.messages[0] has no content"),
        (request(messages=[{"role": "bot", "content": "x"}]), "params.messages[0].role has to be user"),
        (b'{"custom_id": "a", "body": {}}', "params is missing; put what is in body there"),
        (request(stream=True), "params.stream: a batch cannot stream"),
        (request(speed=None), "params.speed is not allowed in a batch"),
    ],
)
def test_a_fault_says_what_and_where(raw: bytes, fault: str) -> None:
    found = faults(raw)
    assert len(found) == 1
    assert found[0].startswith(fault)
    assert not found[0].endswith(".")


def test_all_that_is_wrong_with_a_request_is_told() -> None:
    raw = b'{"custom_id": "a b", "params": {"max_tokens": 0, "messages": [{}], "stream": true, "store": 1}}'
    whole = "\n".join(faults(raw))
    for part in ("custom_id", "model is missing", "max_tokens", "[0].role", "[0] has no", "stream", "store"):
        assert part in whole


def test_input_is_estimated_from_texts_and_media() -> None:
    def tokens(**changes: object) -> int:
        found = check(request(**changes))
        assert isinstance(found, Checked)
        return found.input_tokens

    image = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "A" * 900_000}}
    plain = tokens()
    assert tokens(system="x" * 4000) == plain + 1000
    with_image = tokens(messages=[{"role": "user", "content": [image]}])
    assert MEDIA_TOKENS <= with_image < MEDIA_TOKENS + 20
    assert tokens(tools=[{"name": "n" * 400, "input_schema": {}}]) > plain + 90


def test_a_request_that_was_accepted_elsewhere_needs_only_a_custom_id() -> None:
    assert identify(b'{"custom_id": "a", "params": {"new_kind": 1}}') == Checked("a", "", 0, 0)
    assert isinstance(identify(b'{"params": {}}'), list)
