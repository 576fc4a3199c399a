"""`results` against a server that sends something else than it should."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from tests.cli.conftest import Call
from tests.results.wire import body_of

COUNT = 40
BODY = body_of(COUNT)
JSONL = "application/x-jsonl"
Run = Callable[..., subprocess.CompletedProcess[str]]


@dataclass
class Api:
    """One ended batch of `COUNT` requests; what its results are.

    Attributes:
        body: The results, or None for a server that has lost them.
        media_type: What they are called.
        repeats: Whether the body is sent again and again, without an end.
        pause: Seconds between the first bytes of the body and the rest.
    """

    body: bytes | None = BODY
    media_type: str = JSONL
    repeats: bool = False
    pause: float = 0.0
    sent: int = 0


@pytest.fixture
def api() -> Api:
    return Api()


@pytest.fixture
def run(api: Api, call: Call) -> Iterator[Run]:
    """Runs batchtui against that server."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path.endswith("/results"):
                self._results()
            else:
                self._send(json.dumps(_batch(self.path.rpartition("/")[2])).encode(), "application/json")

        def _results(self) -> None:
            if api.body is None:
                self.send_error(404)
            elif api.repeats:
                self.send_response(200)
                self.send_header("content-type", api.media_type)
                self.end_headers()
                try:
                    while True:
                        api.sent += self.wfile.write(api.body)
                except ConnectionError:
                    self.close_connection = True
            else:
                self._send(api.body, api.media_type)

        def _send(self, body: bytes, media_type: str) -> None:
            self.send_response(200)
            self.send_header("content-type", media_type)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[:10])
            time.sleep(api.pause)
            self.wfile.write(body[10:])

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        url = f"http://127.0.0.1:{server.server_address[1]}"
        yield lambda *words, **env: call(*words, **{"ANTHROPIC_BASE_URL": url} | env)
        server.shutdown()
        thread.join()


def _batch(batch_id: str) -> dict[str, object]:
    counts = {"processing": 0, "succeeded": COUNT, "errored": 0, "canceled": 0, "expired": 0}
    times = dict.fromkeys(("created_at", "ended_at"), "2026-11-20T10:00:00Z")
    return {
        "id": batch_id,
        "type": "message_batch",
        "processing_status": "ended",
        "request_counts": counts,
        "expires_at": "2026-11-21T10:00:00Z",
        "results_url": "https://elsewhere.example/results",
        **times,
    }


def saved(tmp_path: Path) -> list[Path]:
    return sorted((tmp_path / "cache").rglob("*.jsonl*"))


@pytest.mark.parametrize("name", ["a#b", "a?b=c", "%41", "\udcff"])
def test_any_cache_folder_shows_all_results(run: Run, tmp_path: Path, name: str) -> None:
    cache = tmp_path / name
    done = run("results", "msgbatch_1", BATCHTUI_CACHE_DIR=str(cache))
    assert (done.returncode, done.stdout.encode()) == (0, BODY)
    assert {path.name for path in tmp_path.iterdir()} <= {name, "cache"}


def test_more_results_than_requests_are_printed_said_and_no_success(run: Run, api: Api) -> None:
    api.body = body_of(COUNT + 2)
    done = run("results", "msgbatch_1")
    assert (done.returncode, done.stdout.encode()) == (5, api.body)
    assert f"{COUNT + 2} results for {COUNT} requests" in done.stderr
    assert "missing" not in done.stderr


def test_a_custom_id_that_comes_twice_in_place_of_another_is_said(run: Run, api: Api) -> None:
    lines = BODY.splitlines(keepends=True)
    api.body = b"".join([*lines[:-1], lines[0]])
    done = run("results", "msgbatch_1")
    assert done.returncode == 5
    assert (
        f"{COUNT - 1} of {COUNT} results are here and 1 missing ({COUNT} lines: 1 duplicate)" in done.stderr
    )


def test_a_line_that_comes_twice_is_no_silent_success(run: Run, api: Api, tmp_path: Path) -> None:
    api.body = BODY + BODY.splitlines(keepends=True)[0]
    for _ in range(2):
        done = run("results", "msgbatch_1")
        assert (done.returncode, done.stdout.encode()) == (5, api.body)
        assert f"{COUNT + 1} results for {COUNT} requests" in done.stderr
    assert run("cost", "msgbatch_1").returncode == 0, "all requests have a result, each billed once"


def test_a_body_without_an_end_is_stopped(run: Run, api: Api, tmp_path: Path) -> None:
    api.repeats = True
    done = run("results", "msgbatch_1", "-o", str(tmp_path / "out.jsonl"))
    assert done.returncode == 5
    assert "the download was stopped" in done.stderr
    assert not (tmp_path / "out.jsonl").exists()
    assert api.sent < 20_000_000


