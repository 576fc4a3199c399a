"""No screen and no dialog lets a server, a file or a profile write to the terminal or act in the app."""

from __future__ import annotations

import asyncio
import itertools
import json
import time
from pathlib import Path

import pytest

from batchtui.config import Credentials, Profile, Secret, data_dir
from batchtui.workspace import Workspace
from tests.e2e.conftest import Start
from tests.e2e.hostile_server import (
    ATTACKS,
    CANCELABLE,
    IN_RESULTS,
    MARKUP,
    OPENABLE,
    REQUESTS,
    RUNNING,
    HostileServer,
)
from tests.e2e.output import Output, read_output
from tests.e2e.terminal import Terminal

TOAST = "▌"
"""The left edge of a toast."""
BETWEEN_TRIES = 0.2
"""Seconds after which a key or a click that did nothing is tried again."""
NOTHING_ELSE = Output()
"""What reaches the terminal unasked: no clipboard, no notification, no bell."""
PASTED = "[@click=app.quit]PWN[/] [/x]\u202e\u200b\U000e0050\x9b4747m"


@pytest.fixture(autouse=True)
def browser(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stands in for the person's browser: leaves a file behind if it is ever started."""
    script, opened = tmp_path / "browser", tmp_path / "opened"
    script.write_text(f"#!/bin/sh\necho \"$@\" >> '{opened}'\n", encoding="utf-8")
    script.chmod(0o700)
    monkeypatch.setenv("BROWSER", f"{script} %s")
    return opened


def opened(start: Start, hostile: HostileServer, *words: str, config: str = "") -> Terminal:
    terminal = start(hostile.url, *words, config=config)
    terminal.until_shown("live")
    return terminal


def opened_results(start: Start, hostile: HostileServer) -> Terminal:
    terminal = opened(start, hostile)
    open_results(terminal)
    return terminal


def open_results(terminal: Terminal) -> None:
    terminal.type("jj")
    terminal.until_shown(f"{OPENABLE} ─")
    terminal.type("\r")
    terminal.until_shown("saved here", "~0a  Reply")


def left(terminal: Terminal) -> Output:
    """Leaves the app from any screen, and answers what else than text it sent."""
    terminal.until_gone(TOAST)
    terminal.type("?")
    terminal.until_shown("esc close")  # everything typed before is done, and the app still answers
    close(terminal, "esc close")
    terminal.until_shown("? help")
    terminal.type("q")
    if "› results" in terminal.shown:
        terminal.until_gone("› results")
        terminal.type("q")
    assert terminal.until_ended() == 0, terminal.shown
    return read_output(bytes(terminal.raw))


def close(terminal: Terminal, sign: str) -> None:
    """Leaves a dialog that is known by a sign, by escape."""
    terminal.type("\x1b[27u")  # a bare one waits for what follows, and may take the next key with it
    terminal.until_gone(sign)


def search(terminal: Terminal, text: str) -> None:
    """Pastes a text into the filter, instead of what is there."""
    terminal.type("/")
    terminal.until(lambda: terminal.lines[38].startswith(" /"), "the filter")
    if terminal.lines[38].strip() != "/":
        terminal.type("\x15")
        terminal.until(lambda: terminal.lines[38].strip() == "/", "an empty filter")
    terminal.paste(text)
    terminal.until(lambda: terminal.lines[38].strip() != "/", "the filter's text")
    terminal.type("\r")
    terminal.until(lambda: not terminal.lines[38].startswith(" /"), "the filter to close")


def confirm_cancel(terminal: Terminal) -> None:
    terminal.type("c")
    terminal.until_shown("will be canceled", "▸[ No ]")
    terminal.type("\x1b[C")
    terminal.until_shown("▸[ Cancel it ]")
    terminal.type("\r")
    terminal.until_gone("will be canceled")


def dismiss_toasts(terminal: Terminal) -> None:
    """Clicks toasts away, at their right end: what lies below has nothing to click there."""

    def are_gone() -> bool:
        with_toast = [y for y, line in enumerate(terminal.lines, 1) if TOAST in line]
        if with_toast:
            terminal.click_at(116, with_toast[0])
        return not with_toast

    terminal.until(are_gone, "the toasts to go")


def ask_again(terminal: Terminal, hostile: HostileServer) -> None:
    """Refreshes until the server has been asked; `r` during a call is answered by that call."""
    before, typed_at = len(hostile.asked), 0.0

    def asked() -> bool:
        nonlocal typed_at
        if time.monotonic() - typed_at > BETWEEN_TRIES:
            terminal.type("r")
            typed_at = time.monotonic()
        return len(hostile.asked) > before

    terminal.until(asked, "a call")


def test_every_batch_in_detail(start: Start, hostile: HostileServer) -> None:
    terminal = opened(start, hostile)
    terminal.type("jj")
    for number in range(len(ATTACKS)):
        for sign in (f"~{number:02} ─", f"status{number:02} ─"):
            terminal.type("j")
            terminal.until_shown(sign)
    assert left(terminal) == NOTHING_ELSE


@pytest.mark.parametrize("theme", ["light", "ansi"])
def test_the_other_themes(theme: str, start: Start, hostile: HostileServer, browser: Path) -> None:
    terminal = opened(start, hostile, config=f'theme = "{theme}"')
    terminal.type("G")
    terminal.until_shown(f"status{len(ATTACKS) - 1:02} ─")
    for text in ("@click", "<a href", "&#x202e", "PWN"):
        terminal.click(text)
    for _ in range(3):
        terminal.type("t")
    assert left(terminal) == NOTHING_ELSE
    assert not browser.exists()


def test_filter_marks_and_orders(start: Start, hostile: HostileServer) -> None:
    terminal = opened(start, hostile)
    search(terminal, PASTED)
    terminal.until_shown("No matches", "/[@click")
    close(terminal, "/[@click")
    terminal.type("*")
    terminal.until_shown(f"{2 * len(ATTACKS) + 3} marked")
    terminal.type("s")
    terminal.until_shown("running first")
    terminal.type("j\r")
    terminal.until_gone("running first")
    terminal.until_shown("oldest first")
    assert left(terminal) == NOTHING_ELSE


def test_dialogs_and_the_words_of_a_refusal(start: Start, hostile: HostileServer) -> None:
    terminal = opened(start, hostile)
    terminal.type("j")
    terminal.until_shown(f"{CANCELABLE} ─")
    hostile.refuses, hostile.statuses = True, itertools.cycle((400, 429, 500))
    for _ in range(4):
        confirm_cancel(terminal)
        terminal.until_shown(TOAST)
    hostile.refuses = False
    ask_again(terminal, hostile)
    terminal.until_gone(TOAST)
    terminal.type("j")
    terminal.until_shown(f"{OPENABLE} ─")
    terminal.type("d")
    terminal.until_shown("for good?", "Type 1")
    terminal.click("for good?")
    terminal.type("1")
    terminal.until_shown(": 1▏")
    terminal.type("\x1b[C")
    terminal.until_shown("▸[ Delete it ]")
    terminal.type("\r")
    terminal.until_shown(TOAST)
    assert left(terminal) == NOTHING_ELSE


def test_a_server_that_fails_in_every_way(start: Start, hostile: HostileServer) -> None:
    terminal = opened(start, hostile)
    hostile.refuses = True
    for _ in ATTACKS:
        ask_again(terminal, hostile)
        terminal.until_shown(TOAST)
        dismiss_toasts(terminal)
    hostile.refuses = False
    ask_again(terminal, hostile)
    terminal.until_shown("live")
    dismiss_toasts(terminal)
    terminal.type("L")
    terminal.until_shown("newest first", "[@click=app.quit]", "GET")
    terminal.click("[@click=app.quit]")
    terminal.type("G")
    close(terminal, "newest first")
    assert left(terminal) == NOTHING_ELSE


def test_many_refusals_at_once_leave_no_trace(start: Start, hostile: HostileServer) -> None:
    terminal = opened(start, hostile)
    hostile.refuses = True
    for _ in range(15):
        ask_again(terminal, hostile)
    terminal.until_shown(TOAST)
    hostile.refuses = False
    ask_again(terminal, hostile)
    terminal.until_gone(TOAST)
    terminal.until_shown("live")
    assert left(terminal) == NOTHING_ELSE


def test_the_palette(start: Start, hostile: HostileServer) -> None:
    terminal = opened(start, hostile)
    terminal.type(":")
    terminal.until_shown("cancel the batch")
    terminal.paste(PASTED)
    terminal.until_gone("cancel the batch")
    terminal.until_shown("PWN[/]")
    close(terminal, "PWN[/]")
    assert left(terminal) == NOTHING_ELSE


@pytest.mark.parametrize("turns", range(4), ids=["Reply", "JSON", "Raw", "Usage"])
def test_every_result_in_every_view(turns: int, start: Start, hostile: HostileServer) -> None:
    terminal = opened_results(start, hostile)
    terminal.type("l" * turns)
    for number in range(len(IN_RESULTS)):
        for kind in "abc":
            terminal.until_shown(f"~{number}{kind}  Reply")
            terminal.type("]")
    terminal.until_shown("long  Reply")
    terminal.type("]]")
    assert left(terminal) == NOTHING_ELSE


def test_thinking_unfolded_whole_and_clicked(start: Start, hostile: HostileServer, browser: Path) -> None:
    terminal = opened_results(start, hostile)
    for number in range(len(IN_RESULTS)):
        terminal.until_shown(f"~{number}a  Reply")
        terminal.type("z")
        for text in ("click", "http", "href", "PWN"):
            if text in "".join(line[60:] for line in terminal.lines):
                terminal.click(text, left=60)
        terminal.type("a]]]")
    assert left(terminal) == NOTHING_ELSE
    assert not browser.exists()


def test_groups_orders_and_search_of_results(start: Start, hostile: HostileServer) -> None:
    terminal = opened_results(start, hostile)
    terminal.type("s")
    terminal.until_shown("Order by", "tokens in")
    terminal.type("j\r")
    terminal.until_shown("by custom_id")
    search(terminal, "PWN")
    terminal.until_shown("/PWN")
    terminal.type("nnnnnnnNNN")
    search(terminal, PASTED)
    terminal.until_shown("No matches")
    close(terminal, "/[@click")
    terminal.type("e")
    terminal.until_shown("requests failed", "PWN")
    terminal.type("jjj\r")
    terminal.until_gone("requests failed")
    terminal.until_shown(f" of {REQUESTS + 2} ")
    assert left(terminal) == NOTHING_ELSE


def test_files_of_requests(
    start: Start, hostile: HostileServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "\x9b4747m[@click=app.quit]PWN[bold"
    folder.mkdir()
    monkeypatch.chdir(folder)
    for number, attack in enumerate(ATTACKS):
        name = "".join(letter for letter in attack if letter not in "/\0")[:40]
        folder.joinpath(f"{number}{name}.jsonl").write_text("{}", encoding="utf-8")
    write_requests(folder / "good.jsonl", [f"r{number}" for number in range(len(ATTACKS))], role="user")
    write_requests(folder / "faulty.jsonl", IN_RESULTS)
    terminal = opened(start, hostile)
    terminal.type("\x0e")
    terminal.until_shown("Submit which file", "PWN")
    terminal.type("\x1b[B" * len(ATTACKS))
    terminal.type("good")
    terminal.until(lambda: terminal.shown.count(".jsonl") == 1, "one file")
    terminal.type("\r")
    terminal.until_shown(f"Submit {len(ATTACKS)} requests?", "PWN")
    terminal.until_shown("▸[ No ]")
    close(terminal, "[ No ]")
    terminal.type("\x0efaulty\r")
    terminal.until_shown("Nothing was sent", "must be 1 to 64", "esc close")
    terminal.type("\x1b[6~" * 9)
    close(terminal, "esc close")
    assert left(terminal) == NOTHING_ELSE


def test_every_request_beside_its_result(start: Start, hostile: HostileServer, tmp_path: Path) -> None:
    ids = [json.loads(line)["custom_id"] for line in hostile.results.splitlines()[:-2]]
    file = tmp_path / "requests.jsonl"
    write_requests(file, ids)
    profile = Profile("default", hostile.url, Credentials(Secret("sk-test"), "key"))
    workspace = Workspace(profile, tmp_path / "cache", data_dir())
    workspace.submissions.attach(OPENABLE, file, requests=len(ids))
    asyncio.run(workspace.aclose())
    terminal = opened_results(start, hostile)
    terminal.type("l")
    for number in range(len(IN_RESULTS)):
        terminal.until_shown(f"~{number}a  Reply", "▏ system")
        terminal.type("]]]")
    assert left(terminal) == NOTHING_ELSE


def write_requests(path: Path, custom_ids: list[str], *, role: str = ATTACKS[0]) -> None:
    """Requests that are made of attacks."""
    with path.open("w", encoding="utf-8") as file:
        for custom_id, attack in zip(custom_ids, itertools.cycle(ATTACKS), strict=False):
            messages = [
                {
                    "role": role,
                    "content": [{"type": "text", "text": attack}, {"type": attack, attack: attack}],
                }
            ]
            params = {"model": attack, "max_tokens": 5, "system": attack, "messages": messages}
            json.dump({"custom_id": custom_id, "params": params | {attack: attack}}, file)
            file.write("\n")


def test_names_of_files(
    start: Start, hostile: HostileServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "[@click=app.quit]PWN[bold"
    folder.mkdir()
    monkeypatch.chdir(folder)
    terminal = opened_results(start, hostile)
    for name, told in (
        ("no\u202esuch\u200b[/bold]PWN/[bold", "must end in"),
        ("\u202e\x9b4747mPWN[/x]PWN/[bold.csv", "There is no folder"),
        ("\u202e\u200b\U000e0050[link=x]PWN[bold.csv", "written to"),
    ):
        terminal.type("w")
        terminal.until_shown("to which file?", "plain.jsonl")
        terminal.type("\x15")
        terminal.until_gone("plain.jsonl")
        terminal.paste(name)
        terminal.until_shown("[bold")
        terminal.type("\r")
        terminal.until_shown(told)
        if told != "written to":
            close(terminal, "to which file?")
    assert [path.suffix for path in folder.iterdir()] == [".csv"]
    assert left(terminal) == NOTHING_ELSE


def test_copying_is_the_only_way_to_the_clipboard(start: Start, hostile: HostileServer) -> None:
    terminal = opened(start, hostile)
    terminal.type("y")
    terminal.until_shown("Copied msgbatch_PWN")
    open_results(terminal)
    for key, told in (("y", "Copied the custom_id"), ("Y", "Copied the JSON"), ("\x19", "Copied the reply")):
        terminal.type(key)
        terminal.until_shown(told)
    output = left(terminal)
    assert output.copies[:2] == [RUNNING, f"0a{IN_RESULTS[0]}~0a"]
    assert json.loads(output.copies[2])["custom_id"] == f"0a{IN_RESULTS[0]}~0a"
    assert output.copies[3] == f"{IN_RESULTS[0]}\n\n{IN_RESULTS[0]}"
    assert (len(output.copies), output.bells, output.notices) == (4, 0, [])


def test_the_end_of_a_batch_rings_once_and_names_it_harmlessly(start: Start, hostile: HostileServer) -> None:
    terminal = opened(start, hostile, config="notify_osc9 = true\npoll_selected = 1\npoll_list = 1")
    terminal.type("j")
    terminal.until_shown(f"{CANCELABLE} ─")
    confirm_cancel(terminal)
    terminal.until_shown("has ended")
    output = left(terminal)
    assert (output.copies, output.bells, len(output.notices)) == ([], 1, 1)
    assert "4747mrun has ended" in output.notices[0]


def test_names_of_profiles(start: Start, hostile: HostileServer) -> None:
    names = [attack for attack in ATTACKS if len(attack) < 100]
    tables = "".join(f"[profiles.{_toml(name)}]\nread_only = true\n" for name in names)
    terminal = opened(start, hostile, config=f"profile = {_toml(names[0])}\n{tables}")
    terminal.until_shown("␛[4747mPWN ·", "READ-ONLY")
    terminal.type("p")
    terminal.until_shown("Switch profile", "␛]2;PWN␛\\")
    terminal.type("G")
    terminal.type("\r")
    terminal.until_shown("batchtui  ```␛]0;PWN␇", "live")
    assert left(terminal) == NOTHING_ELSE


def test_last_words_on_stderr(start: Start, hostile: HostileServer) -> None:
    for status in (401, 500):
        hostile.refuses, hostile.statuses = True, itertools.repeat(status)
        terminal = start(hostile.url)
        if status == 500:
            terminal.until_shown("offline")
            terminal.type("q")
        code = terminal.until_ended()
        assert (code, "Traceback" in terminal.shown) == (3 if status == 401 else 0, False), terminal.shown
        assert read_output(bytes(terminal.raw)) == NOTHING_ELSE


def _toml(name: str) -> str:
    return json.dumps(name, ensure_ascii=False).replace("\x7f", "\\u007f")


def test_the_attacks_would_be_noticed() -> None:
    """The reader of outputs is no paper tiger."""
    for attack in (a for a in ATTACKS if not a.isprintable() and a not in MARKUP):
        with pytest.raises(AssertionError):
            assert read_output(attack.encode()) == NOTHING_ELSE
