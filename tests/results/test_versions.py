"""Whatever versions of the results a server sends, and however, what is saved is one of them."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path

import pytest

from batchtui.api import BatchesClient
from batchtui.api.retry import Backoff
from batchtui.config import Credentials, Profile, Secret
from batchtui.results import Fetcher, Pace, ResultFiles, State
from tests.results.server import PATIENCE
from tests.results.wire import assert_true_index, body_of, errored, jsonl

COUNT = 40
FIRST = body_of(COUNT, text_chars=60)
CUT = FIRST.index(b"\n", len(FIRST) // 2) + 1
"""After a line, where a splice of two versions would look like results."""
QUICK = Pace(tries=6, short_tries=2, backoff=Backoff(0.001, 0.002))


def _of_length(size: int) -> bytes:
    """Whole lines of so many bytes."""
    lines = body_of(COUNT // 4, text_chars=90)
    return lines + jsonl(
        errored("last", message="x" * (size - len(lines) - len(jsonl(errored("last", message="")))))
    )


SECOND = {
    "the same": FIRST,
    "other from the start": body_of(COUNT, text_chars=61),
    "other from the middle": FIRST[:CUT] + body_of(COUNT, text_chars=75)[CUT + 300 :].split(b"\n", 1)[1],
    "other before the cut": FIRST.replace(b"Overloaded 3 times", b"Overloaded 4 times"),
    "as long as what is here": _of_length(CUT),
    "shorter than what is here": b"".join(FIRST.splitlines(keepends=True)[: COUNT // 4]),
}
"""What the server has from its second answer on."""


@dataclass
class VersionsServer:
    """Gives `FIRST`, cut in the middle, and from then on another version in a way of its own.

    Attributes:
        second: What it has from the second answer on.
        validators: What it calls the versions: of the first answer, and of all others.
        kind: What it answers to a `Range`: `honest` heeds `If-Range`; `sloppy` sends the part whatever that
            says; `no place` does not say which part; `other place` sends another one; `whole` sends all.
        has_length: Whether a 200 tells its length.
    """

    second: bytes
    validators: tuple[Sequence[str], Sequence[str]]
    kind: str
    has_length: bool
    requests: int = 0
    seen: list[str] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answers one request and closes the connection."""
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            self.requests += 1
            writer.write(self._first() if self.requests == 1 else self._later(head))
            await writer.drain()
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()

    def _first(self) -> bytes:
        whole = _answer("200 OK", FIRST, self.validators[0], has_length=self.has_length)
        return whole[: whole.index(b"\r\n\r\n") + 4] + (
            FIRST[:CUT] if self.has_length else b"%x\r\n%b\r\n" % (CUT, FIRST[:CUT])
        )

    def _later(self, head: str) -> bytes:
        asked = re.search(r"\r\nrange: bytes=(\d+)-\r\n", head, re.IGNORECASE)
        if_range = re.search(r"\r\nif-range: (.*?)\r\n", head, re.IGNORECASE)
        is_same = if_range and any(line.endswith(f": {if_range[1]}") for line in self.validators[1])
        if not asked or self.kind == "whole" or (self.kind == "honest" and not is_same):
            return _answer("200 OK", self.second, self.validators[1], has_length=self.has_length)
        start = int(asked[1]) + (7 if self.kind == "other place" else 0)
        size = len(self.second)
        if start >= size:
            lines = [f"content-range: bytes */{size}", *self.validators[1]]
            return _answer("416 Range Not Satisfiable", b"", lines)
        place = [] if self.kind == "no place" else [f"content-range: bytes {start}-{size - 1}/{size}"]
        return _answer("206 Partial Content", self.second[start:], [*place, *self.validators[1]])


def _answer(status: str, body: bytes, lines: Sequence[str], *, has_length: bool = True) -> bytes:
    told = f"content-length: {len(body)}" if has_length else "transfer-encoding: chunked"
    head = "\r\n".join([f"HTTP/1.1 {status}", "connection: close", told, *lines, "", ""]).encode()
    return head + (
        body if has_length else (b"%x\r\n%b\r\n" % (len(body), body) if body else b"") + b"0\r\n\r\n"
    )


