"""The embedded sandbox: startup, shutdown with its parent, and secrecy of its key."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

from batchtui.sandbox import Embedded, SandboxOptions, embedded, listen, new_key

if TYPE_CHECKING:
    from collections.abc import Callable

DEADLINE = 20.0
PARENT = """
import sys
from batchtui.sandbox import Embedded, SandboxOptions
server = Embedded(SandboxOptions(batches=0))
print(server.base_url, server.api_key, flush=True)
sys.stdin.read()
"""


def headers(key: str) -> dict[str, str]:
    return {"x-api-key": key, "anthropic-version": "2023-06-01"}


def wait_until(condition: Callable[[], bool], message: str) -> None:
    deadline = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < deadline, message
        time.sleep(0.01)


def is_refused(base_url: str) -> bool:
    """Return whether connections to this address are refused."""
    host, port = base_url.removeprefix("http://").split(":")
    try:
        socket.create_connection((host, int(port)), timeout=1).close()
    except ConnectionRefusedError:
        return True
    except OSError:
        return False
    return False


def test_serves_and_closes() -> None:
    with embedded(SandboxOptions(batches=2)) as server:
        response = httpx.get(f"{server.base_url}/v1/messages/batches", headers=headers(server.api_key))
        assert len(response.json()["data"]) == 2
        assert server.log() == ""
    assert is_refused(server.base_url)
    server.close()


def test_closing_immediately_stops_the_server() -> None:
    with embedded(SandboxOptions()) as server:
        pass
    assert is_refused(server.base_url)


def test_close_does_not_wait_for_downloads() -> None:
    server = Embedded(SandboxOptions(faults=("slow-results:1000",), speed=0))
    url = f"{server.base_url}/v1/messages/batches"
    with httpx.Client(headers=headers(server.api_key)) as client:
        ended = next(one for one in client.get(url).json()["data"] if one["results_url"])
        with client.stream("GET", ended["results_url"]) as response:
            chunks = response.iter_raw()
            assert next(chunks)
            server.close()
            with contextlib.suppress(httpx.RemoteProtocolError):
                for _ in chunks:
                    pass
    assert is_refused(server.base_url)


def test_listens_on_loopback_only(sandbox: Embedded) -> None:
    assert sandbox.base_url.startswith("http://127.0.0.1:")


def test_key_is_not_in_the_process_list(sandbox: Embedded) -> None:
    command = Path(f"/proc/{sandbox.pid}/cmdline")
    if not command.exists():
        pytest.skip("this system has no /proc")
    assert sandbox.api_key.encode() not in command.read_bytes()


@pytest.mark.parametrize("when", ["immediately", "when serving"])
def test_exits_when_its_parent_is_killed(when: str) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with parent:
        assert parent.stdout is not None
        base_url, key = parent.stdout.readline().split()
        if when == "when serving":
            assert httpx.get(f"{base_url}/v1/messages/batches", headers=headers(key)).status_code == 200
        parent.kill()
    wait_until(lambda: is_refused(base_url), "the server outlived its parent")


SERVE = """
import socket, sys
from batchtui.sandbox import SandboxOptions, serve
options = SandboxOptions(key="k", faults=("slow-results:1000",), speed=0)
serve(options, socket.socket(fileno=int(sys.argv[1])))
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_serve_exits_on_a_signal_during_a_download(number: int) -> None:
    with listen() as sock:
        url = f"http://127.0.0.1:{sock.getsockname()[1]}/v1/messages/batches"
        process = subprocess.Popen(
            [sys.executable, "-c", SERVE, str(sock.fileno())],
            pass_fds=[sock.fileno()],
            stderr=subprocess.PIPE,
        )
    with process, httpx.Client(headers=headers("k")) as client:
        ended = next(one for one in client.get(url).json()["data"] if one["results_url"])
        with client.stream("GET", ended["results_url"]) as response:
            assert next(response.iter_raw())
            os.kill(process.pid, number)
            assert process.wait(DEADLINE) == 0
        assert process.stderr is not None
        assert process.stderr.read() == b""


def test_other_calls_work_during_a_download(
    sandbox_with: Callable[..., Embedded], http_to: Callable[[Embedded], httpx.Client]
) -> None:
    server = sandbox_with(speed=0)
    http, reader = http_to(server), http_to(server)
    data = http.get("/batches").json()["data"]
    large = next(one for one in data if one["request_counts"]["succeeded"] > 99_000)
    lines = []

    def read() -> None:
        with reader.stream("GET", f"/batches/{large['id']}/results") as response:
            lines.append(sum(chunk.count(b"\n") for chunk in response.iter_raw()))

    thread = threading.Thread(target=read)
    thread.start()
    responses = 0
    while thread.is_alive():
        assert http.get("/batches", params={"limit": 1}).status_code == 200
        responses += 1
    thread.join()
    assert lines == [100_000]
    assert responses > 20


def test_port_in_use_is_named() -> None:
    with listen() as sock:
        port = sock.getsockname()[1]
        with pytest.raises(OSError, match=f"cannot listen on 127.0.0.1 port {port}: "):
            listen(port)


def test_keys_are_random_and_marked_as_sandbox_keys() -> None:
    assert new_key() != new_key()
    assert new_key().startswith("sk-ant-sandbox-")
    assert SandboxOptions().key != SandboxOptions().key
    assert "sk-ant" not in repr(SandboxOptions())


def test_importing_the_package_imports_no_web_server() -> None:
    code = "import sys, batchtui.sandbox; print({'starlette', 'uvicorn', 'msgspec'} & sys.modules.keys())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
