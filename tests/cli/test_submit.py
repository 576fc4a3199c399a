"""Output and exit codes of `create`, `attach`, `resubmit` and `results --merged`."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pexpect
import pytest

from batchtui.cli import main
from batchtui.submissions import preparing
from tests.submitting import MODEL, request, write

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

    from batchtui.sandbox import Embedded

    Run = Callable[..., "Done"]


class Done(NamedTuple):
    code: int
    out: str
    err: str


@pytest.fixture
def server(sandbox_with: Callable[..., Embedded]) -> Embedded:
    """A sandbox on which every fifth request fails the first time."""
    return sandbox_with(batches=0, faults=("overload:5",), speed=1000.0)


@pytest.fixture
def api(server: Embedded, http_to: Callable[[Embedded], httpx.Client]) -> httpx.Client:
    """Another client with the same key."""
    return http_to(server)


@pytest.fixture
def run(server: Embedded, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Run:
    """Run a command without a terminal."""
    monkeypatch.setenv("ANTHROPIC_BASE_URL", server.base_url)
    monkeypatch.setenv("ANTHROPIC_API_KEY", server.api_key)

    def run(*words: str | Path) -> Done:
        code = main(lambda _: 0, [str(word) for word in words])
        return Done(code, *capfd.readouterr())

    return run


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return write(tmp_path / "file.jsonl", (request(f"a-{n}") for n in range(10)))


def kept() -> list[Path]:
    """Return all drafts and stored requests."""
    return [path for folder in ("drafts", "requests") for path in Path.home().parent.glob(f"**/{folder}/*")]


def count(api: httpx.Client) -> int:
    return len(api.get("/batches", params={"limit": 100}).json()["data"])


def objects(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_create_reports_all_errors(run: Run, api: httpx.Client, tmp_path: Path) -> None:
    bad = write(tmp_path / "bad\x1b[2J.jsonl", [request("a"), request("b b"), {}, request("a")])
    done = run("create", bad, "--yes")
    assert (done.code, done.out) == (1, "")
    assert [line.split(".jsonl", 1)[1].split(":")[0] for line in done.err.splitlines()[:-1]] == [
        ", line 2 (b b)",
        ", line 3",
        ", line 3",
        ", line 4 (a)",
    ]
    assert done.err.splitlines()[-1].startswith("batchtui: 4 errors in ")
    assert "\x1b" not in done.err
    as_json = objects(run("create", bad, "--json", "--dry-run").out)
    assert [(fault["line"], fault["custom_id"]) for fault in as_json] == [
        (2, "b b"),
        (3, ""),
        (3, ""),
        (4, "a"),
    ]
    assert (count(api), kept()) == (0, [])


def test_dry_run_works_without_key(run: Run, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ANTHROPIC_API_KEY")
    done = run("create", file, "--dry-run", "--json")
    assert done.code == 0
    (plan,) = objects(done.out)
    # Haiku 4.5 in a batch: $0.50 a million tokens in, $2.50 out.
    assert plan == {
        "file": str(file),
        "requests": 10,
        "bytes": file.stat().st_size,
        "batches": 1,
        "models": [
            {
                "model": MODEL,
                "requests": 10,
                "input_tokens": 20,
                "max_input_tokens": 1220,  # 6 bytes of text, and what the API may add
                "max_output_tokens": 1000,
            }
        ],
        "input_usd": 0.00001,
        "max_usd": 0.00311,
        "is_bound": True,
    }
    assert "Estimated cost: " in done.err
    assert kept() == []


def test_create_needs_yes_without_terminal(run: Run, api: httpx.Client, file: Path) -> None:
    done = run("create", file)
    assert (done.code, done.out) == (2, "")
    assert done.err.splitlines()[-1] == "batchtui: There is no terminal to ask on: add --yes if you mean it."
    assert (count(api), kept()) == (0, [])


def test_duplicate_needs_allow_duplicate(run: Run, api: httpx.Client, file: Path) -> None:
    first = run("create", file, "--yes")
    refused = run("create", file, "--yes")
    assert (first.code, refused.code, refused.out) == (0, 1, "")
    assert first.out.strip() in refused.err
    assert "Add --allow-duplicate" in refused.err
    assert len(kept()) == 3  # one copy, its index and its receipt
    assert count(api) == 1
    assert run("create", file, "--yes", "--allow-duplicate", "--json").code == 0
    assert count(api) == 2


def test_dry_run_reports_duplicate(run: Run, api: httpx.Client, file: Path) -> None:
    assert "submitted" not in run("create", file, "--dry-run").err
    batch_id = run("create", file, "--yes").out.strip()
    dry, real = run("create", file, "--dry-run"), run("create", file, "--yes")
    assert (dry.code, real.code) == (0, 1)
    (said,) = (line for line in real.err.splitlines() if batch_id in line)
    assert said in dry.err.splitlines()
    assert count(api) == 1


def test_dry_run_without_key_skips_duplicate_check(
    run: Run, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("create", file, "--yes")
    monkeypatch.delenv("ANTHROPIC_API_KEY")
    done = run("create", file, "--dry-run")
    assert done.code == 0
    assert "Not checked for identical submissions: No API key" in done.err


def test_unrecorded_requests_need_allow_duplicate(run: Run, api: httpx.Client, file: Path) -> None:
    run("create", file, "--yes")
    for path in kept():
        if path.name.endswith(".receipt.json"):
            path.unlink()
            (path.parent.parent / "journal.db").unlink()
    refused = run("create", file, "--yes")
    assert (refused.code, refused.out) == (1, "")
    assert "may have been submitted" in refused.err
    assert "run `batchtui attach ID " in refused.err
    assert "Add --allow-duplicate" in refused.err
    assert count(api) == 1
    assert run("create", file, "--yes", "--again").code == 0
    assert count(api) == 2


@pytest.mark.parametrize("words", [("create", "FILE", "--yes"), ("resubmit", "msgbatch_1", "--yes")])
def test_read_only_session_refuses_first(
    run: Run, api: httpx.Client, tmp_path: Path, words: tuple[str, ...]
) -> None:
    bad = write(tmp_path / "bad", ["x"])
    done = run("--read-only", *(bad if word == "FILE" else word for word in words))
    assert (done.code, done.out) == (1, "")
    assert done.err == "batchtui: This is a read-only session: nothing is canceled, deleted or submitted.\n"
    assert (count(api), kept()) == (0, [])


def test_large_file_needs_split(
    run: Run, api: httpx.Client, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preparing, "MAX_REQUESTS", 4)
    refused = run("create", file, "--yes")
    assert refused.code == 1
    assert "Add --split to create 3 batches" in refused.err
    assert (count(api), kept()) == (0, [])

    done = run("create", file, "--yes", "--split", "--json")
    parts = objects(done.out)
    assert [(part["part"], part["requests"]) for part in parts] == [(1, 4), (2, 4), (3, 2)]
    assert run("watch", *(part["id"] for part in parts), "--interval", "0.1").code == 0
    merged = run("results", parts[1]["id"], "--merged")
    assert sorted(result["custom_id"] for result in objects(merged.out)) == [f"a-{n}" for n in range(10)]


@pytest.mark.parametrize(
    ("make", "code", "said"),
    [
        (Path.mkdir, 2, "is a directory"),
        (Path.touch, 1, "no requests"),
        (lambda path: None, 2, "does not exist"),
        (lambda path: path.write_bytes(b"\xff\xfe{\0"), 1, "the file is UTF-16; save it as UTF-8"),
    ],
)
def test_create_rejects_other_files(
    run: Run, tmp_path: Path, make: Callable[[Path], object], code: int, said: str
) -> None:
    make(tmp_path / "odd")
    done = run("create", tmp_path / "odd", "--yes")
    assert (done.code, done.out) == (code, "")
    assert said in done.err
    assert kept() == []


def test_unusable_data_folder_is_reported(
    run: Run, api: httpx.Client, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(file))
    done = run("create", file, "--yes")
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("batchtui: Cannot create the folder ")
    assert count(api) == 0


# Resubmitting


def test_resubmitted_results_are_merged(run: Run, api: httpx.Client, file: Path, tmp_path: Path) -> None:
    batch_id = run("create", file, "--yes").out.strip()
    assert run("watch", batch_id, "--interval", "0.1").code == 5
    dry = run("resubmit", batch_id, "--dry-run")
    assert (dry.code, sorted(dry.out.split()), count(api)) == (0, ["a-4", "a-9"], 1)
    picked = run("resubmit", batch_id, "--yes", "--custom-id", "a-4", "--json")
    child = objects(picked.out)[0]["id"]
    rest = run("resubmit", batch_id, "--yes").out.strip()
    nothing = run("resubmit", batch_id, "--yes")
    assert (nothing.code, nothing.out) == (1, "")
    assert f"Skipped 1 request already resubmitted as {child}." in nothing.err
    assert count(api) == 3
    assert run("watch", child, rest, "--interval", "0.1").code == 0

    output = tmp_path / "all.jsonl"
    for one in (batch_id, rest):
        done = run("results", one, "--merged", "-o", output)
        assert (done.code, done.err) == (0, f"10 results of 3 batches written to {output}.\n")
        results = objects(output.read_text())
        assert sorted(result["custom_id"] for result in results) == [f"a-{n}" for n in range(10)]
        assert {result["result"]["type"] for result in results} == {"succeeded"}
        output.unlink()
    assert run("results", batch_id, "--merged", "--outcome", "errored").out == ""
    assert len(objects(run("results", batch_id, "--merged", "--custom-id", "a-4").out)) == 1
    assert run("results", batch_id, "--merged", "--custom-id", "none").code == 1


def test_resubmit_needs_attached_requests(run: Run, api: httpx.Client, file: Path, tmp_path: Path) -> None:
    requests = [json.loads(line) for line in file.read_text().splitlines()]
    batch_id = api.post("/batches", json={"requests": requests}).json()["id"]
    assert run("watch", batch_id, "--interval", "0.1").code == 5
    missing = run("resubmit", batch_id, "--yes")
    assert (missing.code, missing.out) == (1, "")
    assert missing.err.startswith("2 custom_ids missing from the local store: a-")
    first = write(tmp_path / "first", requests[2:4])
    run("attach", batch_id, first)
    attached = run("attach", batch_id, write(tmp_path / "some", [*requests[2:], request("x")]))
    assert (attached.code, attached.out) == (0, f"{batch_id}  9 requests\n")
    assert attached.err.splitlines() == [
        f"Replaced {first}, which was attached before.",
        "2 custom_ids missing in the file: a-0, a-1",
        "1 custom_id not in the batch: x",
    ]
    assert run("resubmit", batch_id, "--yes", "--outcome", "errored").code == 0


def test_resubmit_skips_invalid_requests(run: Run, api: httpx.Client, tmp_path: Path) -> None:
    bad = [request("a"), request("b") | {"params": {"model": MODEL}}]
    batch_id = api.post("/batches", json={"requests": bad}).json()["id"]
    run("attach", batch_id, write(tmp_path / "bad", bad))
    assert run("watch", batch_id, "--interval", "0.1").code == 5
    left_out = run("resubmit", batch_id, "--yes")
    assert left_out.code == 1
    assert "  b: messages: Field required" in left_out.err
    assert "Add --requests FILE" in left_out.err
    refused = run("resubmit", batch_id, "--yes", "--include-invalid")
    assert refused.code == 1
    assert "(b): params.messages is missing" in refused.err
    assert count(api) == 1
    assert (
        run("resubmit", batch_id, "--yes", "--requests", write(tmp_path / "good", [request("b")])).code == 0
    )
    assert count(api) == 2


def test_resubmit_rejects_succeeded_outcome(run: Run) -> None:
    done = run("resubmit", "msgbatch_1", "--outcome", "succeeded")
    assert (done.code, done.err) == (
        2,
        "batchtui: Invalid --outcome succeeded: choose from errored, expired, canceled.\n",
    )


def test_create_confirms_and_shows_progress(server: Embedded, api: httpx.Client, tmp_path: Path) -> None:
    file = write(tmp_path / "file.jsonl", (request(f"a-{n}", "x" * 300) for n in range(2000)))
    words = ["-m", "batchtui", "--base-url", server.base_url, "create", str(file)]
    env = os.environ | {"ANTHROPIC_API_KEY": server.api_key}
    for answer, code, batches in (("", 1, 0), ("y", 0, 1)):
        terminal = pexpect.spawn(sys.executable, words, env=env, encoding="utf-8", dimensions=(24, 200))
        terminal.expect_exact("checked 2,000 requests")
        terminal.expect_exact("Submit 2,000 requests as 1 batch?")
        terminal.expect_exact("[y/N]")
        terminal.sendline(answer)
        terminal.expect_exact("kB sent" if answer else "Nothing was changed.")
        terminal.expect(pexpect.EOF)
        terminal.close()
        assert (terminal.exitstatus, count(api)) == (code, batches)


def test_resubmit_checks_custom_ids(run: Run, api: httpx.Client, file: Path) -> None:
    batch_id = run("create", file, "--yes").out.strip()
    run("watch", batch_id, "--interval", "0.1")
    wrong = run("resubmit", batch_id, "--custom-id", "a-4", "--custom-id", "nope", "--yes")
    assert (wrong.code, wrong.out) == (1, "")
    assert wrong.err.endswith(
        f'batchtui: No request with custom_id "nope" in {batch_id}. Nothing was sent.\n'
    )
    fine = run("resubmit", batch_id, "--custom-id", "a-0", "--yes")
    assert (fine.code, fine.err.splitlines()) == (
        1,
        ['Skipped "a-0": its outcome is succeeded.', "batchtui: Nothing to resubmit."],
    )
    assert count(api) == 1


def test_former_option_names_are_hidden_aliases(run: Run, api: httpx.Client, file: Path) -> None:
    batch_id = run("create", file, "--yes").out.strip()
    assert run("create", file, "--yes", "--again").code == 0
    assert count(api) == 2
    run("watch", batch_id, "--interval", "0.1")
    assert len(objects(run("results", batch_id, "--type", "errored").out)) == 2
    assert run("resubmit", batch_id, "--only", "canceled", "--yes").err.endswith("Nothing to resubmit.\n")
    assert run("resubmit", batch_id, "--only", "errored", "--yes").code == 0
    for command, former in (("create", "--again"), ("resubmit", "--only"), ("results", "--type")):
        assert f"{former} " not in run(command, "--help").out
