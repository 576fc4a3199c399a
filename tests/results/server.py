"""A server of one results file on loopback that can go wrong in every way that a test needs."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from batchtui.api import BatchesClient, RetryPolicy
from batchtui.config import Credentials, Profile, Secret
from batchtui.results import OpenResults

PIECE_BYTES = 16 * 1024
PATIENCE = RetryPolicy(attempts=4, wait_initial=0.01, wait_max=0.02)


@dataclass(frozen=True)
class Fault:
    """What goes wrong with one answer.

    Attributes:
        cut_head: The connection drops after so many bytes of the answer's head.
        cut_body: It drops after so many bytes of its body.
        end_body: The body ends there, cleanly.
        answer: A whole answer to be given instead.
    """

    cut_head: int | None = None
    cut_body: int | None = None
    end_body: int | None = None
    answer: bytes | None = None


@dataclass
class ResultsServer:
    """Serves `body`; each of `faults` spoils one answer.

    Attributes:
        body: The results file.
        etag: Its validator, or None for a server that has none.
        ranges: Whether `Range` is honoured.
        has_length: Whether the length of the body is told; else it comes in HTTP chunks.
        faults: What goes wrong, answer by answer.
        starts: Where each answer started, in bytes; None where `Range` was not asked for.
        sent: Bytes of bodies sent so far.
        piece_seconds: How long it takes its time after each piece.
    """

    body: bytes
    etag: str | None = '"v1"'
    ranges: bool = True
    has_length: bool = True
    faults: list[Fault] = field(default_factory=list)
    starts: list[int | None] = field(default_factory=list)
    sent: int = 0
    piece_seconds: float = 0.0
    base_url: str = ""

    @property
    def profile(self) -> Profile:
        """A profile that points here."""
        credentials = Credentials(Secret("sk-test"), "key")
        return Profile(name="test", base_url=self.base_url, credentials=credentials)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answers one request and closes the connection."""
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
            fault = self.faults.pop(0) if self.faults else Fault()
            await self._answer(writer, head, fault)
            await writer.drain()
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()

    async def _answer(self, writer: asyncio.StreamWriter, head: str, fault: Fault) -> None:
        if fault.answer:
            writer.write(fault.answer)
            return
        asked = re.search(r"\r\nrange: bytes=(\d+)-\r\n", head)
        self.starts.append(int(asked[1]) if asked else None)
        matches = self.etag is not None and f"\r\nif-range: {self.etag}\r\n".lower() in head
        start = int(asked[1]) if asked and self.ranges and matches else None
        if start is not None and start >= len(self.body):
            size = f"content-range: bytes */{len(self.body)}"
            writer.write(_head("416 Range Not Satisfiable", 0, size, f"etag: {self.etag}"))
            return
        body = self.body[start or 0 : fault.end_body]
        told = len(body) if self.has_length else None
        lines = [f"etag: {self.etag}"] if self.etag else []
        if start is not None:
            lines.append(f"content-range: bytes {start}-{len(self.body) - 1}/{len(self.body)}")
        raw = _head("206 Partial Content" if start is not None else "200 OK", told, *lines)
        writer.write(raw[: fault.cut_head])
        if fault.cut_head is None:
            await self._send(writer, body[: fault.cut_body], in_chunks=told is None)
            if told is None and fault.cut_body is None:
                writer.write(b"0\r\n\r\n")

    async def _send(self, writer: asyncio.StreamWriter, body: bytes, *, in_chunks: bool) -> None:
        for i in range(0, len(body), PIECE_BYTES):
            piece = body[i : i + PIECE_BYTES]
            writer.write(b"%x\r\n%b\r\n" % (len(piece), piece) if in_chunks else piece)
            await writer.drain()
            self.sent += len(piece)
            await asyncio.sleep(self.piece_seconds)


@asynccontextmanager
async def serving(server: ResultsServer) -> AsyncIterator[OpenResults]:
    """Runs a server, and hands out what opens its results with the real client."""
    listener = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    async with listener:
        server.base_url = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}"
        async with client_of(server) as open_results:
            yield open_results


@asynccontextmanager
async def client_of(server: ResultsServer) -> AsyncIterator[OpenResults]:
    """What opens the results of a server that runs, with the real client."""
    async with BatchesClient(server.profile, retry=PATIENCE) as client:
        yield lambda start, validator: client.results("batch", start=start, validator=validator)


def _head(status: str, length: int | None, *lines: str) -> bytes:
    told = ["transfer-encoding: chunked"] if length is None else [f"content-length: {length}"]
    return "\r\n".join([f"HTTP/1.1 {status}", "connection: close", *told, *lines, "", ""]).encode()
