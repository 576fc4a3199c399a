"""A terminal that changes its size again and again while keys are pressed and batches run."""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import partial

import pytest

from batchtui.sandbox import Embedded
from tests.e2e.conftest import Start
from tests.e2e.output import read_output
from tests.e2e.terminal import COLUMNS, ROWS, Terminal

EVERY_SECOND = "poll_list = 1\npoll_selected = 1\n"
SIZES = [(5, 3), (1, 1), (40, 10), (80, 24), (109, 17), (110, 18), (200, 60), (79, 40), (12, 50), (300, 4)]
OLD = 10
"""So far down the list, ages move by the hour."""
ALL = 150
"""Batches that the sandbox has."""
ESC = "\x1b[27u"
KEYS = ["j", "k", "\t", f"/x{ESC}", "\x06", "\x02", " ", "*", "?q", "sq", ESC, f"\r{ESC}{ESC}", f":{ESC}"]


def on_an_old_batch(terminal: Terminal) -> None:
    """Leaves whatever is open, and goes to a batch in the list that ended hours ago."""
    terminal.type(ESC * 6 + f"/{ESC}G")
    terminal.until_shown(f"Batches  {ALL} ")
    # A list that was smaller when the cursor moved stays scrolled when it grows.
    terminal.until(partial(fills, terminal), "a frame of the terminal's size")
    terminal.type("g" + "j" * OLD)


@pytest.mark.parametrize(("size", "seed"), [((COLUMNS, ROWS), 0), ((80, 24), 1), ((40, 10), 1)], ids=str)
def test_after_a_storm_it_answers_and_fills_the_terminal(
    sandbox_with: Callable[..., Embedded], start: Start, size: tuple[int, int], seed: int
) -> None:
    sandbox, chance = sandbox_with(speed=1), random.Random(seed)
    stormy, fresh = (start(sandbox.base_url, key=sandbox.api_key, config=EVERY_SECOND) for _ in range(2))
    stormy.until_shown("live")
    for _ in range(60):
        stormy.resize(*chance.choice(SIZES))
        stormy.type(chance.choice(KEYS))
        stormy.read(chance.choice([0, 0, 0.005, 0.02]))
    stormy.resize(*size)
    fresh.resize(*size)
    fresh.until_shown("live")
    for terminal in (stormy, fresh):
        on_an_old_batch(terminal)
        terminal.until_shown("▸")
    read_output(bytes(stormy.raw))


def fills(terminal: Terminal) -> bool:
    """Whether the screen was drawn at the size that the terminal has now."""
    first, *_, last, _ = (line.rstrip() for line in terminal.lines[1:])
    return first.endswith("╮") and last.endswith("╯") and len(first) == len(last) == len(terminal.lines[0])


def test_ctrl_l_repaints_everything_also_under_a_dialog(
    sandbox_with: Callable[..., Embedded], start: Start
) -> None:
    sandbox = sandbox_with(speed=0)
    terminal = start(sandbox.base_url, key=sandbox.api_key)
    terminal.until_shown("live", "q quit")
    repainted_by_ctrl_l(terminal, b"quit")
    terminal.type("?")
    terminal.until_shown("esc close")
    repainted_by_ctrl_l(terminal, b"close")


def repainted_by_ctrl_l(terminal: Terminal, bottom: bytes) -> None:
    del terminal.raw[:]
    terminal.type("\x0c")
    terminal.until(lambda: b"batchtui" in terminal.raw and bottom in terminal.raw, "a whole screen")
