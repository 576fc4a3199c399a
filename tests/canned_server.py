"""A server on loopback that answers with bytes made by hand, for what no real server would say."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import cast

from batchtui.config import Credentials, Profile, Secret

CUT = b"\0cut"
"""As an answer: close the connection without a word."""


@dataclass(frozen=True)
class Drip:
    """An answer that comes bit by bit.

    Attributes:
        first: What is sent at once.
        piece: What is sent again and again after that.
        times: How often.
    """

    first: bytes
    piece: bytes
    times: int = 1_000_000


DRIP_SECONDS = 0.05
HANGING = Drip(b"HTTP/1.1 200 OK\r\n", b"x-wait: a little\r\n")
"""A header line again and again, and never the last one."""


@dataclass
class CannedServer:
    """What it answers next, and what it was asked."""

    base_url: str
    answers: list[bytes | Drip]
    requests: list[bytes] = field(default_factory=list)
    is_over: bool = False

    @property
    def profile(self) -> Profile:
        """A profile that points here."""
        return Profile(
            name="canned", base_url=self.base_url, credentials=Credentials(Secret("sk-test"), "key")
        )


@asynccontextmanager
async def canned_server(*answers: bytes | Drip) -> AsyncIterator[CannedServer]:
    """Gives each connection the next answer and closes it; the last one is repeated."""
    canned = CannedServer("", list(answers))
    connections: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = next((int(v) for k, v in _headers(head) if k == b"content-length"), 0)
        canned.requests.append(head + await reader.readexactly(length))
        answer = canned.answers.pop(0) if len(canned.answers) > 1 else canned.answers[0]
        if isinstance(answer, Drip):
            await drip(answer, writer)
        elif answer != CUT:
            writer.write(answer)
            await writer.drain()
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()

    async def drip(answer: Drip, writer: asyncio.StreamWriter) -> None:
        connections.add(task := cast("asyncio.Task[None]", asyncio.current_task()))
        task.add_done_callback(connections.discard)
        writer.write(answer.first)
        with suppress(ConnectionError):
            for _ in range(answer.times):
                if canned.is_over:
                    return
                writer.write(answer.piece)
                await writer.drain()
                await asyncio.sleep(DRIP_SECONDS)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        canned.base_url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        try:
            yield canned
        finally:
            canned.is_over = True
            await asyncio.gather(*connections)


def answer(status: str, body: bytes = b"", *headers: str) -> bytes:
    """An HTTP/1.1 answer with a length, after which the connection closes."""
    head = [f"HTTP/1.1 {status}", f"content-length: {len(body)}", "connection: close", *headers]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body


def error_answer(status: str, type_: str, message: str, *headers: str) -> bytes:
    """An error in the API's shape."""
    import json

    body = {"type": "error", "error": {"type": type_, "message": message}, "request_id": "req_body"}
    return answer(status, json.dumps(body).encode(), *headers)


def _headers(head: bytes) -> Iterable[tuple[bytes, bytes]]:
    for line in head.split(b"\r\n")[1:]:
        name, colon, value = line.partition(b":")
        if colon:
            yield name.lower(), value.strip()
