"""Streams of results: interrupted, compressed, partial, or not results at all; over real sockets."""

from __future__ import annotations

import pytest

from batchtui.api import (
    BatchesClient,
    ConnectionLost,
    RangeNotSatisfiable,
    RetryPolicy,
    UnexpectedResponse,
    UnknownRange,
)
from tests.canned_server import answer, canned_server

QUICK = RetryPolicy(attempts=3, wait_initial=0.01, wait_max=0.02)


async def test_interrupted_results() -> None:
    short = answer("200 OK", b'{"custom_id": "a"}\n').replace(b"content-length: 19", b"content-length: 50")
    async with canned_server(short) as server, BatchesClient(server.profile, retry=QUICK) as client:
        received = b""
        with pytest.raises(ConnectionLost):
            async with client.results("b1") as stream:
                async for chunk in stream:
                    received += chunk
        assert received == b'{"custom_id": "a"}\n'


async def test_compressed_results_are_rejected() -> None:
    compressed = answer("200 OK", b"xx", "content-encoding: gzip")
    async with canned_server(compressed) as server, BatchesClient(server.profile, retry=QUICK) as client:
        with pytest.raises(UnexpectedResponse, match="gzip"):
            async with client.results("b1"):
                raise AssertionError("must not open")
        assert b"accept-encoding: identity" in server.requests[0].lower()


async def test_416_gives_the_total_size() -> None:
    past = answer("416 Range Not Satisfiable", b"", "content-range: bytes */19")
    async with canned_server(past) as server, BatchesClient(server.profile, retry=QUICK) as client:
        with pytest.raises(RangeNotSatisfiable) as caught:
            async with client.results("b1", start=20, validator='"v"'):
                raise AssertionError("must not open")
        assert caught.value.total == 19
        assert b'if-range: "v"' in server.requests[0].lower()


async def test_invalid_validator_is_ignored() -> None:
    body = answer("200 OK", b"{}\n").replace(b"\r\n\r\n", b'\r\netag: "\xe9"\r\n\r\n', 1)
    async with (
        canned_server(body) as server,
        BatchesClient(server.profile, retry=QUICK) as client,
        client.results("b1") as stream,
    ):
        assert stream.validator is None


async def test_huge_number_in_a_header_is_ignored() -> None:
    past = answer("416 Range Not Satisfiable", b"", f"content-range: bytes */{'9' * 5000}")
    async with canned_server(past) as server, BatchesClient(server.profile, retry=QUICK) as client:
        with pytest.raises(RangeNotSatisfiable) as caught:
            async with client.results("b1", start=20, validator='"v"'):
                raise AssertionError("must not open")
        assert caught.value.total is None


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (b"<!DOCTYPE html><title>Log in</title>", ()),
        (b"\xef\xbb\xbf\r\n <html>", ("content-type: application/x-jsonl; charset=utf-8",)),
        (b"Please log in", ("Content-Type: text/html; charset=utf-8",)),
        (b"Please log in", ("content-type: text/plain",)),
        (b"[1, 2]", ()),
    ],
)
async def test_results_must_be_json_lines(body: bytes, headers: tuple[str, ...]) -> None:
    page = answer("200 OK", body, *headers)
    async with canned_server(page) as server, BatchesClient(server.profile, retry=QUICK) as client:
        with pytest.raises(UnexpectedResponse, match=r"a web page|other than results"):
            async with client.results("b1"):
                raise AssertionError("must not open")


@pytest.mark.parametrize("content_range", ["", "bytes */10", "bytes 5", "items 5-9/10", "bytes -5-9/10"])
async def test_partial_response_without_content_range_is_rejected(content_range: str) -> None:
    part = answer("206 Partial Content", b"{}\n", f"content-range: {content_range}")
    async with canned_server(part) as server, BatchesClient(server.profile, retry=QUICK) as client:
        with pytest.raises(UnknownRange):
            async with client.results("b1", start=5, validator='"v"'):
                raise AssertionError("must not open")
