"""Bytes to the terminal, 120×40 in true color: over SSH each of them is felt."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.data import custom_id
from benchmarks.figures import Row, Runs, Target
from benchmarks.place import BATCHTUI, Place, installed
from benchmarks.raw_server import RawServer, serving
from benchmarks.terminal import Terminal, running

OTHERS = 60
EVERY_SECOND = "poll_list = 1\npoll_selected = 1\n"
"""As often as the settings allow, so that what a look costs is seen."""
AT_ONCE_SECONDS = 0.04
"""The pane follows the cursor later than this, once it rests."""
REST_SECONDS = 0.3
DOWN, PAGE_DOWN = "j", "\x1b[6~"
MOVE, PAGE = Target(700, of="value"), Target(10_000, of="value")


def run(place: Place) -> list[Row]:
    """What is sent when nothing happens, when a batch ticks, and for the keys that are pressed most."""
    with serving(place.results(place.medium), others=OTHERS) as server, _app(place, server) as terminal:
        started = Runs([terminal.received], "B")
        nothing = _nothing(terminal, 2 if place.quick else 10)
        opened = _opened(terminal)
        moved, moved_pane = _pressed(place, terminal, DOWN)
        paged, paged_pane = _pressed(place, terminal, PAGE_DOWN)
    less_moved, less_paged = _less(place)
    return [
        nothing,
        _tick(place),
        Row("a move in the results", moved, "less -S", less_moved, MOVE),
        Row("a move, and the pane shows the result", moved_pane),
        Row("a page of results", paged, "less -S", less_paged, PAGE),
        Row("a page, and the pane shows the result", paged_pane),
        Row("the app starts", started),
        opened,
    ]


@contextmanager
def _app(place: Place, server: RawServer) -> Iterator[Terminal]:
    words = [BATCHTUI, "--base-url", server.url, "--cache-dir", str(place.new("cache"))]
    with running(words, place.env_with(EVERY_SECOND)) as terminal:
        terminal.until_shown(" live")
        terminal.rest()
        yield terminal


def _nothing(terminal: Terminal, seconds: int) -> Row:
    before = terminal.received
    terminal.watch(seconds)
    sent = Runs([terminal.received - before], "B")
    return Row(f"nothing changes for {seconds} s, asked each second", sent, target=Target(0, of="value"))


def _tick(place: Place) -> Row:
    """The batch under the cursor runs: its row and its counts change at every look."""
    ticks = []
    with serving(others=OTHERS, ticking=True) as server, _app(place, server) as terminal:
        for _ in range(place.runs):
            before = terminal.received
            terminal.until_more()
            terminal.rest(REST_SECONDS)
            ticks.append(terminal.received - before)
    return Row("a live tick", Runs(ticks, "B"), target=Target(400, of="value"))


def _opened(terminal: Terminal) -> Row:
    before = terminal.received
    terminal.type("\r")
    terminal.until_shown(custom_id(0))
    terminal.rest()
    return Row("the results are opened", Runs([terminal.received - before], "B"))


def _pressed(place: Place, terminal: Terminal, key: str) -> tuple[Runs, Runs]:
    """What a key costs at once, and with all that follows once the cursor rests."""
    at_once, in_all = [], []
    for _ in range(place.runs):
        before = terminal.received
        terminal.type(key)
        terminal.watch(AT_ONCE_SECONDS)
        at_once.append(terminal.received - before)
        terminal.rest(REST_SECONDS)
        in_all.append(terminal.received - before)
    return Runs(at_once, "B"), Runs(in_all, "B")


def _less(place: Place) -> tuple[Runs | None, Runs | None]:
    if not installed("less"):
        return None, None
    with running(["less", "-S", str(place.results(place.medium))], place.env) as terminal:
        terminal.until_shown(custom_id(0))
        terminal.rest()
        return _pressed(place, terminal, "j")[0], _pressed(place, terminal, " ")[0]
