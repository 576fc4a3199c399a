"""Total time of a call against servers that send slowly, over real sockets."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator

import pytest

from batchtui.api import BatchesClient, OutcomeUnknown, RetryPolicy, TimedOut
from batchtui.api.calls import Call
from tests.canned_server import DRIP_SECONDS, HANGING, Drip, answer, canned_server

SECONDS = 4 * DRIP_SECONDS
GIVE_UP_SECONDS = 10.0
RETRY = RetryPolicy(attempts=4, wait_initial=0.01, wait_max=0.02)
BATCH = {
    "id": "b1",
    "processing_status": "in_progress",
    "request_counts": {"processing": 1},
    "created_at": "2026-11-20T10:00:00Z",
    "expires_at": "2026-11-21T10:00:00Z",
}
CREATED = answer("200 OK", json.dumps(BATCH).encode())
SLOW_BODY = Drip(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n", b" ")
SLOW_ERROR = Drip(b"HTTP/1.1 500 Oops\r\ncontent-length: 1000000\r\n\r\n", b" ")
SLOW_EARLY_HINTS = Drip(b"", b"HTTP/1.1 103 Early Hints\r\n\r\n")


@pytest.mark.parametrize("response", [HANGING, SLOW_BODY, SLOW_ERROR, SLOW_EARLY_HINTS])
async def test_slow_response_times_out(response: Drip) -> None:
    calls: list[Call] = []
    start = time.monotonic()
    async with (
        canned_server(response) as server,
        BatchesClient(server.profile, retry=RETRY, on_call=calls.append, call_seconds=SECONDS) as client,
    ):
        with pytest.raises(TimedOut, match=r"within 0\.2 seconds"):
            await client.list()
        assert time.monotonic() - start < GIVE_UP_SECONDS
        assert len(server.requests) == len(calls) == 1, "a timed out call must not be retried"


async def test_slow_result_headers_time_out() -> None:
    async with (
        canned_server(HANGING) as server,
        BatchesClient(server.profile, retry=RETRY, call_seconds=SECONDS) as client,
    ):
        with pytest.raises(TimedOut):
            async with asyncio.timeout(GIVE_UP_SECONDS), client.results("b1"):
                pass


async def test_slow_results_body_has_no_total_limit() -> None:
    line, times = b'{"custom_id": "a"}\n', 12
    size = len(line) * times
    slow = Drip(f"HTTP/1.1 200 OK\r\ncontent-length: {size}\r\n\r\n".encode(), line, times)
    async with (
        canned_server(slow) as server,
        BatchesClient(server.profile, call_seconds=SECONDS) as client,
        client.results("b1") as stream,
    ):
        assert b"".join([chunk async for chunk in stream]) == line * times


@pytest.mark.parametrize("response", [HANGING, SLOW_BODY, SLOW_ERROR])
async def test_slow_create_response_times_out(response: Drip) -> None:
    async with (
        canned_server(response) as server,
        BatchesClient(server.profile, create_seconds=SECONDS) as client,
    ):
        async with asyncio.timeout(GIVE_UP_SECONDS):
            with pytest.raises(OutcomeUnknown):
                await client.create([{}])
        assert len(server.requests) == 1


async def test_slow_create_upload_has_no_total_limit() -> None:
    async with (
        canned_server(CREATED) as server,
        BatchesClient(server.profile, create_seconds=SECONDS) as client,
    ):
        assert (await client.create_from(SlowBody())).id == "b1"


async def test_canceled_call_is_logged() -> None:
    calls: list[Call] = []
    async with (
        canned_server(HANGING) as server,
        BatchesClient(server.profile, on_call=calls.append) as client,
    ):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(SECONDS):
                await client.retrieve("b1")
    assert [(call.path, call.status, call.error) for call in calls] == [
        ("/v1/messages/batches/b1", None, "canceled")
    ]


class SlowBody:
    """A body that takes longer than the limit in total, but not between two chunks."""

    size = 8

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for _ in range(self.size):
            await asyncio.sleep(DRIP_SECONDS)
            yield b" "
