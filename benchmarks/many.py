"""Ten thousand batches in the workspace: starting, paging to the end, filtering, and during refreshes."""

from __future__ import annotations

import random
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from benchmarks import many_peer, minimal_app
from benchmarks.figures import Row, Runs, Target, percentile
from benchmarks.place import BATCHTUI, Place
from benchmarks.raw_server import RawServer, serving
from benchmarks.terminal import Terminal, running

PAGE_DOWN, DOWN, UP, BACKSPACE = "\x1b[6~", "j", "k", "\x7f"
EVERY_SECOND = "poll_list = 1\npoll_selected = 1\n"
FILTER = "_00000"
"""Ids begin with zeros: every letter leaves many."""
GAP_SECONDS = (0.01, 0.05)
START, KEY = Target(1.25), Target(15, of="value")
PEER = "OptionList"


def run(place: Place) -> list[Row]:
    """The app on a cache of so many batches, beside Textual's own list of as many lines."""
    many = 600 if place.quick else 10_000
    with serving(others=many, ticking=True) as server:
        words = _words_with_cache(place, server)
        theirs = [sys.executable, str(Path(many_peer.__file__)), str(many)]
        minimal = [sys.executable, str(Path(minimal_app.__file__))]
        started = place.repeat(lambda: _shown(place, words, f"Batches  {many + 1:,}"), "ms")
        smallest = place.repeat(lambda: _shown(place, minimal, minimal_app.TEXT), "ms")
        start_of_peer = place.repeat(lambda: _shown(place, theirs, many_peer.LINE), "ms")
        rows = [
            Row("all that is cached is listed", started, "minimal Textual app", smallest, START),
            Row("all that is cached is listed", started, PEER, start_of_peer),
        ]
        presses = 10 if place.quick else 250
        with running(words, place.env) as terminal, running(theirs, place.env) as peer:
            terminal.until_shown(" live")
            peer.until_shown(many_peer.LINE)
            ours, others = (_presses(one, [PAGE_DOWN] * presses) for one in (terminal, peer))
            rows += _rows("paging", ours, others)
            rows += _rows("filtering, each letter", _letters(terminal, 1 if place.quick else 10))
        with running(words, place.env_with(EVERY_SECOND)) as terminal:
            terminal.until_shown(" live")
            rows += _rows("a refresh each second", _presses(terminal, [DOWN, UP] * presses))
    return rows


def _words_with_cache(place: Place, server: RawServer) -> list[str]:
    words = [BATCHTUI, "--base-url", server.url, "--cache-dir", str(place.new("cache"))]
    place.run([*words, "list", "--all"])
    return words


def _shown(place: Place, words: Sequence[str], text: str) -> float:
    """Milliseconds until a text is visible."""
    with running(words, place.env) as terminal:
        return (terminal.until_shown(text) - terminal.started) * 1000


def _presses(terminal: Terminal, keys: Sequence[str]) -> list[float]:
    """Milliseconds from each key to the first bytes after it."""
    chance = random.Random(len(keys))
    latencies = []
    terminal.rest()
    for key in keys:
        terminal.watch(chance.uniform(*GAP_SECONDS))
        pressed = terminal.type(key)
        latencies.append((terminal.until_more() - pressed) * 1000)
    return latencies


def _letters(terminal: Terminal, times: int) -> list[float]:
    """Milliseconds from each letter of a filter until the list is filtered by it, there and back."""
    terminal.type("g/")
    terminal.rest()
    latencies = []
    steps = [(FILTER[end - 1], FILTER[:end]) for end in range(1, len(FILTER) + 1)]
    steps += [(BACKSPACE, FILTER[:end]) for end in range(len(FILTER) - 1, 0, -1)]
    for key, typed in [*steps, (BACKSPACE, "")] * times:
        pressed = terminal.type(key)
        shown = terminal.until(partial(_is_filtered_by, terminal, typed))
        latencies.append((shown - pressed) * 1000)
    return latencies


def _is_filtered_by(terminal: Terminal, text: str) -> bool:
    title = terminal.lines[1]
    return f"  /{text} ─" in title if text else "  /" not in title


def _rows(during: str, ours: list[float], theirs: list[float] | None = None) -> list[Row]:
    return [
        Row(
            f"key to paint, {during}, p{percent}",
            Runs([percentile(ours, percent)], "ms"),
            PEER if theirs else "",
            Runs([percentile(theirs, percent)], "ms") if theirs else None,
            KEY if percent == 95 else None,
        )
        for percent in (50, 95)
    ]
