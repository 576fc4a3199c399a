"""A loopback server that sends prepared bytes, for responses that no real server would send."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import cast

from batchtui.config import Credentials, Profile, Secret

CUT = b"\0cut"
"""A response that closes the connection without sending anything."""


@dataclass(frozen=True)
class Drip:
    """A slow response.

    Attributes:
        first: Bytes sent immediately.
        chunk: Bytes sent every `DRIP_SECONDS` after that.
        times: Number of chunks.
    """

    first: bytes
    chunk: bytes
    times: int = 1_000_000


DRIP_SECONDS = 0.05
HANGING = Drip(b"HTTP/1.1 200 OK\r\n", b"x-wait: a little\r\n")
"""Headers without end."""


@dataclass
class CannedServer:
    """The responses still to be sent, and the requests received."""

    base_url: str
    responses: list[bytes | Drip]
    requests: list[bytes] = field(default_factory=list)
    is_closed: bool = False

    @property
    def profile(self) -> Profile:
        """A profile for this server."""
        return Profile(
            name="canned", base_url=self.base_url, credentials=Credentials(Secret("sk-test"), "key")
        )


@asynccontextmanager
async def canned_server(*responses: bytes | Drip) -> AsyncIterator[CannedServer]:
    """Send each connection the next response and close it. The last response is repeated."""
    canned = CannedServer("", list(responses))
    connections: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.add(task := cast("asyncio.Task[None]", asyncio.current_task()))
        task.add_done_callback(connections.discard)
        head = await reader.readuntil(b"\r\n\r\n")
        length = next((int(v) for k, v in _headers(head) if k == b"content-length"), 0)
        canned.requests.append(head + await reader.readexactly(length))
        response = canned.responses.pop(0) if len(canned.responses) > 1 else canned.responses[0]
        if isinstance(response, Drip):
            await drip(response, writer)
        elif response != CUT:
            writer.write(response)
            await writer.drain()
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()

    async def drip(response: Drip, writer: asyncio.StreamWriter) -> None:
        writer.write(response.first)
        with suppress(ConnectionError):
            for _ in range(response.times):
                if canned.is_closed:
                    return
                writer.write(response.chunk)
                await writer.drain()
                await asyncio.sleep(DRIP_SECONDS)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        canned.base_url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        try:
            yield canned
        finally:
            canned.is_closed = True
            if connections:
                await asyncio.wait(connections, timeout=1)


def answer(status: str, body: bytes = b"", *headers: str) -> bytes:
    """Return an HTTP/1.1 response that closes the connection."""
    head = [f"HTTP/1.1 {status}", f"content-length: {len(body)}", "connection: close", *headers]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body


def error_answer(status: str, type_: str, message: str, *headers: str) -> bytes:
    """Return an API error."""
    body = {"type": "error", "error": {"type": type_, "message": message}, "request_id": "req_body"}
    return answer(status, json.dumps(body).encode(), *headers)


def _headers(head: bytes) -> Iterable[tuple[bytes, bytes]]:
    for line in head.split(b"\r\n")[1:]:
        name, colon, value = line.partition(b":")
        if colon:
            yield name.lower(), value.strip()
