"""`kill -9` while a batch is created, then the same command again: exactly one batch."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import httpx
import pytest

from tests.submitting import batches_on, request, write

if TYPE_CHECKING:
    from asyncio import StreamReader, StreamWriter
    from asyncio.subprocess import Process
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from batchtui.sandbox import Embedded

# The command, but for looks that wait less than they do for people.
CREATE = """
import sys
from batchtui import submissions
from batchtui.__main__ import main
submissions.Submissions.__init__.__kwdefaults__["lookup_delays"] = (0, 0.1, 0.1)
sys.exit(main())
"""


class Relay:
    """Stands before a server, kills who sends a batch there, and gives the server what it got of it.

    Args:
        server: The server.
        stop_at: Bytes of a body after which its sender is killed; None lets it through.
        late: Whether the server gets the body only once the list was asked for again.
    """

    def __init__(self, server: Embedded, stop_at: int | None, *, late: bool) -> None:
        self.url = ""
        self.victim: Process | None = None
        self._stop_at = stop_at
        self._late = late
        self.is_done = asyncio.Event()
        """The sender was killed, and the server got what it was to get by then."""
        self._held: bytes | None = None
        self.http = httpx.AsyncClient(base_url=server.base_url, headers={"x-api-key": server.api_key})

    async def serve(self, reader: StreamReader, writer: StreamWriter) -> None:
        """One connection: calls one after the other."""
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                await self._call(head, reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # it has gone
        finally:
            writer.close()

    async def _call(self, head: bytes, reader: StreamReader, writer: StreamWriter) -> None:
        method, target, *_ = head.decode().split(" ", 2)
        headers = dict(line.lower().split(": ", 1) for line in head.decode().split("\r\n")[1:-2])
        length = int(headers.get("content-length", 0))
        if method == "POST" and self._stop_at is not None:
            await self._kill(await reader.readexactly(min(length, self._stop_at)), length)
            raise asyncio.IncompleteReadError(b"", None)
        body = await reader.readexactly(length)
        version = {"anthropic-version": headers["anthropic-version"]}
        answer = await self.http.request(method, target, content=body, headers=version)
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(answer.content) + answer.content)
        if self._held:
            await self._create(self._held)
            self._held = None

    async def _kill(self, body: bytes, length: int) -> None:
        assert self.victim
        os.kill(self.victim.pid, signal.SIGKILL)
        await self.victim.wait()
        self._stop_at = None
        if len(body) == length:
            self._held = body
            if not self._late:
                await self._create(body)
                self._held = None
        self.is_done.set()

    async def _create(self, body: bytes) -> None:
        headers = {"anthropic-version": "2023-06-01", "content-type": "application/json"}
        (await self.http.post("/v1/messages/batches", content=body, headers=headers)).raise_for_status()


@asynccontextmanager
async def relay_to(server: Embedded, stop_at: int | None, *, late: bool = False) -> AsyncIterator[Relay]:
    relay = Relay(server, stop_at, late=late)
    async with relay.http, await asyncio.start_server(relay.serve, "127.0.0.1", 0) as listening:
        relay.url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
        yield relay


async def create(relay: Relay, server: Embedded, file: Path) -> Process:
    words = [sys.executable, "-c", CREATE, "--base-url", relay.url, "create", str(file), "--yes"]
    env = os.environ | {"ANTHROPIC_API_KEY": server.api_key}
    return await asyncio.create_subprocess_exec(*words, env=env, stdout=-1, stderr=-1)


WHOLE = 10**9


@pytest.mark.parametrize(
    ("stop_at", "late", "length"),
    # What the connection's buffers hold has been sent, so the one that stops in the middle must be larger.
    [(1_000_000, False, 25_000), (WHOLE, False, 2500), (WHOLE, True, 2500)],
    ids=["middle", "whole", "late"],
)
async def test_the_same_command_again_makes_it_one_batch(
    sandbox_with: Callable[..., Embedded], tmp_path: Path, stop_at: int, late: bool, length: int
) -> None:
    server = sandbox_with(batches=3)
    file = write(tmp_path / "file.jsonl", (request(f"a-{n}", "x" * length) for n in range(800)))
    async with relay_to(server, stop_at, late=late) as relay:
        relay.victim = await create(relay, server, file)
        await relay.is_done.wait()
        assert len(await batches_on(server)) == (4 if stop_at == WHOLE and not late else 3)

        again = await create(relay, server, file)
        printed, told = await again.communicate()
        (newest, *before) = await batches_on(server)
        if stop_at == WHOLE:
            assert (again.returncode, printed) == (1, b"")
            assert f"Probably {newest.id}:" in told.decode()
        else:  # the server never had all of it, so nothing can appear
            assert printed.decode().split() == [newest.id], told
        assert len(before) == 3
        assert newest.request_counts.total == 800


async def test_two_commands_at_the_same_time_make_one_batch(
    sandbox_with: Callable[..., Embedded], tmp_path: Path
) -> None:
    server = sandbox_with(batches=0)
    file = write(tmp_path / "file.jsonl", (request(f"a-{n}") for n in range(2000)))
    async with relay_to(server, None) as relay:
        both = [await create(relay, server, file) for _ in range(2)]
        told = [await one.communicate() for one in both]
    (batch,) = await batches_on(server)
    assert sorted(one.returncode or 0 for one in both) == [0, 1], told
    # The one that is refused also prints the batch if the other one's submission was begun when it looked.
    assert {printed for printed, _ in told if printed} == {f"{batch.id}\n".encode()}
    assert [b"Traceback" in words for _, words in told] == [False, False]
