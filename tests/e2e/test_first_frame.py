"""The frame before Textual: a stand-in for the package holds its import up, and then steps aside or fails."""

from __future__ import annotations

import os
import re
import signal
import socket
import sys
import termios
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pexpect
import pytest

from batchtui.cache import CACHE_FILE, Batch, BatchCache, Counts
from batchtui.config import Credentials, Profile, Secret, private_dir
from batchtui.tui.format.layout import room_in
from tests.e2e.conftest import TERM
from tests.e2e.output import read_output
from tests.e2e.terminal import COLUMNS, ROWS, Terminal, running

BATCHES = 60
DAY = 86_400.0
HOSTILE_ID = "msgbatch_\x1b[31m\x9b2J\x1b]52;c;aGk=\x07\u202eevil\r\n\x00end"
STAND_IN = """
import importlib, os, sys
with open(os.environ["GATE"]) as gate:
    if gate.read() == "fail":
        raise RuntimeError("no Textual today")
sys.path.remove(os.path.dirname(os.path.dirname(__file__)))
del sys.modules["textual"]
importlib.import_module("textual")
"""
COLOURS = re.compile(rb"\x1b\[[0-9;]*m")


class Held:
    """An app whose import of Textual waits at a gate."""

    def __init__(self, terminal: Terminal, gate: Path) -> None:
        self.terminal = terminal
        self._gate = gate

    def go_on(self, how: str = "") -> None:
        self._gate.write_text(how, encoding="utf-8")


Hold = Callable[..., Held]


@pytest.fixture
def base_url() -> Iterator[str]:
    """A server that never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


@pytest.fixture
def hold(base_url: str, tmp_path: Path) -> Iterator[Hold]:
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    package = tmp_path / "stand-in" / "textual"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text(STAND_IN, encoding="utf-8")
    fill(Profile("default", base_url, Credentials(Secret("sk-test"), "key")), tmp_path / "cache")
    with ExitStack() as stack:

        def start(*, columns: int = COLUMNS, rows: int = ROWS, **more: str) -> Held:
            env = os.environ | {"ANTHROPIC_BASE_URL": base_url, "ANTHROPIC_API_KEY": "sk-test"}
            env |= {"PYTHONPATH": str(package.parent), "GATE": str(gate), "LANG": "C.UTF-8", "TERM": TERM}
            command = ["/usr/bin/env", *(f"{name}={value}" for name, value in more.items()), sys.executable]
            command += ["-m", "batchtui", "--cache-dir", str(tmp_path / "cache")]
            return Held(stack.enter_context(running(command, env, columns, rows)), gate)

        yield start


def fill(profile: Profile, cache: Path) -> None:
    ids = [HOSTILE_ID, *(f"msgbatch_{n:020d}" for n in range(BATCHES - 1))]
    with closing(BatchCache(private_dir(cache / profile.workspace_digest) / CACHE_FILE)) as batches:
        batches.store([(ended(batch_id, days=2.5 + n), "{}") for n, batch_id in enumerate(ids)])


def ended(batch_id: str, *, days: float) -> Batch:
    now = time.time()
    return Batch(
        id=batch_id,
        status="ended",
        counts=Counts(0, 1200, 34, 0, 0),
        created_at=now - days * DAY,
        expires_at=now,
        ended_at=now,
        cancel_initiated_at=None,
        archived_at=None,
        has_results_url=True,
        seen_at=now,
    )


def until_framed(terminal: Terminal) -> list[str]:
    """Waits for the whole frame, of which the last line is the last to come; answers its lines."""
    last = f"\x1b[{len(terminal.lines)};1H".encode() + b" " * len(terminal.lines[0])
    terminal.until(lambda: last in terminal.raw, "the frame")
    return terminal.lines


@pytest.mark.parametrize(("columns", "rows"), [(120, 40), (80, 24), (40, 10), (200, 60)])
def test_textual_paints_over_it_and_nothing_moves(hold: Hold, columns: int, rows: int) -> None:
    held = hold(columns=columns, rows=rows)
    framed = until_framed(held.terminal)
    assert "Batches  60+" in framed[1]
    assert "▸" in framed[3]
    held.go_on()
    held.terminal.until_shown("q quit")
    shown = held.terminal.lines
    room = room_in(columns, rows)
    assert framed[0] == shown[0]
    assert [line[: room.columns] for line in framed[1 : 1 + room.rows]] == [
        line[: room.columns] for line in shown[1 : 1 + room.rows]
    ]
    assert held.terminal.raw.count(b"\x1b[?1049h") == 1


def test_keys_typed_meanwhile_are_neither_echoed_nor_lost(hold: Hold) -> None:
    held = hold()
    until_framed(held.terminal)
    framed = bytes(held.terminal.raw)
    held.terminal.type("jj?")
    held.go_on()
    held.terminal.until_shown("esc close")
    after = bytes(held.terminal.raw[len(framed) :])
    assert after.startswith(b"\x1b")
    held.terminal.type("\x1b")
    held.terminal.until(lambda: "▸" in held.terminal.lines[5], "the cursor two rows down")


def test_a_hostile_id_is_shown_and_not_obeyed(hold: Hold) -> None:
    held = hold()
    framed = until_framed(held.terminal)
    assert "end" in framed[3]
    output = read_output(bytes(held.terminal.raw))
    assert output.copies == []
    assert output.bells == 0


def test_no_color_has_none(hold: Hold) -> None:
    held = hold(NO_COLOR="1")
    until_framed(held.terminal)
    assert COLOURS.search(bytes(held.terminal.raw)) is None


@pytest.mark.parametrize(
    "env",
    [{"ANTHROPIC_API_KEY": "sk-another"}, {"TERM": "unknown"}],
    ids=["nothing cached", "an unknown terminal"],
)
def test_no_frame(hold: Hold, env: dict[str, str]) -> None:
    held = hold(**env)
    held.go_on("fail")
    held.terminal.until_shown("batchtui: Bug: ")
    assert b"\x1b[?1049h" not in held.terminal.raw


def end_by_failing(held: Held) -> None:
    held.go_on("fail")


def end_by_ctrl_c(held: Held) -> None:
    held.terminal.type("\x03")


def end_by_sigterm(held: Held) -> None:
    held.terminal.child.kill(signal.SIGTERM)


def end_by_sighup(held: Held) -> None:
    held.terminal.child.kill(signal.SIGHUP)


@pytest.mark.parametrize(
    ("end", "code"),
    [(end_by_failing, 1), (end_by_ctrl_c, 130), (end_by_sigterm, 143), (end_by_sighup, 129)],
    ids=["failure", "ctrl+c", "SIGTERM", "SIGHUP"],
)
def test_a_start_that_ends_early_leaves_the_terminal_as_it_was(
    hold: Hold, end: Callable[[Held], None], code: int
) -> None:
    held = hold()
    child = held.terminal.child
    until_framed(held.terminal)
    assert not termios.tcgetattr(child.fileno())[3] & termios.ECHO
    end(held)
    child.expect(pexpect.EOF)
    assert termios.tcgetattr(child.fileno())[3] & (termios.ECHO | termios.ICANON | termios.ISIG) == (
        termios.ECHO | termios.ICANON | termios.ISIG
    )
    assert b"\x1b[?1049l\x1b[?25h" in child.before
    child.close()
    assert child.exitstatus == code
