"""The environment of the money model: changeable clocks, a counting server, killable processes.

The same steps give the same files and responses at any time and on any machine.
"""

from __future__ import annotations

import asyncio
import hashlib
import itertools
import json
import os
import secrets
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path
from typing import Any, cast
from unittest import mock

from batchtui.api import BatchesClient
from batchtui.config import Credentials, Profile, Secret
from batchtui.submissions import APPEAR_SECONDS, receipts
from tests.submitting import NO_DELAYS, ONE_TRY, Submitting

ACCEPTING = (
    "accept",
    "accept, list late",
    "accept, drop",
    "accept, drop, list late",
    "accept, 504",
    "accept, 409, list late",
    "accept, web page",
    "accept, kill",
    "accept, kill, list late",
)
NOT_ACCEPTING = ("400", "429", "504", "drop", "kill")
LATE_SECONDS = APPEAR_SECONDS - 60
"""Longest time until a batch is listed."""
START = 1_000_000_000.0
"""A whole number, so that sums of times are exact, and older than any real time."""


class Killed(BaseException):
    """The process is killed before this disk step."""


@dataclass
class Clock:
    """True time, and the clocks of this machine and of the server."""

    start: float = START
    passed: float = 0.0
    wall_offset: float = 0.0
    server_offset: float | None = 0.0
    booted: float = -1e6

    @property
    def now(self) -> float:
        """True time, in seconds since the epoch."""
        return self.start + self.passed

    def wall(self) -> float:
        """Return the value of `time.time`."""
        return self.now + self.wall_offset

    def boot(self, _: int) -> float:
        """Return the value of the boot clock."""
        return self.passed - self.booted

    @contextmanager
    def set(self) -> Iterator[None]:
        """Patch Python's clocks."""
        with mock.patch.object(time, "time", self.wall), mock.patch.object(time, "clock_gettime", self.boot):
            yield


class Process:
    """Submissions of one folder, as one process makes them; it may be killed at any step."""

    def __init__(self, base_url: str, folder: Path, key: str) -> None:
        self.key = key
        self.steps_left: int | None = None
        self.is_dead = False
        self.intent = ""
        """What is submitted: a file, or the batch that is resubmitted."""
        self.client = BatchesClient(
            Profile(name="test", base_url=base_url, credentials=Credentials(Secret(key), "key")),
            retry=ONE_TRY,
        )
        self.submitting = Submitting(self.client, folder, NO_DELAYS, APPEAR_SECONDS)
        self.submissions = self.submitting.submissions

    def step(self) -> None:
        """Take a disk step, unless killed before."""
        if self.steps_left == 0:
            self.is_dead = True
        if self.is_dead:
            raise Killed
        if self.steps_left is not None:
            self.steps_left -= 1


_running = ContextVar[Process | None]("_running", default=None)


def run_as(process: Process) -> None:
    """Make a process responsible for this task's disk steps."""
    _running.set(process)


