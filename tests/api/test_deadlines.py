"""How long a call may take in all, whatever a server sends meanwhile; over real sockets."""

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
LONGEST = 10.0
"""Seconds after which something that was to end is taken not to end."""
PATIENT = RetryPolicy(attempts=4, wait_initial=0.01, wait_max=0.02)
BATCH = {
    "id": "b1",
    "processing_status": "in_progress",
    "request_counts": {"processing": 1},
    "created_at": "2026-11-20T10:00:00Z",
    "expires_at": "2026-11-21T10:00:00Z",
}
CREATED = answer("200 OK", json.dumps(BATCH).encode())
SLOW_BODY = Drip(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n", b" ")
SLOW_REFUSAL = Drip(b"HTTP/1.1 500 Oops\r\ncontent-length: 1000000\r\n\r\n", b" ")
SLOW_PROMISES = Drip(b"", b"HTTP/1.1 103 Early Hints\r\n\r\n")


@pytest.mark.parametrize("hanging", [HANGING, SLOW_BODY, SLOW_REFUSAL, SLOW_PROMISES])
async def test_a_call_ends_in_time_whatever_drips_in(hanging: Drip) -> None:
    calls: list[Call] = []
    began = time.monotonic()
    async with (
        canned_server(hanging) as server,
        BatchesClient(server.profile, retry=PATIENT, on_call=calls.append, call_seconds=SECONDS) as client,
    ):
        with pytest.raises(TimedOut, match=r"within 0\.2 seconds"):
            await client.list()
        assert time.monotonic() - began < LONGEST
        assert len(server.requests) == len(calls) == 1, "whoever waited so long does not wait once more"


async def test_results_whose_headers_drip_in_end_in_time() -> None:
    async with (
        canned_server(HANGING) as server,
        BatchesClient(server.profile, retry=PATIENT, call_seconds=SECONDS) as client,
    ):
        with pytest.raises(TimedOut):
            async with asyncio.timeout(LONGEST), client.results("b1"):
                pass


async def test_results_that_come_slowly_may_take_any_time() -> None:
    line, times = b'{"custom_id": "a"}\n', 12
    size = len(line) * times
    slow = Drip(f"HTTP/1.1 200 OK\r\ncontent-length: {size}\r\n\r\n".encode(), line, times)
    async with (
        canned_server(slow) as server,
        BatchesClient(server.profile, call_seconds=SECONDS) as client,
        client.results("b1") as stream,
    ):
        assert b"".join([chunk async for chunk in stream]) == line * times


@pytest.mark.parametrize("hanging", [HANGING, SLOW_BODY, SLOW_REFUSAL])
async def test_the_answer_to_a_create_is_waited_for_only_so_long(hanging: Drip) -> None:
    async with (
        canned_server(hanging) as server,
        BatchesClient(server.profile, create_seconds=SECONDS) as client,
    ):
        async with asyncio.timeout(LONGEST):
            with pytest.raises(OutcomeUnknown):
                await client.create([{}])
        assert len(server.requests) == 1


async def test_sending_the_requests_of_a_create_may_take_any_time() -> None:
    async with (
        canned_server(CREATED) as server,
        BatchesClient(server.profile, create_seconds=SECONDS) as client,
    ):
        assert (await client.create_from(SlowBody())).id == "b1"


async def test_a_call_that_is_given_up_is_in_the_log() -> None:
    calls: list[Call] = []
    async with (
        canned_server(HANGING) as server,
        BatchesClient(server.profile, on_call=calls.append) as client,
    ):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(SECONDS):
                await client.retrieve("b1")
    assert [(call.path, call.status, call.error) for call in calls] == [
        ("/v1/messages/batches/b1", None, "no answer, given up")
    ]


class SlowBody:
    """A body whose pieces come slowly, though each in time."""

    PIECES = 8
    size = PIECES

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for _ in range(self.PIECES):
            await asyncio.sleep(DRIP_SECONDS)
            yield b" "
