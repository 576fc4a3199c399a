"""Keys that arrive all at once, as over a slow line: each acts on what the one before it has led to."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from batchtui.sandbox import Embedded
from tests.e2e.conftest import Start
from tests.e2e.terminal import Terminal

BATCHES = 30
TAB, ENTER, ESC = "\t", "\r", "\x1b[27u"
"""Keys as a terminal sends them; escape as in the keyboard protocol, so that what follows cannot join it."""


@pytest.fixture
def own(sandbox_with: Callable[..., Embedded]) -> Embedded:
    return sandbox_with(batches=BATCHES, speed=0)


@pytest.fixture
def terminal(own: Embedded, start: Start) -> Terminal:
    """The app on batches of which the newest runs."""
    terminal = start(own.base_url, key=own.api_key)
    terminal.until_shown("live", "● in progress", "c cancel")
    return terminal


def title(terminal: Terminal) -> str:
    return terminal.lines[1]


def test_a_filter(terminal: Terminal) -> None:
    terminal.type(f"/ended{ENTER}j")
    terminal.until(lambda: "/ended " in title(terminal), "the filter")
    terminal.until(lambda: terminal.lines[4].startswith("│▸"), "the cursor in the list again")
    assert "Delete" not in terminal.shown


def test_a_filter_taken_back_and_another_one(terminal: Terminal) -> None:
    terminal.type(f"G/ended{ESC}/canceling{ENTER}")
    terminal.until(lambda: "/canceling " in title(terminal), "the other filter")
    assert "1 of 30" in title(terminal)


def test_what_is_pasted_into_the_filter(terminal: Terminal) -> None:
    terminal.type(f"/st\x1b[200~atus:\x1b[201~ended{ENTER}")
    terminal.until(lambda: "/status:ended " in title(terminal), "the filter")


def test_an_order_and_a_filter(terminal: Terminal) -> None:
    terminal.type(f"sj{ENTER}/ended{ENTER}")
    terminal.until(lambda: "oldest first" in title(terminal) and "/ended " in title(terminal), "both")


def test_a_command_by_its_name(terminal: Terminal) -> None:
    terminal.type(":sort")
    terminal.until_shown("order by age, requests, errors")


def test_a_question_is_answered_and_keys_after_it_are_for_the_list(terminal: Terminal) -> None:
    terminal.type(f"c{ENTER}jcn/ended{ENTER}")
    terminal.until(lambda: "/ended " in title(terminal), "the filter")
    assert "Cancel " not in terminal.shown


def test_letters_never_act_below_a_question(terminal: Terminal) -> None:
    terminal.type("cdsoq/")
    terminal.until_shown("Cancel …", "[ No ]")
    terminal.type(f"{ESC}/x")
    terminal.until(lambda: "/x " in title(terminal), "the filter")


def test_the_number_that_a_deletion_wants(terminal: Terminal) -> None:
    terminal.type(f"/status:ended{ENTER}d1{TAB}{ENTER}")
    terminal.until_shown("Deleted")


def test_results_and_a_search_in_them(terminal: Terminal) -> None:
    terminal.type(f"/status:ended{ENTER}{ENTER}/the{ENTER}")
    terminal.until_shown("› results", "  /the")


def test_the_name_of_a_file(terminal: Terminal, tmp_path: Path) -> None:
    path = tmp_path / "written.jsonl"
    terminal.type(f"/status:ended{ENTER}{ENTER}w\x15{path}{ENTER}")
    terminal.until_shown("written to")
    assert path.read_bytes().count(b"\n") > 1


def test_escape_and_the_next_key_in_one_piece_are_two_keys(terminal: Terminal) -> None:
    terminal.type("?")
    terminal.until_shown("esc close")
    terminal.type("\x1bj")
    terminal.until_gone("esc close")
    terminal.until(lambda: terminal.lines[4].startswith("│▸"), "j to move the cursor")
    terminal.type("?")
    terminal.until_shown("esc close")
    terminal.type("\x1b/x\r")
    terminal.until(lambda: "/x " in title(terminal), "the filter")
