"""Compressed bodies over real sockets: read within a bound, or refused in one sentence."""

from __future__ import annotations

import gzip
import json
import resource
import zlib

import pytest

from batchtui.api import ApiError, BatchesClient, ConnectionLost, RetryPolicy, ServerFault, UnexpectedResponse
from batchtui.api.decoding import BodyDecoder
from tests.canned_server import answer, canned_server

ONCE = RetryPolicy(attempts=1)
PAGE = json.dumps({"data": [], "has_more": False}).encode()


def raw_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(data) + packer.flush()


async def failure(body: bytes, encoding: str, status: str = "200 OK") -> ApiError:
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
async def test_one_common_encoding_is_read(body: bytes, encoding: str) -> None:
    async with canned_server(answer("200 OK", body, f"content-encoding: {encoding}")) as server:
        async with BatchesClient(server.profile, retry=ONCE) as client:
            assert (await client.list()).data == []
        assert b"\r\naccept-encoding: gzip, deflate\r\n" in server.requests[0].lower()


@pytest.mark.parametrize(
    "encoding", ["gzip, gzip", "deflate, gzip", "br", "zstd", "gzip, identity", "x" * 500]
)
async def test_a_chain_or_an_unknown_encoding_is_refused(encoding: str) -> None:
    error = await failure(gzip.compress(gzip.compress(b"\0" * 10_000_000)), encoding)
    assert isinstance(error, UnexpectedResponse)
    assert "encoding" in str(error)
    assert len(str(error)) < 150


@pytest.mark.parametrize("status", ["200 OK", "400 Bad Request"])
async def test_a_bomb_takes_no_more_memory_than_the_bound(status: str) -> None:
    packer = zlib.compressobj(9, wbits=31)
    # After a full flush every piece is the same, so that one of a hundred needs to be compressed.
    start, piece = (packer.compress(b"\0" * 10_000_000) + packer.flush(zlib.Z_FULL_FLUSH) for _ in range(2))
    bomb = start + piece * 99
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    error = await failure(bomb, "gzip", status)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert ("larger than 67108864 bytes" in str(error)) == (status == "200 OK")
    assert grown < 200 * 1024


async def test_compressed_data_that_ends_early_is_no_answer() -> None:
    assert isinstance(await failure(gzip.compress(PAGE)[:-12], "gzip"), ConnectionLost)


async def test_an_error_whose_body_cannot_be_read_keeps_its_status() -> None:
    error = await failure(b"no gzip at all", "gzip", "503 Service Unavailable")
    assert isinstance(error, ServerFault)
    assert error.status == 503


def test_any_split_of_the_bytes_gives_the_same_body() -> None:
    packed = gzip.compress(PAGE * 50)
    for step in (1, 2, 7, len(packed)):
        decoder = BodyDecoder("gzip", 10_000)
        for start in range(0, len(packed), step):
            decoder.feed(packed[start : start + step])
        assert decoder.finish() == PAGE * 50
