"""Create bodies as no well-behaved client sends them: refused as the API does, on a connection that stays."""

from __future__ import annotations

import gzip
import json
from http.client import HTTPConnection
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from batchtui.sandbox import Embedded

if TYPE_CHECKING:
    from collections.abc import Iterator

GOOD = (
    b'{"requests":[{"custom_id":"a","params":{"model":"m","max_tokens":9,'
    b'"messages":[{"role":"user","content":"hi"}],"metadata":%b}}]}'
)
FINE = GOOD % b"{}"


class Answer(NamedTuple):
    status: int
    body: Any


class Connection:
    """One connection to the sandbox, which must not be closed by what is sent on it."""

    def __init__(self, server: Embedded) -> None:
        self._http = HTTPConnection(server.base_url.removeprefix("http://"), timeout=30)
        self._headers = {"x-api-key": server.api_key, "anthropic-version": "2023-06-01"}
        self._http.connect()
        self._socket = self._http.sock

    def create(self, body: bytes, **headers: str) -> Answer:
        return self._send("POST", body, {name.replace("_", "-"): value for name, value in headers.items()})

    def is_usable(self) -> bool:
        """Whether another call is answered on the very same connection."""
        answer = self._send("GET", None, {})
        return answer.status == 200 and self._http.sock is self._socket

    def close(self) -> None:
        self._http.close()

    def _send(self, method: str, body: bytes | None, headers: dict[str, str]) -> Answer:
        self._http.request(method, "/v1/messages/batches?limit=1", body, self._headers | headers)
        response = self._http.getresponse()
        return Answer(response.status, json.load(response))


@pytest.fixture
def connection(sandbox: Embedded) -> Iterator[Connection]:
    opened = Connection(sandbox)
    yield opened
    opened.close()


BAD_BODIES = {
    "a byte that is not UTF-8": b"\xff",
    "such a byte in a string": GOOD % b'"\xff"',
    "such a byte in a key": b'{"\xff": 1}',
    "a custom_id that is not UTF-8": FINE.replace(b'"a"', b'"\xff"'),
    "half of a surrogate pair": GOOD % rb'"\ud800"',
    "a number beyond a double": GOOD % b"1e400",
    "an integer of 5,000 digits": GOOD % (b"9" * 5000),
    "nesting of 5,000": GOOD % (b"[" * 5000 + b"]" * 5000),
    "nesting of 5,000 objects": GOOD % (b'{"a":' * 5000 + b"1" + b"}" * 5000),
    "nesting of 5,000 for requests": b'{"requests":' + b"[" * 5000 + b"]" * 5000 + b"}",
    "nesting of 5,000 and no more": b'{"requests":' + b"[" * 5000,
    "not a number": GOOD % b"NaN",
    "two documents": FINE + FINE,
}


@pytest.mark.parametrize("body", BAD_BODIES.values(), ids=BAD_BODIES.keys())
def test_a_body_that_is_no_json_is_a_400_and_the_connection_stays(
    connection: Connection, body: bytes
) -> None:
    status, answer = connection.create(body)
    assert (status, answer["error"]["type"]) == (400, "invalid_request_error")
    assert answer["error"]["message"].startswith("The request body is not valid JSON: ")
    assert connection.is_usable()


def test_nesting_of_a_hundred_and_large_numbers_are_fine(connection: Connection) -> None:
    nested = b'{"type":"object","a":' + b"[" * 100 + b"1" * 400 + b"]" * 100 + b"}"
    tools = b'"tools":[{"name":"t","input_schema":' + nested + b"}],"
    status, _ = connection.create(FINE.replace(b'"model"', tools + b'"model"'))
    assert status == 200


def test_a_gzipped_body_is_read(connection: Connection) -> None:
    assert connection.create(gzip.compress(FINE), content_encoding="gzip").status == 200
    assert connection.create(FINE, content_encoding="identity").status == 200
    assert connection.is_usable()


@pytest.mark.parametrize(
    ("encoding", "body", "status", "code"),
    [
        ("br", FINE, 400, "request_body_encoding_unsupported"),
        ("gzip, gzip", FINE, 400, "request_body_encoding_unsupported"),
        ("gzip", FINE, 400, "request_body_encoding_invalid"),
        ("gzip", gzip.compress(FINE)[:-9], 400, "request_body_encoding_invalid"),
        ("gzip", gzip.compress(FINE) + b"rest", 400, "request_body_encoding_invalid"),
        ("gzip", gzip.compress(b" " * 256_000_001), 413, "request_body_too_large_after_decoding"),
    ],
    ids=["unknown", "twice", "plain", "cut", "more", "bomb"],
)
def test_other_encodings_are_refused_and_the_connection_stays(
    connection: Connection, encoding: str, body: bytes, status: int, code: str
) -> None:
    answer = connection.create(body, content_encoding=encoding)
    assert answer.status == status
    assert answer.body["error"]["details"] == {"error_code": code}
    assert connection.is_usable()
