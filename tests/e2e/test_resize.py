"""A terminal that changes its size again and again while keys are pressed and batches run."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from contextlib import nullcontext, suppress
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


def shape(terminal: Terminal) -> list[str]:
    """What is on the screen, whatever its numbers are by now."""
    return [re.sub(r"[\s█░▏▎▍▌▋▊▉]+", " ", re.sub(r"[\d,]+[smhd]?|·", "0", line)) for line in terminal.lines]


def on_an_old_batch(terminal: Terminal) -> None:
    """Leaves whatever is open, and goes to a batch in the list that ended hours ago."""
    terminal.type(ESC * 6 + f"/{ESC}G")
    terminal.until_shown(f"Batches  {ALL} ")
    # A list that was smaller when the cursor moved stays scrolled when it grows.
    terminal.until(partial(fills, terminal), "a frame of the terminal's size")
    terminal.type("g" + "j" * OLD)


@pytest.mark.parametrize(("size", "seed"), [((COLUMNS, ROWS), 0), ((80, 24), 1), ((40, 10), 1)], ids=str)
def test_after_a_storm_it_looks_like_after_a_start(
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
    # Toasts and scroll positions may outlast the first try. What is painted wrong stays wrong.
    for is_last in (False, False, True):
        with nullcontext() if is_last else suppress(AssertionError):
            for terminal in (stormy, fresh):
                on_an_old_batch(terminal)
            stormy.until(partial(same, stormy, fresh), "both to look the same")
            break
    read_output(bytes(stormy.raw))


def fills(terminal: Terminal) -> bool:
    """Whether the screen was drawn at the size that the terminal has now."""
    first, *_, last, _ = (line.rstrip() for line in terminal.lines[1:])
    return first.endswith("╮") and last.endswith("╯") and len(first) == len(last) == len(terminal.lines[0])


def same(stormy: Terminal, fresh: Terminal) -> bool:
    fresh.read(0.05)
    return any("▸" in line for line in fresh.lines) and shape(stormy) == shape(fresh)


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
