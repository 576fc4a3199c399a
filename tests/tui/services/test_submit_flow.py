"""Submitting from the screens, on sandboxes over real sockets."""

from __future__ import annotations

import asyncio
import gzip
import json
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from batchtui.sandbox import Embedded
from batchtui.submissions import Submissions
from batchtui.tui.app import BatchtuiApp
from batchtui.tui.dialogs.pick_file import FileTable, PickFile
from batchtui.tui.screens.results import ResultsScreen
from batchtui.tui.widgets.batch_table import BatchTable
from batchtui.tui.widgets.result_table import ResultTable
from tests.tui.driving import app_for, driven, screen_text, until, until_shown

Start = Callable[..., Embedded]
Http = Callable[[Embedded], httpx.Client]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with a file of ten requests and one with errors."""
    folder = tmp_path / "home"
    (folder / "evals").mkdir(parents=True)
    write(folder / "evals" / "run7.jsonl", [f"eval-{n}" for n in range(10)])
    write(folder / "broken.jsonl", ["eval 1", "eval-2", "eval-2"])
    monkeypatch.chdir(folder)
    monkeypatch.setenv("HOME", str(folder))
    return folder


def write(path: Path, custom_ids: list[str]) -> None:
    message = {"role": "user", "content": "Good evening."}
    params = {"model": "claude-sonnet-4-5", "max_tokens": 50, "messages": [message]}
    lines = (json.dumps({"custom_id": custom_id, "params": params}) + "\n" for custom_id in custom_ids)
    path.write_text("".join(lines), encoding="utf-8")


def sizes(client: httpx.Client) -> list[int]:
    """Return the sizes of all batches on the server, newest first."""
    data = client.get("/batches", params={"limit": 1000}).json()["data"]
    return [sum(batch["request_counts"].values()) for batch in data]


@asynccontextmanager
async def live(sandbox: Embedded, folder: Path, *, read_only: bool = False) -> AsyncIterator[Pilot[None]]:
    async with driven(app_for(sandbox, folder, read_only=read_only)) as pilot:
        await until_shown(pilot, "live")
        yield pilot


async def pick(pilot: Pilot[None], *names: str) -> None:
    """Open the file picker and type names."""
    await pilot.press("ctrl+n")
    await until(pilot, lambda: isinstance(pilot.app.screen, PickFile))
    for name in names:
        await pilot.press(*name, "enter")


async def confirm(pilot: Pilot[None], question: str) -> None:
    await until_shown(pilot, question)
    await pilot.press("right", "enter")


async def submit_ten(pilot: Pilot[None]) -> None:
    await pick(pilot, "eval", "run")
    await confirm(pilot, "Submit 10 requests?")
    await until_shown(pilot, "Submitted 10 requests")
    await until(pilot, lambda: current(pilot) == 10)


def current(pilot: Pilot[None]) -> int | None:
    """Return the number of requests of the batch under the cursor."""
    batch = pilot.app.screen.query_one(BatchTable).current
    return batch.counts.total if batch else None


async def test_submitted_batch_is_selected(
    home: Path, sandbox_with: Start, http_to: Http, tmp_path: Path
) -> None:
    sandbox = sandbox_with(batches=3, speed=0)
    before = sizes(http_to(sandbox))
    async with live(sandbox, tmp_path) as pilot:
        await submit_ten(pilot)
        await until_shown(pilot, "~/evals/run7.jsonl")
        await until_shown(pilot, "cost       at most $0.0057, an estimate")
    assert sizes(http_to(sandbox)) == [10, *before]


async def test_confirmation_defaults_to_no(
    home: Path, sandbox_with: Start, http_to: Http, tmp_path: Path
) -> None:
    sandbox = sandbox_with(batches=3, speed=0)
    before = sizes(http_to(sandbox))
    async with live(sandbox, tmp_path) as pilot:
        await pick(pilot, "eval", "run")
        await until_shown(pilot, "Submit 10 requests?")
        assert "about" in screen_text(pilot)
        await pilot.press("enter")
        await until(pilot, lambda: not pilot.app.screen.is_modal)
        app = pilot.app
        assert isinstance(app, BatchtuiApp)
        await until(pilot, lambda: not any(w.group == "submit" for w in app.workers))
    assert sizes(http_to(sandbox)) == before
    assert not list((tmp_path / "data").rglob("requests/*"))


async def test_duplicate_needs_typed_number(
    home: Path, sandbox_with: Start, http_to: Http, tmp_path: Path
) -> None:
    sandbox = sandbox_with(batches=0, speed=0)
    async with live(sandbox, tmp_path) as pilot:
        await submit_ten(pilot)
        await pick(pilot, "eval", "run")
        await until_shown(pilot, "Identical requests were submitted")
        assert "Type 10 to confirm" in screen_text(pilot)
        await pilot.press("right", "enter")
        await until_shown(pilot, "type 10 first")
        await pilot.press("escape")
        await until(pilot, lambda: not pilot.app.screen.is_modal)
    assert sizes(http_to(sandbox)) == [10]


async def test_file_errors_are_listed(home: Path, sandbox_with: Start, http_to: Http, tmp_path: Path) -> None:
    sandbox = sandbox_with(batches=0, speed=0)
    async with live(sandbox, tmp_path) as pilot:
        await pick(pilot, "broken")
        await until_shown(pilot, "line 3 (eval-2)")
        text = screen_text(pilot)
        assert "Nothing was sent" in text
        assert "line 1 (eval 1)" in text
    assert sizes(http_to(sandbox)) == []


@pytest.mark.parametrize("fault", ["drop-after-accept@create", "502-after-accept@create"])
async def test_lost_response_is_confirmed_when_batch_ends(
    home: Path, sandbox_with: Start, http_to: Http, tmp_path: Path, fault: str
) -> None:
    sandbox = sandbox_with(batches=3, speed=5, faults=(fault,))
    before = sizes(http_to(sandbox))
    async with live(sandbox, tmp_path) as pilot:
        await pick(pilot, "eval", "run")
        await confirm(pilot, "Submit 10 requests?")
        await until_shown(pilot, "Not confirmed.")
        await until_shown(pilot, "Batches  4")
        await pilot.press("g")
        await until_shown(pilot, "~/evals/run7.jsonl")  # once it has ended
    assert sizes(http_to(sandbox)) == [10, *before]


async def test_pending_batch_is_not_sent_again(
    home: Path, sandbox_with: Start, http_to: Http, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_seconds(monkeypatch, "lookup_delays", (0.0,))
    sandbox = sandbox_with(batches=0, speed=0, faults=("refuse@create",))
    for _ in range(2):
        async with live(sandbox, tmp_path) as pilot:
            await pick(pilot, "eval", "run")
            await confirm(pilot, "Submit 10 requests?")
            await until_shown(pilot, "may still appear on the server")
            assert "Run the command again after" in screen_text(pilot)
    assert sizes(http_to(sandbox)) == []


def set_seconds(monkeypatch: pytest.MonkeyPatch, name: str, value: object) -> None:
    defaults = Submissions.__init__.__kwdefaults__
    assert defaults
    monkeypatch.setitem(defaults, name, value)


async def test_group_is_resubmitted(home: Path, sandbox_with: Start, http_to: Http, tmp_path: Path) -> None:
    sandbox = sandbox_with(batches=0, speed=200, faults=("overload:5",))
    async with live(sandbox, tmp_path) as pilot:
        await submit_ten(pilot)
        await until_shown(pilot, "✓ ended")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, ResultsScreen))
        await until(pilot, lambda: pilot.app.screen.query_one(ResultTable).row_count == 10)
        await pilot.press("right")
        await until_shown(pilot, "Good evening.")
        await until_shown(pilot, "saved here")
        await pilot.press("space")  # what is marked does not matter to what is done to a group
        await pilot.press("e")
        await until_shown(pilot, "R: resubmit")
        await pilot.press("R")
        await until_shown(pilot, "This group of errors only.")
        await confirm(pilot, "Submit 2 requests again?")
        await until_shown(pilot, "Submitted 2 requests")
        await pilot.press("q")
        await until(pilot, lambda: not isinstance(pilot.app.screen, ResultsScreen) and current(pilot) == 2)
        await until_shown(pilot, "failed requests of")
        await pilot.press("j")
        await until_shown(pilot, "submitted again as")
    assert sizes(http_to(sandbox)) == [2, 10]


async def test_read_only_session_cannot_submit(home: Path, sandbox_with: Start, tmp_path: Path) -> None:
    sandbox = sandbox_with(batches=3, speed=0)
    async with live(sandbox, tmp_path, read_only=True) as pilot:
        await pilot.press("ctrl+n")
        await until_shown(pilot, "Read-only: submitting is off.")
        assert not isinstance(pilot.app.screen, PickFile)
        assert "ctrl+n" not in screen_text(pilot)


async def test_resubmit_needs_stored_requests(frozen_sandbox: Embedded, tmp_path: Path) -> None:
    async with live(frozen_sandbox, tmp_path) as pilot:
        table = pilot.app.screen.query_one(BatchTable)
        while table.current is None or table.current.counts.total != 10_000:
            await pilot.press("j")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, ResultsScreen))
        await pilot.press("R")
        await until_shown(pilot, "batchtui attach")


async def test_file_picker_navigates_folders(home: Path, sandbox_with: Start, tmp_path: Path) -> None:
    hostile = home / "evals" / "\x1b[31mred[x].jsonl"
    write(hostile, ["a"])
    async with live(sandbox_with(batches=0, speed=0), tmp_path) as pilot:
        await pick(pilot)
        table = pilot.app.screen.query_one(FileTable)
        assert [entry.name for entry in table.entries] == ["..", "evals", "broken.jsonl"]
        await pilot.press("down", "tab")
        await until(
            pilot, lambda: [entry.name for entry in table.entries][1:] == [hostile.name, "run7.jsonl"]
        )
        assert "␛[31mred[x].jsonl" in screen_text(pilot)
        await pilot.press("down", "enter")
        await until_shown(pilot, "Submit 1 request?")
        assert "\x1b" not in screen_text(pilot)


async def test_checking_is_shown_while_it_runs(home: Path, sandbox_with: Start, tmp_path: Path) -> None:
    slow = home / "evals" / "slow.jsonl"
    os.mkfifo(slow)  # it is checked until somebody writes
    async with live(sandbox_with(batches=0, speed=0), tmp_path) as pilot:
        await pick(pilot, "eval", "slow")
        await until_shown(pilot, "checking slow.jsonl")
        await asyncio.to_thread(write, slow, ["a"])
        await until_shown(pilot, "Submit 1 request?")
        assert "checking" not in screen_text(pilot)


async def test_typed_absolute_path_replaces_input(home: Path, sandbox_with: Start, tmp_path: Path) -> None:
    async with live(sandbox_with(batches=0, speed=0), tmp_path) as pilot:
        for typed in ("~/evals/run", f"{home}/evals/run"):
            await pick(pilot)
            await pilot.press(*typed)
            table = pilot.app.screen.query_one(FileTable)
            await until(pilot, lambda: [entry.name for entry in table.entries] == ["run7.jsonl"])  # noqa: B023
            assert pilot.app.screen.query_one(Input).value == typed
            await pilot.press("escape")


async def test_file_picker_lists_gzip_and_reports_missing(
    home: Path, sandbox_with: Start, tmp_path: Path
) -> None:
    plain = home / "evals" / "run7.jsonl"
    (home / "evals" / "packed.jsonl.gz").write_bytes(gzip.compress(plain.read_bytes()))
    (home / "evals" / "notes.txt").write_text("no requests")
    async with live(sandbox_with(batches=0, speed=0), tmp_path) as pilot:
        await pick(pilot)
        await pilot.press(*"evals/absent.jsonl", "enter")
        await until_shown(pilot, "Not found: ")
        assert ".gz files" in screen_text(pilot)
        await pilot.press("ctrl+u", *"evals/notes.txt")
        await until_shown(pilot, "Press enter to check notes.txt")
        await pilot.press("ctrl+u", *"evals/pack", "enter")
        await until_shown(pilot, "Submit 10 requests?")


async def test_unreadable_folder_is_reported(home: Path, sandbox_with: Start, tmp_path: Path) -> None:
    async with live(sandbox_with(batches=0, speed=0), tmp_path) as pilot:
        await pick(pilot)
        await pilot.press(*"nowhere/")
        await until_shown(pilot, "No such file or directory")
        await pilot.press("enter")
        assert isinstance(pilot.app.screen, PickFile)
        await pilot.press("escape")
        await until(pilot, lambda: not pilot.app.screen.is_modal)


async def test_refused_create_clears_progress(
    home: Path, sandbox_with: Start, http_to: Http, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_seconds(monkeypatch, "retry_delays", (0.5,))
    sandbox = sandbox_with(batches=0, speed=0, faults=("429@create",))
    async with live(sandbox, tmp_path) as pilot:
        await pick(pilot, "eval", "run")
        await confirm(pilot, "Submit 10 requests?")
        await until_shown(pilot, "Retrying in 1 s.")
        await until_shown(pilot, "was not created")
        assert "will retry" not in screen_text(pilot)
        assert "sending" not in screen_text(pilot)
    assert sizes(http_to(sandbox)) == []
    assert not list((tmp_path / "data").rglob("requests/*"))


async def test_quit_during_retry_sends_nothing(
    home: Path, sandbox_with: Start, http_to: Http, tmp_path: Path
) -> None:
    sandbox = sandbox_with(batches=0, speed=0, faults=("529@create",))
    async with live(sandbox, tmp_path) as pilot:
        await pick(pilot, "eval", "run")
        await confirm(pilot, "Submit 10 requests?")
        await until_shown(pilot, "will retry")
    assert sizes(http_to(sandbox)) == []
    assert not list((tmp_path / "data").rglob("requests/*"))
