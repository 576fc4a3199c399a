"""A server on loopback that answers with bytes made by hand, for what no real server would say."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from batchtui.config import Credentials, Profile, Secret

CUT = b"\0cut"
"""As an answer: close the connection without a word."""


@dataclass
class CannedServer:
    """What it answers next, and what it was asked."""

    base_url: str
    answers: list[bytes]
    requests: list[bytes] = field(default_factory=list)

    @property
    def profile(self) -> Profile:
        """A profile that points here."""
        return Profile(
            name="canned", base_url=self.base_url, credentials=Credentials(Secret("sk-test"), "key")
        )


@asynccontextmanager
async def canned_server(*answers: bytes) -> AsyncIterator[CannedServer]:
    """Gives each connection the next answer and closes it; the last one is repeated."""
    canned = CannedServer("", list(answers))

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = next((int(v) for k, v in _headers(head) if k == b"content-length"), 0)
        canned.requests.append(head + await reader.readexactly(length))
        answer = canned.answers.pop(0) if len(canned.answers) > 1 else canned.answers[0]
        if answer != CUT:
            writer.write(answer)
            await writer.drain()
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        canned.base_url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        yield canned


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
