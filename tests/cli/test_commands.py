"""The commands as scripts call them: a process of its own, stdout apart from stderr, exit codes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial

import anthropic
import pexpect
import pytest

from batchtui.sandbox import Embedded

Run = Callable[..., subprocess.CompletedProcess[str]]


def command(*words: str, key: str, url: str) -> subprocess.CompletedProcess[str]:
    """Runs batchtui in a process of its own, without a terminal."""
    env = os.environ | {"ANTHROPIC_API_KEY": key, "ANTHROPIC_BASE_URL": url}
    whole = [sys.executable, "-m", "batchtui", *words]
    return subprocess.run(
        whole, env=env, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False
    )


@pytest.fixture
def run(sandbox: Embedded) -> Run:
    """Runs batchtui against the shared sandbox, unless told otherwise."""
    return partial(command, key=sandbox.api_key, url=sandbox.base_url)


@pytest.fixture
def sdk(sandbox: Embedded) -> Iterator[anthropic.Anthropic]:
    with anthropic.Anthropic(api_key=sandbox.api_key, base_url=sandbox.base_url) as client:
        yield client


def submit(sdk: anthropic.Anthropic, requests: int = 3) -> str:
    """Makes a batch with the official SDK."""
    params = {
        "model": "claude-haiku-4-5-20251001",
        "max_tokens": 64,
        "messages": [{"role": "user", "content": "Name three rivers."}],
    }
    wanted = [{"custom_id": f"river-{n}", "params": params} for n in range(requests)]
    return sdk.messages.batches.create(requests=wanted).id  # type: ignore[arg-type]


def until_ended(sdk: anthropic.Anthropic, batch_id: str) -> None:
    while sdk.messages.batches.retrieve(batch_id).processing_status != "ended":
        pass


def test_list_as_json_is_what_the_api_says(run: Run, sdk: anthropic.Anthropic) -> None:
    done = run("list", "--limit", "30", "--json", "--status", "ended")
    assert (done.returncode, done.stderr) == (0, "")
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(lines) == 30
    theirs = json.loads(sdk.messages.batches.retrieve(lines[0]["id"]).to_json())
    assert lines[0].keys() == theirs.keys()
    assert lines[0]["request_counts"] == theirs["request_counts"]


def test_list_for_people(run: Run) -> None:
    done = run("list", "--limit", "5")
    titles, *rows = done.stdout.splitlines()
    assert titles.split() == ["status", "id", "requests", "ok", "err", "age"]
    assert len(rows) == 5


def test_err_in_the_list_is_all_that_did_not_succeed(frozen_sandbox: Embedded) -> None:
    run = partial(command, key=frozen_sandbox.api_key, url=frozen_sandbox.base_url)
    _, *rows = run("list", "--limit", "60").stdout.splitlines()
    batches = map(json.loads, run("list", "--limit", "60", "--json").stdout.splitlines())
    for row, batch in zip(rows, batches, strict=True):
        counts = batch["request_counts"]
        ok, err = (int(cell.replace(",", "")) for cell in row.split()[3:5])
        assert (row.split()[1], ok) == (batch["id"], counts["succeeded"])
        assert err == counts["errored"] + counts["canceled"] + counts["expired"]


def test_show(run: Run, sdk: anthropic.Anthropic) -> None:
    batch_id = submit(sdk)
    until_ended(sdk, batch_id)
    people, program = run("show", batch_id), run("show", batch_id, "--json")
    assert "succeeded" in people.stdout
    assert json.loads(program.stdout)["id"] == batch_id
    shortened = run("show", batch_id[:-3])
    assert batch_id in shortened.stdout


def test_cancel_and_delete_ask_first(run: Run, sdk: anthropic.Anthropic) -> None:
    batch_id = submit(sdk)
    for command in ("cancel", "delete"):
        done = run(command, batch_id)
        assert done.returncode == 2
        assert "--yes" in done.stderr
        assert done.stdout == ""
    assert sdk.messages.batches.retrieve(batch_id).cancel_initiated_at is None


def test_cancel_and_delete_when_told_to(sandbox_with: Callable[..., Embedded]) -> None:
    slow = sandbox_with(speed=20.0)
    sdk = anthropic.Anthropic(api_key=slow.api_key, base_url=slow.base_url)
    run = partial(command, key=slow.api_key, url=slow.base_url)
    batch_id = submit(sdk, 2000)
    done = run("cancel", batch_id, "--yes")
    assert (done.returncode, done.stdout.split()) == (0, [batch_id, "canceling"])
    until_ended(sdk, batch_id)
    done = run("delete", "msgbatch_never", batch_id, batch_id, "--yes")
    assert (done.returncode, done.stdout.split()) == (1, [batch_id, "deleted"])
    assert "msgbatch_never" in done.stderr
    assert "1 of 2 batches failed." in done.stderr
    gone = run("show", batch_id)
    assert gone.returncode == 1
    assert "request id req_" in gone.stderr
    sdk.close()


@pytest.mark.parametrize(("answer", "is_deleted"), [("\r", False), ("n\r", False), ("y\r", True)])
def test_delete_on_a_terminal(
    sandbox: Embedded, sdk: anthropic.Anthropic, answer: str, is_deleted: bool
) -> None:
    batch_id = submit(sdk)
    until_ended(sdk, batch_id)
    env = os.environ | {"ANTHROPIC_API_KEY": sandbox.api_key, "ANTHROPIC_BASE_URL": sandbox.base_url}
    child = pexpect.spawn(sys.executable, ["-m", "batchtui", "delete", batch_id], env=env, timeout=20)
    child.expect("saved nowhere else")
    child.expect(r"\[y/N\]")
    child.send(answer)
    child.expect(pexpect.EOF)
    child.close()
    assert (child.exitstatus == 0) == is_deleted
    ids = [batch.id for batch in sdk.messages.batches.list(limit=20).data]
    assert (batch_id not in ids) == is_deleted


def test_no_key(run: Run) -> None:
    done = run("list", key="")
    assert done.returncode == 3
    assert "ANTHROPIC_API_KEY" in done.stderr
    assert "--demo" in done.stderr


def test_no_key_and_no_command(run: Run) -> None:
    done = run(key="")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (3, "", 1)
    assert "ANTHROPIC_API_KEY" in done.stderr
    assert "--demo" in done.stderr


def test_a_wrong_key(run: Run) -> None:
    done = run("list", key="sk-ant-not-this-one")
    assert done.returncode == 3
    assert "request id req_" in done.stderr
    assert "not-this-one" not in done.stderr


def test_a_server_that_is_away(run: Run) -> None:
    done = run("list", url="http://127.0.0.1:9")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (4, "", 1)
    assert "http://127.0.0.1:9" in done.stderr


def test_a_key_never_goes_over_plain_http(run: Run) -> None:
    done = run("list", url="http://example.com")
    assert done.returncode == 2
    assert "https" in done.stderr


@pytest.mark.parametrize("words", [["lst"], ["list", "--limit", "0"], ["show"], ["--nonsense"]])
def test_wrong_usage(run: Run, words: list[str]) -> None:
    done = run(*words)
    assert done.returncode == 2
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    assert "--help" in done.stderr


def test_without_a_terminal_the_screens_say_what_to_use(run: Run) -> None:
    done = run()
    assert done.returncode == 2
    assert "batchtui list" in done.stderr


def test_a_closed_pipe_is_silent(sandbox: Embedded) -> None:
    env = os.environ | {"ANTHROPIC_API_KEY": sandbox.api_key, "ANTHROPIC_BASE_URL": sandbox.base_url}
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-m", "batchtui", "list", "--all"]
    done = subprocess.run(command, env=env, stdout=writer, stderr=subprocess.PIPE, text=True, check=False)
    os.close(writer)
    assert (done.returncode, done.stderr) == (0, "")


def test_an_empty_id_is_no_batch(run: Run) -> None:
    for command in ("show", "cancel", "delete"):
        done = run(command, "", *(["--yes"] if command != "show" else []))
        assert done.returncode == 1
        assert "Batch ID is required" in done.stderr


def test_read_only_holds_in_the_demo_too(run: Run) -> None:
    done = run("--demo", "--read-only", "cancel", "msgbatch_x", "--yes")
    assert done.returncode == 1
    assert "read-only" in done.stderr


def test_a_fault_that_nobody_knows(run: Run) -> None:
    done = run("sandbox", "--fault", "nope")
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_demo_needs_no_key(run: Run) -> None:
    done = run("--demo", "list", "--limit", "1", key="")
    assert done.returncode == 0
    assert "msgbatch_" in done.stdout


def test_commands_never_import_the_screens(run: Run) -> None:
    program = (
        "import sys; from batchtui.cli import main; code = main(lambda session: 1, sys.argv[1:])\n"
        "print([name for name in ('textual',) if name in sys.modules], file=sys.stderr)\n"
        "sys.exit(code)"
    )
    for words in (["--version"], ["--help"], ["--demo", "list", "--limit", "1"]):
        done = subprocess.run(
            [sys.executable, "-c", program, *words], capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stderr) == (0, "[]\n")


def test_help_and_version_import_neither_client_nor_models() -> None:
    program = (
        "import sys; from batchtui.cli import main; main(lambda session: 1, ['--help'])\n"
        "heavy = ('httpx', 'pydantic', 'sqlite3', 'asyncio')\n"
        "print([name for name in heavy if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stderr == "[]\n"


def test_sandbox_says_where_it_is() -> None:
    words = ["--key", "sk-test", "--key", "sk-other", "--workspace", "wrkspc_mine", "--batches", "12"]
    command = [sys.executable, "-m", "batchtui", "sandbox", *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        said = json.loads(server.stdout.readline())
        client = anthropic.Anthropic(api_key=said["api_key"], base_url=said["base_url"])
        data = client.messages.batches.list(limit=100).data
        other = client.with_options(api_key="sk-other").messages.batches
        assert len(other.list(limit=100, workspace_id="wrkspc_mine").data) == len(data) == 12
        client.close()
        server.terminate()
    assert said["api_key"] == "sk-test"
    assert server.returncode == 0
    running = [batch.request_counts for batch in data if batch.processing_status != "ended"]
    assert running
    assert {(counts.succeeded, counts.errored) for counts in running} == {(0, 0)}, "counts are for the end"


def test_a_port_that_is_taken(sandbox: Embedded) -> None:
    port = sandbox.base_url.rpartition(":")[2]
    command = [sys.executable, "-m", "batchtui", "sandbox", "--port", port]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert port in done.stderr
    assert "Traceback" not in done.stderr