@contextmanager
def killable() -> Iterator[None]:
    """Make processes killable before each disk step. Syncs are skipped."""

    def counted(call: Callable[..., Any]) -> Callable[..., Any]:
        def step(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - as the function in whose place it is
            process = _running.get()
            if process and not str(args[0]).endswith(".lock"):
                process.step()
            return call(*args, **kwargs)

        return step

    def set_time(file: int) -> None:
        os.utime(file, (time.time(), time.time()))

    with ExitStack() as stack:
        for name in ("rename", "replace", "unlink"):
            stack.enter_context(mock.patch.object(os, name, counted(getattr(os, name))))
        stack.enter_context(mock.patch.object(os, "fsync", counted(set_time)))
        yield


@contextmanager
def repeatable(requests: Path) -> Iterator[None]:
    """Replace random names, and the inodes, times and order that the file system gives.

    Args:
        requests: The folder of stored requests.
    """
    names = map("{:016x}".format, itertools.count())
    iterdir = Path.iterdir

    def stamp(status: os.stat_result) -> str:
        with os.scandir(requests) as entries:
            (path,) = (Path(entry) for entry in entries if entry.inode() == status.st_ino)
        return hashlib.sha256(path.read_bytes()).hexdigest()

    with (
        mock.patch.object(secrets, "token_hex", side_effect=names),
        mock.patch.object(Path, "iterdir", lambda folder: iter(sorted(iterdir(folder)))),
        mock.patch.object(receipts, "_stamp", stamp),
    ):
        yield


def set_times(folder: Path, now: float) -> None:
    """Date files that were written without fsync by the model's clock."""
    for path in folder.iterdir():
        if path.stat().st_mtime > START * 1.5:
            os.utime(path, (now, now))


@dataclass
class Accepted:
    """A batch that the server has accepted and bills.

    Attributes:
        id: Its id.
        created_at: True time.
        listed_at: When it appears in the list.
        requests: Its requests by custom_id.
        intent: What the process meant to send; None for batches of others.
        failed: Failed custom_ids; None until it has ended.
    """

    id: str
    created_at: float
    listed_at: float
    requests: dict[str, Any]
    intent: str | None
    failed: set[str] | None = None

    @property
    def wire(self) -> dict[str, Any]:
        """The batch as API JSON."""
        size, failed = len(self.requests), len(self.failed or ())
        ended = self.failed is not None
        counts = {"succeeded": size - failed, "errored": failed} if ended else {"processing": size}
        return {
            "id": self.id,
            "type": "message_batch",
            "processing_status": "ended" if ended else "in_progress",
            "request_counts": counts,
            "created_at": datetime.fromtimestamp(self.created_at, UTC).isoformat(),
            "expires_at": datetime.fromtimestamp(self.created_at + 86400, UTC).isoformat(),
        }

    @property
    def results(self) -> bytes:
        """Its results as JSON lines."""
        failed = self.failed or set()
        error = {"type": "error", "error": {"type": "api_error", "message": "Failed."}}
        lines = (
            {
                "custom_id": custom_id,
                "result": {"type": "errored", "error": error}
                if custom_id in failed
                else {"type": "succeeded", "message": {"content": []}},
            }
            for custom_id in self.requests
        )
        return b"".join(json.dumps(line).encode() + b"\n" for line in lines)


class CountingServer:
    """A Message Batches API on loopback that records accepted batches."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.StreamWriter] = set()
        self._serving: set[asyncio.Task[None]] = set()
        self.base_url = ""
        self.batches: list[Accepted] = []
        """Oldest first."""
        self.processes: dict[str, Process] = {}
        self.creates = deque[str]()
        """Outcomes of the next creates; later ones are accepted."""
        self.is_list_broken = deque[bool]()
        """Whether each of the next list calls fails."""
        self.on_create: Callable[[], object] = lambda: None
        """Called once, on the next create."""
        self.arrived = 0
        """Number of creates received."""

    async def start(self) -> None:
        """Open the socket."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.base_url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def stop(self) -> None:
        """Close the socket."""
        assert self._server
        self._server.close()
        for writer in self._connections:
            writer.transport.abort()
        await asyncio.gather(*self._serving)

    def add(self, requests: Sequence[dict[str, Any]], intent: str | None, *, late: bool = False) -> Accepted:
        """Accept a batch."""
        now = self._clock.now
        batch = Accepted(
            f"msgbatch_{len(self.batches):03}",
            now,
            now + LATE_SECONDS if late else now,
            {one["custom_id"]: one for one in requests},
            intent,
        )
        self.batches.append(batch)
        return batch

    @property
    def listed(self) -> list[Accepted]:
        """The listed batches, newest first."""
        return [one for one in reversed(self.batches) if one.listed_at <= self._clock.now]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._connections.add(writer)
        task = cast("asyncio.Task[None]", asyncio.current_task())
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                size = head.lower().partition("content-length: ")[2].partition("\r\n")[0]
                body = await reader.readexactly(int(size or 0))
                self._clock.passed += 1
                answer = self._answer(head, body)
                if answer is None:
                    return
                writer.write(answer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.transport.abort()
            self._connections.discard(writer)

    def _answer(self, head: str, body: bytes) -> bytes | None:
        method, target, _ = head.split(" ", 2)
        path = target.partition("?")[0].removeprefix("/v1/messages/batches").strip("/")
        if method == "POST":
            return self._create(head, body)
        if path.endswith("/results"):
            (batch,) = (one for one in self.batches if one.id == path.partition("/")[0])
            return self._response(200, batch.results)
        if self.is_list_broken and self.is_list_broken.popleft():
            return self._error(500)
        limit = int(target.partition("limit=")[2].partition("&")[0])
        page = {"data": [one.wire for one in self.listed[:limit]], "has_more": len(self.listed) > limit}
        return self._response(200, json.dumps(page).encode())

    def _create(self, head: str, body: bytes) -> bytes | None:
        self.arrived += 1
        process = next(one for key, one in self.processes.items() if key in head)
        on_create, self.on_create = self.on_create, lambda: None
        on_create()
        what = (self.creates.popleft() if self.creates else "accept").split(", ")
        batch = None
        if what[0] == "accept":
            requests = json.loads(body)["requests"]
            batch = self.add(requests, process.intent, late="list late" in what)
        if "kill" in what:
            process.is_dead = True
        if "kill" in what or "drop" in what:
            return None
        if "web page" in what:
            return self._response(200, b"<html>")
        status = next((int(word) for word in what if word.isdecimal()), None)
        if status:
            return self._error(status)
        assert batch
        return self._response(200, json.dumps(batch.wire).encode())

    def _error(self, status: int) -> bytes:
        types = {400: "invalid_request_error", 429: "rate_limit_error"}
        error = {"type": types.get(status, "api_error"), "message": "No."}
        return self._response(status, json.dumps({"type": "error", "error": error}).encode())

    def _response(self, status: int, body: bytes) -> bytes:
        head = [f"HTTP/1.1 {status} Some", f"content-length: {len(body)}", "content-type: application/json"]
        if self._clock.server_offset is not None:
            moment = datetime.fromtimestamp(self._clock.now + self._clock.server_offset, UTC)
            head.append(f"date: {format_datetime(moment, usegmt=True)}")
        return "\r\n".join(head).encode() + b"\r\n\r\n" + body
