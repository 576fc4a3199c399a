"""Compressed bodies over real sockets: decompressed within a limit, or rejected."""

from __future__ import annotations

import gzip
import json
import resource
import zlib

import pytest

from batchtui.api import ApiError, BatchesClient, ConnectionLost, RetryPolicy, ServerError, UnexpectedResponse
from batchtui.api.decoding import BodyDecoder
from tests.canned_server import answer, canned_server

ONCE = RetryPolicy(attempts=1)
PAGE = json.dumps({"data": [], "has_more": False}).encode()


def raw_deflate(data: bytes) -> bytes:
    compressor = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return compressor.compress(data) + compressor.flush()


async def error_of_list(body: bytes, encoding: str, status: str = "200 OK") -> ApiError:
    canned = answer(status, body, f"content-encoding: {encoding}")
    async with canned_server(canned) as server, BatchesClient(server.profile, retry=ONCE) as client:
        with pytest.raises(ApiError) as caught:
            await client.list()
    return caught.value


@pytest.mark.parametrize(
    ("body", "encoding"),
    [
        (PAGE, "identity"),
        (gzip.compress(PAGE), "gzip"),
        (gzip.compress(PAGE), "X-GZIP"),
        (zlib.compress(PAGE), "deflate"),
        (raw_deflate(PAGE), "deflate"),
    ],
    ids=["none", "gzip", "x-gzip", "deflate", "raw deflate"],
)
async def test_supported_encodings(body: bytes, encoding: str) -> None:
    async with canned_server(answer("200 OK", body, f"content-encoding: {encoding}")) as server:
        async with BatchesClient(server.profile, retry=ONCE) as client:
            assert (await client.list()).data == []
        assert b"\r\naccept-encoding: gzip, deflate\r\n" in server.requests[0].lower()


@pytest.mark.parametrize(
    "encoding", ["gzip, gzip", "deflate, gzip", "br", "zstd", "gzip, identity", "x" * 500]
)
async def test_unsupported_encodings_are_rejected(encoding: str) -> None:
    error = await error_of_list(gzip.compress(gzip.compress(b"\0" * 10_000_000)), encoding)
    assert isinstance(error, UnexpectedResponse)
    assert "encoding" in str(error)
    assert len(str(error)) < 150


@pytest.mark.parametrize("status", ["200 OK", "400 Bad Request"])
async def test_decompression_bomb_is_stopped(status: str) -> None:
    compressor = zlib.compressobj(9, wbits=31)
    # After a full flush all chunks are equal, so only one of a hundred needs to be compressed.
    start, chunk = (
        compressor.compress(b"\0" * 10_000_000) + compressor.flush(zlib.Z_FULL_FLUSH) for _ in range(2)
    )
    bomb = start + chunk * 99
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    error = await error_of_list(bomb, "gzip", status)
    growth = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert ("larger than 67108864 bytes" in str(error)) == (status == "200 OK")
    assert growth < 200 * 1024


async def test_truncated_compressed_body_is_rejected() -> None:
    assert isinstance(await error_of_list(gzip.compress(PAGE)[:-12], "gzip"), ConnectionLost)


async def test_error_with_unreadable_body_keeps_its_status() -> None:
    error = await error_of_list(b"no gzip at all", "gzip", "503 Service Unavailable")
    assert isinstance(error, ServerError)
    assert error.status == 503


def test_decoder_accepts_any_chunk_size() -> None:
    compressed = gzip.compress(PAGE * 50)
    for size in (1, 2, 7, len(compressed)):
        decoder = BodyDecoder("gzip", 10_000)
        for start in range(0, len(compressed), size):
            decoder.feed(compressed[start : start + size])
        assert decoder.finish() == PAGE * 50
