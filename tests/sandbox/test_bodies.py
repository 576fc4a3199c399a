"""Malformed create bodies: rejected as by the API, without closing the connection."""

from __future__ import annotations

import gzip
import json
from http.client import HTTPConnection
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from batchtui.sandbox import Embedded

if TYPE_CHECKING:
    from collections.abc import Iterator

TEMPLATE = (
    b'{"requests":[{"custom_id":"a","params":{"model":"m","max_tokens":9,'
    b'"messages":[{"role":"user","content":"hi"}],"metadata":%b}}]}'
)
VALID = TEMPLATE % b"{}"


class Response(NamedTuple):
    status: int
    body: Any


class Connection:
    """One connection to the sandbox, which requests must not close."""

    def __init__(self, server: Embedded) -> None:
        self._http = HTTPConnection(server.base_url.removeprefix("http://"), timeout=30)
        self._headers = {"x-api-key": server.api_key, "anthropic-version": "2023-06-01"}
        self._http.connect()
        self._socket = self._http.sock

    def create(self, body: bytes, **headers: str) -> Response:
        return self._send("POST", body, {name.replace("_", "-"): value for name, value in headers.items()})

    def is_usable(self) -> bool:
        """Return whether another call succeeds on the same connection."""
        response = self._send("GET", None, {})
        return response.status == 200 and self._http.sock is self._socket

    def close(self) -> None:
        self._http.close()

    def _send(self, method: str, body: bytes | None, headers: dict[str, str]) -> Response:
        self._http.request(method, "/v1/messages/batches?limit=1", body, self._headers | headers)
        response = self._http.getresponse()
        return Response(response.status, json.load(response))


@pytest.fixture
def connection(sandbox: Embedded) -> Iterator[Connection]:
    connection = Connection(sandbox)
    yield connection
    connection.close()


BAD_BODIES = {
    "invalid UTF-8": b"\xff",
    "invalid UTF-8 in a string": TEMPLATE % b'"\xff"',
    "invalid UTF-8 in a key": b'{"\xff": 1}',
    "invalid UTF-8 in a custom_id": VALID.replace(b'"a"', b'"\xff"'),
    "lone surrogate": TEMPLATE % rb'"\ud800"',
    "number beyond a double": TEMPLATE % b"1e400",
    "integer of 5,000 digits": TEMPLATE % (b"9" * 5000),
    "nesting of 5,000": TEMPLATE % (b"[" * 5000 + b"]" * 5000),
    "nesting of 5,000 objects": TEMPLATE % (b'{"a":' * 5000 + b"1" + b"}" * 5000),
    "nesting of 5,000 for requests": b'{"requests":' + b"[" * 5000 + b"]" * 5000 + b"}",
    "unclosed nesting of 5,000": b'{"requests":' + b"[" * 5000,
    "NaN": TEMPLATE % b"NaN",
    "two documents": VALID + VALID,
}


@pytest.mark.parametrize("body", BAD_BODIES.values(), ids=BAD_BODIES.keys())
def test_malformed_json_is_a_400_and_keeps_the_connection(connection: Connection, body: bytes) -> None:
    status, response = connection.create(body)
    assert (status, response["error"]["type"]) == (400, "invalid_request_error")
    assert response["error"]["message"].startswith("The request body is not valid JSON: ")
    assert connection.is_usable()


def test_deep_nesting_and_large_numbers_are_accepted(connection: Connection) -> None:
    nested = b'{"type":"object","a":' + b"[" * 100 + b"1" * 400 + b"]" * 100 + b"}"
    tools = b'"tools":[{"name":"t","input_schema":' + nested + b"}],"
    status, _ = connection.create(VALID.replace(b'"model"', tools + b'"model"'))
    assert status == 200


def test_gzip_body_is_accepted(connection: Connection) -> None:
    assert connection.create(gzip.compress(VALID), content_encoding="gzip").status == 200
    assert connection.create(VALID, content_encoding="identity").status == 200
    assert connection.is_usable()


@pytest.mark.parametrize(
    ("encoding", "body", "status", "code"),
    [
        ("br", VALID, 400, "request_body_encoding_unsupported"),
        ("gzip, gzip", VALID, 400, "request_body_encoding_unsupported"),
        ("gzip", VALID, 400, "request_body_encoding_invalid"),
        ("gzip", gzip.compress(VALID)[:-9], 400, "request_body_encoding_invalid"),
        ("gzip", gzip.compress(VALID) + b"rest", 400, "request_body_encoding_invalid"),
        ("gzip", gzip.compress(b" " * 256_000_001), 413, "request_body_too_large_after_decoding"),
    ],
    ids=["unknown", "twice", "not compressed", "truncated", "trailing data", "bomb"],
)
def test_other_encodings_are_rejected_and_keep_the_connection(
    connection: Connection, encoding: str, body: bytes, status: int, code: str
) -> None:
    response = connection.create(body, content_encoding=encoding)
    assert response.status == status
    assert response.body["error"]["details"] == {"error_code": code}
    assert connection.is_usable()