ONE, TWO = ('etag: "v1"',), ('etag: "v2"',)
OLD, NEW = (
    ("last-modified: Fri, 20 Nov 2026 10:00:00 GMT",),
    ("last-modified: Fri, 20 Nov 2026 11:00:00 GMT",),
)
VALIDATORS = {
    "etag changes": (ONE, TWO),
    "etag goes": (ONE, ()),
    "etag comes": ((), TWO),
    "etag becomes weak": (ONE, ('etag: W/"v1"',)),
    "etag becomes a date": (ONE, OLD),
    "date changes": (OLD, NEW),
    "date goes": (OLD, ()),
    "none at all": ((), ()),
}
KINDS = ("honest", "sloppy", "no place", "other place", "whole")


@asynccontextmanager
async def fetcher_of(server: VersionsServer, files: ResultFiles, expected: int) -> AsyncIterator[Fetcher]:
    listener = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    async with listener:
        url = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}"
        profile = Profile(name="test", base_url=url, credentials=Credentials(Secret("sk-test"), "key"))
        async with BatchesClient(profile, retry=PATIENCE) as client:
            fetcher = Fetcher(
                files,
                lambda start, validator: client.results("batch", start=start, validator=validator),
                expected=expected,
                pace=QUICK,
            )
            fetcher.want_all()
            yield fetcher


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("second", SECOND)
async def test_what_is_saved_is_always_one_version_of_the_results(
    tmp_path: Path, second: str, kind: str
) -> None:
    for validators, has_length in product(VALIDATORS, (True, False) if "here" in second else (True,)):
        case = f"{validators}, {'length' if has_length else 'chunked'}"
        files = ResultFiles(tmp_path, re.sub(r"\W", "-", case))
        body = SECOND[second]
        server = VersionsServer(body, VALIDATORS[validators], kind, has_length)
        async with fetcher_of(server, files, expected=body.count(b"\n")) as fetcher:
            progress = await fetcher.run()
        assert progress.state is State.COMPLETE, (case, progress)
        assert files.data.read_bytes() == body, case
        assert_true_index(files, body)
        assert server.requests < 8, case


@pytest.mark.parametrize("kind", ["sloppy", "whole"])
async def test_a_part_of_the_version_that_is_here_is_not_fetched_again(tmp_path: Path, kind: str) -> None:
    files = ResultFiles(tmp_path, "batch")
    server = VersionsServer(FIRST, (ONE, ONE), kind, has_length=True)
    async with fetcher_of(server, files, COUNT) as fetcher:
        assert (await fetcher.run()).state is State.COMPLETE
    assert server.requests == 2
    assert_true_index(files, FIRST)


async def test_a_server_that_never_gives_the_whole_is_given_up(tmp_path: Path) -> None:
    class Stubborn(VersionsServer):
        def _later(self, head: str) -> bytes:
            return _answer("206 Partial Content", self.second[CUT:], ONE)

    files = ResultFiles(tmp_path, "batch")
    server = Stubborn(FIRST, (ONE, ONE), "sloppy", has_length=True)
    async with fetcher_of(server, files, COUNT) as fetcher:
        progress = await fetcher.run()
    assert progress.state is State.FAILED
    assert "Content-Range" in progress.error
    assert server.requests < 8
    assert files.data.read_bytes() == FIRST[:CUT]


async def test_versions_that_change_all_the_time_are_given_up(tmp_path: Path) -> None:
    class Restless(VersionsServer):
        def _later(self, head: str) -> bytes:
            body = body_of(COUNT, text_chars=60 + self.requests)
            return _answer("200 OK", body, [f'etag: "{self.requests}"'])[: -len(body) // 2]

    files = ResultFiles(tmp_path, "batch")
    server = Restless(FIRST, (ONE, ONE), "sloppy", has_length=True)
    async with fetcher_of(server, files, COUNT) as fetcher:
        assert (await fetcher.run()).state is State.FAILED
    assert server.requests < 40
