"""Output and exit codes of commands after a lost response."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from batchtui.cli import main
from batchtui.submissions import APPEAR_SECONDS, Submissions
from tests.canned_server import HANGING, answer, canned_server
from tests.cli.test_submit import Done, count
from tests.submitting import SLOW, request, write

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

    from batchtui.sandbox import Embedded

    Start = Callable[..., Embedded]
    Connect = Callable[[Embedded], httpx.Client]
    Run = Callable[..., Done]


@pytest.fixture
def run_on(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Callable[[Embedded], Run]:
    """Run commands without a terminal and without lookup delays."""

    def start(server: Embedded) -> Run:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", server.base_url)
        monkeypatch.setenv("ANTHROPIC_API_KEY", server.api_key)
        set_seconds(monkeypatch, "lookup_delays", (0.0,))
        return run

    def run(*words: str | Path) -> Done:
        code = main(lambda _: 0, [str(word) for word in words])
        return Done(code, *capfd.readouterr())

    return start


def set_seconds(monkeypatch: pytest.MonkeyPatch, name: str, value: object) -> None:
    defaults = Submissions.__init__.__kwdefaults__
    assert defaults
    monkeypatch.setitem(defaults, name, value)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return write(tmp_path / "file.jsonl", (request(f"a-{n}") for n in range(10)))


def start_with_another(api: httpx.Client) -> None:
    """Create a batch of another size, so that faults at every second create hit the next one."""
    api.post("/batches", json={"requests": [request("x")]}).raise_for_status()


def newest(api: httpx.Client) -> str:
    batch_id: str = api.get("/batches").json()["data"][0]["id"]
    return batch_id


def test_watch_confirms_probable_batch(
    sandbox_with: Start, http_to: Connect, run_on: Callable[[Embedded], Run], file: Path
) -> None:
    server = sandbox_with(batches=0, speed=10, faults=("drop-after-accept",))
    api, run = http_to(server), run_on(server)
    for _ in range(2):
        done = run("create", file, "--yes", "--json")
        assert (done.code, done.out) == (1, "")
        assert done.err.splitlines()[-1].startswith(
            f"batchtui: Probably {newest(api)}: same size, created since. Not confirmed."
        )
    assert str(file) not in run("show", newest(api)).out
    assert run("watch", newest(api), "--interval", "0.1").code == 0
    assert str(file) in run("show", newest(api)).out
    assert "Identical requests were submitted" in run("create", file, "--yes").err
    assert count(api) == 1


def test_results_reject_foreign_batch(
    sandbox_with: Start,
    http_to: Connect,
    run_on: Callable[[Embedded], Run],
    file: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    server = sandbox_with(batches=0, speed=10, faults=("stranger:2", "refuse:2"))
    api, run = http_to(server), run_on(server)
    start_with_another(api)
    done = run("create", file, "--yes")
    stranger = newest(api)
    assert (done.code, done.out) == (1, "")
    assert f"Probably {stranger}:" in done.err
    while api.get(f"/batches/{stranger}").json()["processing_status"] != "ended":
        pass
    assert run("results", stranger, "--merged", "-o", tmp_path / "theirs.jsonl").code == 0
    assert str(file) not in run("show", stranger).out
    refused = run("create", file, "--yes")
    assert (refused.code, refused.out) == (1, "")
    assert "Run the command again after" in refused.err
    assert "Probably" not in refused.err
    assert count(api) == 2

    set_seconds(monkeypatch, "appear_seconds", 0.0)
    sent = run("create", file, "--yes")
    assert (sent.code, sent.out.strip()) == (0, newest(api))
    assert count(api) == 3


def test_results_confirm_probable_batch(
    sandbox_with: Start, http_to: Connect, run_on: Callable[[Embedded], Run], file: Path
) -> None:
    server = sandbox_with(batches=0, speed=10, faults=("502-after-accept", "overload:5"))
    api, run = http_to(server), run_on(server)
    assert "Probably" in run("create", file, "--yes").err
    while api.get(f"/batches/{newest(api)}").json()["processing_status"] != "ended":
        pass
    assert run("errors", newest(api)).code == 0
    assert str(file) in run("show", newest(api)).out


def test_allow_duplicate_sends_after_lost_response(
    sandbox_with: Start, http_to: Connect, run_on: Callable[[Embedded], Run], file: Path
) -> None:
    server = sandbox_with(batches=0, speed=SLOW, faults=("drop-after-accept:2",))
    api, run = http_to(server), run_on(server)
    start_with_another(api)
    assert run("create", file, "--yes").code == 1
    done = run("create", file, "--yes", "--allow-duplicate")
    assert (done.code, done.out.strip(), count(api)) == (0, newest(api), 3)


def test_resubmit_waits_for_lost_response(
    sandbox_with: Start,
    http_to: Connect,
    run_on: Callable[[Embedded], Run],
    file: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    server = sandbox_with(batches=0, speed=1000, faults=("overload:5", "refuse:2"))
    api, run = http_to(server), run_on(server)
    batch_id = run("create", file, "--yes").out.strip()
    assert run("watch", batch_id, "--interval", "0.1").code == 5
    for words in ((), ("--custom-id", "a-4"), ("--dry-run",), ()):
        done = run("resubmit", batch_id, "--yes", *words)
        assert (done.code, done.out) == (1, "")
        assert "Run the command again after" in done.err
    assert count(api) == 1
    set_seconds(monkeypatch, "appear_seconds", 0.0)
    assert run("resubmit", batch_id, "--yes").code == 0
    assert count(api) == 2


def test_merged_results_skip_unconfirmed_batch(
    sandbox_with: Start, http_to: Connect, run_on: Callable[[Embedded], Run], file: Path
) -> None:
    server = sandbox_with(batches=0, speed=10, faults=("overload:5", "drop-after-accept:2"))
    api, run = http_to(server), run_on(server)
    batch_id = run("create", file, "--yes").out.strip()
    assert run("watch", batch_id, "--interval", "0.1").code == 5
    assert "Probably" in run("resubmit", batch_id, "--yes").err
    child = newest(api)
    apart = run("results", batch_id, "--merged")
    assert (apart.code, apart.out.count("overloaded_error")) == (5, 2)
    assert f"Probably {child} belongs to it too." in apart.err
    while api.get(f"/batches/{child}").json()["processing_status"] != "ended":
        pass
    merged = run("results", batch_id, "--merged")
    assert (merged.code, merged.out.count("overloaded_error"), merged.out.count("\n")) == (0, 0, 10)


def test_help_states_appear_seconds(
    capfd: pytest.CaptureFixture[str],
) -> None:
    assert main(lambda _: 0, ["create", "--help"]) == 0
    assert f"take {APPEAR_SECONDS / 60:.0f} minutes" in capfd.readouterr().out


def test_create_reports_retry(
    sandbox_with: Start,
    http_to: Connect,
    run_on: Callable[[Embedded], Run],
    file: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    server = sandbox_with(batches=0, speed=1000, faults=("529:2@create",))
    api, run = http_to(server), run_on(server)
    start_with_another(api)
    set_seconds(monkeypatch, "retry_delays", (0.0,))
    done = run("create", file, "--yes")
    assert (done.code, done.out.strip(), count(api)) == (0, newest(api), 2)
    assert "Overloaded (529 overloaded_error, " in done.err
    assert "Retrying in 0 s." in done.err


NO_BATCHES = b'{"data": [], "has_more": false, "first_id": null, "last_id": null}'


async def test_interrupted_create_warns_of_batch(file: Path) -> None:
    async with canned_server(answer("200 OK", NO_BATCHES), HANGING) as server:
        env = os.environ | {"ANTHROPIC_BASE_URL": server.base_url, "ANTHROPIC_API_KEY": "sk-test"}
        words = ("-m", "batchtui", "create", str(file), "--yes")
        process = await asyncio.create_subprocess_exec(
            sys.executable, *words, env=env, stderr=asyncio.subprocess.PIPE
        )
        while not any(request.startswith(b"POST") for request in server.requests):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        process.send_signal(signal.SIGINT)
        _, stderr = await process.communicate()
    assert process.returncode == 130
    last = [line for line in stderr.decode().splitlines() if line][-2:]
    assert last == [
        "The batch may exist: all of it was sent without a clear response. "
        "Run the same command again. It looks for the batch before it sends.",
        "Interrupted.",
    ]
