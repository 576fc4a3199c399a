"""Lines as no server should send them, and what is expected of each."""

from __future__ import annotations

import json

from tests.results.wire import errored, succeeded

GOOD = json.dumps(succeeded("good")).encode()
DEEP = b"[" * 5000 + b"]" * 5000


def with_extra(value: bytes) -> bytes:
    """A good line with one more field."""
    return GOOD[:-1] + b', "extra": ' + value + b"}"


ODD = {
    "broken": (b'{"custom_id": "bro', "", "", "not JSON"),
    "no object": (b"[1, 2]", "", "", "not JSON"),
    "not UTF-8": (b"\xff\xfe\x00", "", "", "not JSON"),
    "no custom_id": (json.dumps({"result": {"type": "canceled"}}).encode(), "", "canceled", "no custom_id"),
    "custom_id a number": (b'{"custom_id": 7, "result": {"type": "expired"}}', "", "expired", "no custom_id"),
    "no result": (b'{"custom_id": "a"}', "a", "", "unknown outcome"),
    "result a text": (b'{"custom_id": "a", "result": "expired"}', "a", "", "unknown outcome"),
    "new outcome": (b'{"custom_id": "a", "result": {"type": "paused"}}', "a", "paused", "unknown outcome"),
    "no message": (b'{"custom_id": "a", "result": {"type": "succeeded"}}', "a", "succeeded", "no message"),
    "NaN": (with_extra(b"NaN"), "good", "succeeded", "loose JSON"),
    "lone surrogate": (with_extra(b'"\\ud800"'), "good", "succeeded", "loose JSON"),
    "surrogate in custom_id": (
        b'{"custom_id": "a\\udfff", "result": {"type": "expired"}}',
        "a\ufffd",
        "expired",
        "loose JSON",
    ),
    "nested thousands deep": (with_extra(DEEP), "good", "succeeded", "loose JSON"),
    "thousands of digits": (with_extra(b"9" * 5000), "good", "succeeded", None),
    "infinite number": (with_extra(b"1e999"), "good", "succeeded", None),
    "tokens that overflow": (
        json.dumps(succeeded("a", usage={"input_tokens": 2**80, "output_tokens": -1})).encode(),
        "a",
        "succeeded",
        None,
    ),
    "usage of other types": (
        json.dumps(succeeded("a", usage={"input_tokens": "7", "output_tokens": True})).encode(),
        "a",
        "succeeded",
        None,
    ),
    "content a text": (json.dumps(succeeded("a", content="Hello")).encode(), "a", "succeeded", None),
    "content of other things": (
        json.dumps(succeeded("a", content=[None, 7, "text", {"type": 3, "text": 4}])).encode(),
        "a",
        "succeeded",
        None,
    ),
    "byte order mark": (b"\xef\xbb\xbf" + GOOD, "good", "succeeded", None),
    "carriage return": (GOOD + b"\r", "good", "succeeded", None),
    "error a text": (
        b'{"custom_id": "a", "result": {"type": "errored", "error": "boom"}}',
        "a",
        "errored",
        None,
    ),
    "error flat": (
        b'{"custom_id": "a", "result": {"type": "errored", "error": '
        b'{"type": "invalid_request", "message": "boom"}}}',
        "a",
        "errored",
        None,
    ),
    "error nested": (
        json.dumps(errored("a", "invalid_request_error", "boom")).encode(),
        "a",
        "errored",
        None,
    ),
    "error without anything": (
        b'{"custom_id": "a", "result": {"type": "errored", "error": null}}',
        "a",
        "errored",
        None,
    ),
}
"""For each name the line, and its custom_id, outcome and flag in the index."""
