"""An API on loopback that attacks whoever shows what it says: in bodies, in headers, in refusals."""

from __future__ import annotations

import itertools
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

CONTROLS = (
    "\x1b[4747mPWN",
    "\x1b[4747;4747HPWN",
    "\x1b[?4747hPWN\x1b[6n\x1b[c",
    "\x1b]0;PWN\x07",
    "\x1b]2;PWN\x1b\\",
    "\x1b]52;c;UFdO\x07PWN",
    "\x1b]8;;http://pwn.example\x1b\\PWN\x1b]8;;\x1b\\",
    "\x1b]9;PWN\x07",
    "\x1bP$qPWN\x1b\\",
    "\x1b_GPWN\x1b\\\x1b^PWN\x1b\\\x1bXPWN\x1b\\",
    "\x1bc\x1b#8\x1b(0PWN\x0e\x0f",
    "\x9b4747mPWN",
    "\x9d0;PWN\x9c\x9d52;c;UFdO\x9c",
    "\x90PWN\x9c\x9fPWN\x9c\x9ePWN\x9c\x85\x84",
    "\x07PWN\x00PWN\x7fPWN\x08\x08\x08",
    "PWN\x0b\x0c\rPWN\nPWN\r\nPWN\tPWN\u2028PWN\u2029",
)
UNSEEN = (
    "PWN\u202etxt.exe\u202c\u2066PWN\u2069\u061c\u200f\u200e",
    "PWN\u200bPWN\u2060PWN\ufeffPWN\u00adPWN\u200d",
    "PWN\U000e0001\U000e0050\U000e0057\U000e007f\ufe0f\U000e0100\u3164\u115f",
    "PWN\ue000\U000f0000\U0010ffff\uffff\ufff9",
    "PWN" + "e\u0301\u0327" * 200,
    "PWN" + "W" * 150,
    "PWN漢字🏴\U000e0067\U000e007f👩\u200d🚀",
)
MARKUP = (
    "[@click=app.quit]PWN[/]",
    "[@click=app.bell()]PWN[/@click=app.bell()]",
    "[@click=screen.dismiss(True)]PWN",
    "PWN[/x] [bold",
    "[link=https://pwn.example]PWN[/link] \\[PWN] [[PWN]] [0] $primary [$error]",
    "[PWN](https://pwn.example/a) <https://pwn.example/b> https://pwn.example/c",
    "![PWN](https://pwn.example/x.png) [PWN](javascript:PWN) [PWN]: /url",
    "<a href='javascript:PWN'>PWN</a><script>PWN</script><!-- PWN",
    "&#27;]0;PWN&#7; &#x1b;[4747mPWN &#x9b;4747m &#155;4747m &#0;",
    "&#x202e;PWN&#x200b; &zwj;&rlm;&ZeroWidthSpace;&NewLine;&Tab;&#xe0050;",
    "`\x1b[4747mPWN` **[PWN](http://pwn.example/\x1b]0;PWN\x07)** | PWN |\n|-|\n| \x9b4747m |",
    "```\x1b]0;PWN\x07\n\x1b[4747mPWN\n```\n> \x1b]0;PWN\x07\n\n1. \x9b4747mPWN\n# \x1b[4747mPWN",
)
ATTACKS = (*CONTROLS, *UNSEEN, *MARKUP)
HALVES = "\ud83dPWN\udc00"
"""Lone surrogates: JSON can say them, UTF-8 cannot."""
IN_RESULTS = [f"{one}\n\n{other}" for one, other in zip(ATTACKS, (*ATTACKS[1:], HALVES), strict=True)][::2]
"""Two attacks in each result: all of them are looked at one by one."""

RUNNING = "msgbatch_PWN[@click=app.quit]\x1b]0;x\x07\x9b4747mrun"
"""The id of the batch that runs until the other one is canceled."""
CANCELABLE, OPENABLE = "msgbatch_runs", "msgbatch_plain"
"""Ids of a batch that runs and one that has results: one that is not plain is shown, but never sent."""
STATUSES = (400, 404, 409, 413, 429, 500, 529)
REQUESTS = 3 * len(IN_RESULTS) + 1
"""The results of each batch that have a custom_id."""
_NOW = datetime.now(UTC)


def batches() -> list[dict[str, Any]]:
    """Two that run, one with results; for each attack one with a hostile id and one with a hostile status."""
    made = [
        _batch(RUNNING, "in_progress", 0, "PWN"),
        _batch(CANCELABLE, "in_progress", 1, "PWN"),
        _batch(OPENABLE, "ended", 2, "PWN"),
    ]
    for number, attack in enumerate(ATTACKS):
        made.append(_batch(f"msgbatch_{number:02}{attack}~{number:02}", "ended", 2 * number + 3, attack))
        made.append(_batch(f"msgbatch_status{number:02}", attack, 2 * number + 4, attack))
    return made


def _batch(batch_id: str, status: str, minutes: int, attack: str) -> dict[str, Any]:
    created = _NOW - timedelta(minutes=minutes + 1)
    counts = dict.fromkeys(("processing", "succeeded", "errored", "canceled", "expired"), 0)
    counts["processing" if status != "ended" else "succeeded"] = REQUESTS
    return {
        "id": batch_id,
        "type": attack,
        "processing_status": status,
        "request_counts": counts | {attack: attack},
        "created_at": created.isoformat(),
        "expires_at": (created + timedelta(days=1)).isoformat(),
        "ended_at": created.isoformat() if status == "ended" else None,
        "results_url": f"https://pwn.example/{attack}",
        attack: {attack: [attack]},
    }


