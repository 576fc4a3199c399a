"""What the widgets send to a real terminal of 120×40 in true color: no more than we promise over SSH."""

from __future__ import annotations

import itertools
import os
import sys
from collections.abc import Iterator

import pexpect
import pytest

from tests.tui.widgets.byte_app import mark

KEYS = {
    "cursor": ("j", 700),
    "cursor again": ("k", 700),
    "changed row": ("1", 200),
    "nothing changed": ("2", 0),
    "more rows": ("3", 0),
    "title and status": ("4", 900),
    "page": ("\x06", 10_000),
    "end": ("G", 10_000),
    "other pane": ("\t", 2_500),
}
"""A key of `byte_app`, and the most bytes that it may cost."""


class Terminal:
    """The app in a terminal."""

    def __init__(self) -> None:
        environment = dict(os.environ, TERM="xterm-256color", COLORTERM="truecolor", LANG="C.UTF-8")
        environment.pop("NO_COLOR", None)
        arguments = ["-m", "tests.tui.widgets.byte_app"]
        self._child = pexpect.spawn(
            sys.executable, arguments, dimensions=(40, 120), env=environment, timeout=20
        )
        self._child.delaybeforesend = None
        self._child.expect_exact(mark(100))
        self._numbers = itertools.count(101)

    def sent_by(self, keys: str) -> int:
        """How many bytes the app sends for some keys, and for painting the next mark."""
        self._child.send(f"{keys}0")
        self._child.expect_exact(mark(next(self._numbers)))
        return len(self._child.before)

    def cost(self, keys: str) -> int:
        """How many bytes the app sends for some keys; more marks catch what comes later than the first."""
        blank = self.sent_by("")
        return sum(self.sent_by(sent) - blank for sent in (keys, "", ""))

    def close(self) -> None:
        """End the app."""
        self._child.close(force=True)


@pytest.fixture(scope="module")
def terminal() -> Iterator[Terminal]:
    """The app, started and painted."""
    terminal = Terminal()
    terminal.sent_by("")
    terminal.sent_by("")
    yield terminal
    terminal.close()


@pytest.mark.parametrize("name", KEYS)
def test_a_key_costs_no_more_than_promised(terminal: Terminal, name: str) -> None:
    key, most = KEYS[name]
    cost = terminal.cost(key)
    assert cost <= most
    assert cost > 0 or most == 0