@pytest.mark.parametrize("media_type", ["text/html; charset=utf-8", "text/plain", JSONL])
def test_a_web_page_is_never_saved(run: Run, api: Api, tmp_path: Path, media_type: str) -> None:
    api.body, api.media_type = b"<!doctype html><title>Log in</title>", media_type
    done = run("results", "msgbatch_1")
    assert (done.returncode, done.stdout) == (1, "")
    assert "returned a web page" in done.stderr
    assert all(path.stat().st_size == 0 for path in saved(tmp_path))
    api.body, api.media_type = BODY, JSONL
    assert run("results", "msgbatch_1").stdout.encode() == BODY


def test_the_same_command_works_again_after_an_incomplete_file(run: Run, api: Api, tmp_path: Path) -> None:
    api.body = BODY[: len(BODY) // 2]
    output = tmp_path / "out.jsonl"
    for _ in range(2):
        done = run("results", "msgbatch_1", "-o", str(output))
        assert done.returncode == 5
        assert f"{output} was not written" in done.stderr
        assert not output.exists()
    api.body = BODY
    assert run("results", "msgbatch_1", "-o", str(output)).returncode == 0
    assert output.read_bytes() == BODY
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["out.jsonl"]


def test_lines_of_two_versions_never_follow_each_other(run: Run, api: Api) -> None:
    lines = BODY.splitlines(keepends=True)
    api.body = b"".join(lines[: COUNT // 2])
    assert run("results", "msgbatch_1").returncode == 5
    api.body, api.pause = b"".join(reversed(lines)), 1.0
    done = run("results", "msgbatch_1")
    assert (done.returncode, done.stdout.encode()) == (5, b"".join(lines[: COUNT // 2]))
    assert "changed on the server during printing" in done.stderr
    done = run("results", "msgbatch_1")
    assert (done.returncode, done.stdout.encode()) == (0, api.body)


@pytest.mark.parametrize("make", [lambda path: path.write_text("mine"), lambda path: path.symlink_to("gone")])
def test_a_file_of_somebody_else_is_never_replaced(
    run: Run, tmp_path: Path, make: Callable[[Path], object]
) -> None:
    output = tmp_path / "out.jsonl"
    make(output)
    before = output.lstat().st_ino, output.lstat().st_mtime_ns
    done = run("results", "msgbatch_1", "-o", str(output))
    assert (done.returncode, done.stdout) == (1, "")
    assert "exists already" in done.stderr
    assert (output.lstat().st_ino, output.lstat().st_mtime_ns) == before


def test_verify_tells_damage_and_the_next_read_puts_it_right(run: Run, api: Api, tmp_path: Path) -> None:
    assert run("results", "msgbatch_1").returncode == 0
    assert run("results", "msgbatch_2").returncode == 0
    [first, _] = saved(tmp_path)
    first.write_bytes(BODY.replace(b"Overloaded 10", b"Overloaded 11"))
    done = run("cache", "verify")
    assert done.returncode == 1
    assert "1 of 2 saved batches are damaged" in done.stderr
    assert "msgbatch_1  " in done.stdout
    assert "damaged: the content has changed" in done.stdout
    found = [json.loads(line) for line in run("cache", "verify", "--json").stdout.splitlines()]
    assert {one["id"]: one["state"] for one in found} == {"msgbatch_1": "damaged", "msgbatch_2": "intact"}
    assert run("cache", "verify", "msgbatch_2").returncode == 0

    done = run("results", "msgbatch_1")
    assert (done.returncode, done.stdout.encode()) == (0, BODY)
    assert "damaged copy is kept" in done.stderr
    assert run("cache", "verify").returncode == 0
    assert len(saved(tmp_path)) == 3


def test_damage_that_the_server_cannot_put_right_is_no_success(run: Run, api: Api, tmp_path: Path) -> None:
    assert run("results", "msgbatch_1").returncode == 0
    [file] = saved(tmp_path)
    left = b"".join(BODY.splitlines(keepends=True)[:10])
    file.write_bytes(left)
    api.body = None
    done = run("results", "msgbatch_1")
    assert (done.returncode, done.stdout.encode()) == (5, left)
    assert "are damaged" in done.stderr
    file.write_bytes(b"")
    done = run("results", "msgbatch_1")
    assert (done.returncode, done.stdout) == (1, "")
    assert "are damaged" in done.stderr
    assert saved(tmp_path) == [file]


def test_verify_of_what_is_not_saved_says_so(run: Run) -> None:
    done = run("cache", "verify", "msgbatch_9")
    assert done.returncode == 1
    assert "No complete results are saved for msgbatch_9" in done.stderr
