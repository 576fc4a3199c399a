"""Validation of create bodies."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batchtui.sandbox.errors import ApiError
from batchtui.sandbox.submission import read_requests

MESSAGES = [{"role": "user", "content": "hi"}]
PARAMS = {"model": "m", "max_tokens": 9, "messages": MESSAGES}
IMAGE = {"type": "image", "source": {"type": "url", "url": "https://example.com/fox.png"}}
ITEMS = [{"custom_id": custom_id, "params": PARAMS} for custom_id in ("a", "b")]


def body_of(*requests: object) -> bytes:
    return json.dumps({"requests": requests}).encode()


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "not valid JSON"),
        (b"{", "not valid JSON"),
        (b"[]", "valid dictionary or object"),
        (b"{}", "requests: Field required"),
        (b'{"requests": 1}', "requests: Input should be a valid list"),
        (b'{"requests": [1]}', r"requests\.0: Input should be a valid dictionary or object"),
        (b'{"requests": []}', "requests: List should have at least 1 item"),
        (b'{"requests": [], "model": "m"}', "model: Extra inputs are not permitted"),
        (body_of({"params": PARAMS}), r"requests\.0\.custom_id: Field required"),
        (body_of({"custom_id": "a"}), r"requests\.0\.params: Field required"),
        (body_of({"custom_id": 7, "params": PARAMS}), r"requests\.0\.custom_id: .* string"),
        (body_of({"custom_id": "", "params": PARAMS}), r"requests\.0\.custom_id: .* at least 1"),
        (body_of({"custom_id": "a" * 65, "params": PARAMS}), r"requests\.0\.custom_id: .* at most 64"),
        (body_of({"custom_id": "a b", "params": PARAMS}), r"requests\.0\.custom_id: .* match pattern"),
        (body_of({"custom_id": "a\n", "params": PARAMS}), r"requests\.0\.custom_id: .* match pattern"),
        (body_of({"custom_id": "a", "params": []}), r"requests\.0\.params: .* object"),
        (
            body_of(*ITEMS, {"custom_id": "c", "params": PARAMS, "priority": 1}),
            r"^requests\.2\.priority: Extra inputs are not permitted$",
        ),
        (body_of({"custom_id": "a", "params": PARAMS, "method": None}), r"^requests\.0\.method: Extra"),
        (
            body_of({"custom_id": "a", "params": PARAMS}, {"custom_id": "a", "params": {}}),
            r"requests\.1\.custom_id",
        ),
    ],
)
def test_invalid_bodies_are_rejected(body: bytes, message: str) -> None:
    with pytest.raises(ApiError, match=message) as caught:
        read_requests(body)
    assert (caught.value.status, caught.value.error["type"]) == (400, "invalid_request_error")


@given(st.text(max_size=70))
def test_custom_id_must_match_its_pattern(custom_id: str) -> None:
    allowed = (
        1 <= len(custom_id) <= 64 and custom_id.isascii() and all(c.isalnum() or c in "-_" for c in custom_id)
    )
    body = body_of({"custom_id": custom_id, "params": PARAMS})
    if allowed:
        assert read_requests(body)[0].custom_id == custom_id
    else:
        with pytest.raises(ApiError, match="custom_id"):
            read_requests(body)


def test_only_the_start_of_a_prompt_is_kept() -> None:
    blocks = [{"type": "text", "text": "long " * 500}, IMAGE]
    submitted = read_requests(
        body_of({"custom_id": "a", "params": {**PARAMS, "messages": [{"role": "user", "content": blocks}]}})
    )
    assert submitted[0].prompt.startswith("long long")
    assert len(submitted[0].prompt) <= 120
    assert submitted[0].problem is None