def results() -> bytes:
    """For each attack a reply and a failure that are made of it, and some lines that are no results."""
    lines = []
    for number, attack in enumerate(IN_RESULTS):
        lines.append({"custom_id": f"{number}a{attack[:90]}~{number}a", "result": _succeeded(attack)})
        lines.append({"custom_id": f"{number}b{attack[:90]}~{number}b", "result": _errored(attack)})
        lines.append(
            {"custom_id": f"{number}c{attack[:90]}~{number}c", "result": {"type": attack, attack: attack}}
        )
    lines.append({"custom_id": "long", "result": _succeeded("PWN" + "W" * 30_000)})
    odd = (
        b"\x1b]0;PWN\x07 \x9b4747mPWN \x90\xff\xfe \xc2\x9b4747m",
        b'{"custom_id": "half", "result": "\x1b]',
    )
    return b"\n".join([*(json.dumps(line).encode() for line in lines), *odd]) + b"\n"


def _succeeded(attack: str) -> dict[str, Any]:
    citation = {"type": attack, "title": attack, "url": attack, "cited_text": attack}
    file = {"type": "bash_code_execution_output", "file_id": attack, "stdout": attack, "stderr": attack}
    content = [
        {"type": "text", "text": f"{attack}\n\n{attack}", "citations": [citation]},
        {"type": "thinking", "thinking": attack, "signature": attack},
        {"type": "tool_use", "id": attack, "name": attack, "input": {attack: attack}},
        {"type": "server_tool_use", "name": attack, "input": {"code": attack}},
        {"type": "mcp_tool_use", "name": attack, "server_name": attack, "input": {"command": attack}},
        {"type": "bash_code_execution_tool_result", "content": {"content": [file], "error_code": attack}},
        {"type": "container_upload", "file_id": attack},
        {"type": attack, attack: attack},
    ]
    message = {
        "id": attack,
        "model": attack,
        "stop_reason": attack,
        "stop_sequence": attack,
        "stop_details": {"category": attack, "explanation": attack},
        "content": content,
        "usage": {"input_tokens": 1, "output_tokens": 2, "service_tier": attack, attack: {attack: attack}},
    }
    return {"type": "succeeded", "message": message}


def _errored(attack: str) -> dict[str, Any]:
    return {
        "type": "errored",
        "error": {"type": attack, "request_id": attack, "error": {"type": attack, "message": attack}},
    }


class HostileServer(ThreadingHTTPServer):
    """What it was asked, and how it is.

    Attributes:
        asked: The method and path of each call.
        refuses: Whether every call but a list's first is refused, each in another way.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self.asked: list[str] = []
        self.refuses = False
        self.batches = batches()
        self.results = results()
        self.attacks: Iterator[str] = itertools.cycle(ATTACKS)
        self.statuses: Iterator[int] = itertools.cycle(STATUSES)


class _Handler(BaseHTTPRequestHandler):
    server: HostileServer
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if self.server.refuses:
            self._refuse()
        elif "/batches?" in self.path:
            self._answer(200, json.dumps({"data": self.server.batches, "has_more": False}).encode())
        elif self.path.endswith("/results"):
            self._answer(200, self.server.results)
        else:
            batch = next((one for one in self.server.batches if f"/{one['id']}" in self.path), {})
            self._answer(200, json.dumps(batch).encode())

    def do_POST(self) -> None:
        """A cancel: the batch with the hostile id has ended at once."""
        self.do_GET()
        if self.server.refuses:
            return
        counts = self.server.batches[0]["request_counts"]
        ended = {"processing_status": "ended", "request_counts": counts | {"processing": 0, "canceled": 9}}
        self.server.batches[0] |= ended

    def do_DELETE(self) -> None:
        self._refuse()

    def _refuse(self) -> None:
        attack, status = next(self.server.attacks), next(self.server.statuses)
        bodies = (
            json.dumps({"error": {"type": attack, "message": attack}, "request_id": attack}).encode(),
            f"<html>{attack}</html>".encode(),
            b"\x1b]0;PWN\x07\x9b4747mPWN\xff",
        )
        self._answer(status, bodies[len(self.server.asked) % 3], reason=attack)

    def _answer(self, status: int, body: bytes, reason: str = "OK") -> None:
        self.server.asked.append(f"{self.command} {self.path}")
        attack = _in_header(next(self.server.attacks))
        self.send_response_only(status, _in_header(reason)[:80])
        for name in ("request-id", "content-type", "etag", "x-should-retry", "x-pwn"):
            self.send_header(name, attack)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Nothing is told of calls."""


def _in_header(attack: str) -> str:
    """As much of an attack as HTTP lets through in a header, its UTF-8 bytes as http.server wants them."""
    return attack.encode("utf-8").translate(None, b"\0\r\n\x0b\x0c").decode("latin-1").strip()


@contextmanager
def hostile_server() -> Iterator[HostileServer]:
    """The server, in a thread of its own."""
    with HostileServer() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
