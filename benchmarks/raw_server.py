"""An API server as fast as this machine can be: it sends prepared files from the kernel.

It knows no faults and checks nothing: the sandbox is for that. Run as a process of its own, it prints its
port, and then a line with the monotonic time whenever it begins to send results.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from argparse import ArgumentParser
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import IO, Any
from urllib.parse import parse_qsl, urlsplit

from benchmarks.data import errored

ROOT = "/v1/messages/batches"
TICKING = "msgbatch_ticking"
"""A batch that runs, and whose counts are others each time someone looks."""
REQUESTS = 10_000_000
JSONL = "application/x-jsonl"


@dataclass(frozen=True, slots=True)
class RawServer:
    """A server that runs.

    Attributes:
        url: Its base URL.
        output: What it prints: a monotonic time for each results body that it begins to send.
    """

    url: str
    output: IO[str]

    def sending_since(self, earliest: float) -> float:
        """When it began to send results, at or after a time; waits for that if it must."""
        while (began := float(self.output.readline())) < earliest:
            pass
        return began


@contextmanager
def serving(file: Path | None = None, *, others: int = 0, ticking: bool = False) -> Iterator[RawServer]:
    """Serves a list of batches.

    Args:
        file: Results of one batch, `<batch id>.jsonl`, whose id ends in how many lines it has.
        others: How many older batches the list has.
        ticking: Whether the newest batch is one that runs.
    """
    words = [sys.executable, "-m", "benchmarks.raw_server", "--others", str(others)]
    words += ["--file", str(file)] if file else []
    words += ["--ticking"] if ticking else []
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            yield RawServer(f"http://127.0.0.1:{int(process.stdout.readline())}", process.stdout)
        finally:
            process.terminate()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, file: Path | None, others: int, ticking: bool) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.file = file
        self._root = f"http://127.0.0.1:{self.server_address[1]}{ROOT}"
        self._batches = [self._ended(f"msgbatch_{n:024d}", 1000 + n, hours=2 + n) for n in range(others)]
        if file:
            self._batches.insert(0, self._ended(file.stem, int(file.stem.rpartition("_")[2]), hours=1))
        self._done = 0 if ticking else None

    def batches(self) -> list[dict[str, Any]]:
        """All batches as they are now, newest first."""
        if self._done is None:
            return self._batches
        self._done += 1
        return [_running(self._done), *self._batches]

    def _ended(self, batch_id: str, requests: int, *, hours: int) -> dict[str, Any]:
        failed = errored(requests)
        created = datetime.now(UTC) - timedelta(hours=hours)
        return _created(batch_id, created) | {
            "processing_status": "ended",
            "request_counts": _counts(succeeded=requests - failed, errored=failed),
            "ended_at": (created + timedelta(minutes=30)).isoformat(),
            "results_url": f"{self._root}/{batch_id}/results",
        }


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def do_GET(self) -> None:
        """Answers the list, one batch, or its results."""
        path = urlsplit(self.path).path.removeprefix(ROOT)
        file = self.server.file
        if file and path == f"/{file.stem}/results":
            self._send_results(file)
        elif path:
            self._send_json(next(batch for batch in self.server.batches() if batch["id"] == path[1:]))
        else:
            self._send_page(self.server.batches())

    def log_message(self, *_: object) -> None:
        """Says nothing of each request."""

    def _send_page(self, batches: list[dict[str, Any]]) -> None:
        asked = dict(parse_qsl(urlsplit(self.path).query))
        ids = [batch["id"] for batch in batches]
        limit, start, stop = int(asked.get("limit", 20)), 0, len(ids)
        if after := asked.get("after_id"):
            start = ids.index(after) + 1
        if before := asked.get("before_id"):
            stop = ids.index(before)
            start = max(start, stop - limit)
        page = batches[start : min(stop, start + limit)]
        has_more = start > 0 if before else start + limit < stop
        first, last = (page[0]["id"], page[-1]["id"]) if page else (None, None)
        self._send_json({"data": page, "has_more": has_more, "first_id": first, "last_id": last})

    def _send_json(self, value: dict[str, Any]) -> None:
        body = json.dumps(value).encode()
        self._begin(200, "application/json", len(body))
        self.wfile.write(body)

    def _send_results(self, file: Path) -> None:
        size = file.stat().st_size
        start = int(self.headers.get("Range", "bytes=0-").removeprefix("bytes=").partition("-")[0])
        partial = {"Content-Range": f"bytes {start}-{size - 1}/{size}"} if start else {}
        self._begin(206 if start else 200, JSONL, size - start, ETag=f'"{file.stem}"', **partial)
        print(time.monotonic(), flush=True)
        try:
            with file.open("rb") as source:
                self.connection.sendfile(source, start)
        except ConnectionError:
            self.close_connection = True  # the reader had enough

    def _begin(self, status: int, kind: str, length: int, **headers: str) -> None:
        self.send_response(status)
        for name, value in (headers | {"Content-Type": kind, "Content-Length": str(length)}).items():
            self.send_header(name, value)
        self.end_headers()


def _running(done: int) -> dict[str, Any]:
    return _created(TICKING, datetime.now(UTC)) | {
        "processing_status": "in_progress",
        "request_counts": _counts(processing=REQUESTS - done, succeeded=done),
    }


def _created(batch_id: str, when: datetime) -> dict[str, Any]:
    nothing = dict.fromkeys(("ended_at", "cancel_initiated_at", "archived_at", "results_url"))
    return nothing | {
        "id": batch_id,
        "type": "message_batch",
        "created_at": when.isoformat(),
        "expires_at": (when + timedelta(hours=24)).isoformat(),
    }


def _counts(**known: int) -> dict[str, int]:
    return dict.fromkeys(("processing", "succeeded", "errored", "canceled", "expired"), 0) | known


def main(words: Sequence[str] | None = None) -> None:
    """Serves until it is terminated."""
    parser = ArgumentParser()
    parser.add_argument("--file", type=Path)
    parser.add_argument("--others", type=int, default=0)
    parser.add_argument("--ticking", action="store_true")
    options = parser.parse_args(words)
    server = _Server(options.file, options.others, options.ticking)
    print(server.server_address[1], flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
