"""From a key press to its paint, in the list of results, while other things run."""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import partial
from itertools import cycle

from benchmarks.data import COMMON_WORD, custom_id
from benchmarks.figures import Row, Runs, Target, percentile
from benchmarks.place import Place
from benchmarks.terminal import Terminal

PRESSES = 80
POINTER = "▸"
GAP_SECONDS = (0.003, 0.015)
"""Between a paint and the next press, by chance, so that no timer is always met at the same moment."""
SOME_HITS_SECONDS = 0.3
"""Until there are surely two hits to go between."""
WHOLE = 'results = "whole"'

Measure = Callable[[Place, Callable[[Terminal], list[float]]], list[float]]


def run(place: Place) -> list[Row]:
    """Presses j and k by turns; each figure is of one start of the app, and the spread is between starts."""
    idle = _rows(place, "nothing else", _idle, None)
    downloading = _rows(place, "a download at full speed", _downloading, 15, beside=idle)
    return [*idle, *downloading, *_rows(place, "a search", _searching, 25, beside=idle)]


def _rows(
    place: Place, during: str, measure: Measure, limit: float | None, *, beside: list[Row] | None = None
) -> list[Row]:
    presses = partial(_press, count=10 if place.quick else PRESSES)
    measured = [measure(place, presses) for _ in range(place.runs)]
    rows = []
    for index, percent in enumerate((50, 95)):
        runs = Runs([percentile(run, percent) for run in measured], "ms")
        peer, theirs = ("itself, idle", beside[index].ours) if beside else ("", None)
        target = Target(limit, of="value") if limit and percent == 95 else None
        rows.append(Row(f"key to paint during {during}, p{percent}", runs, peer, theirs, target))
    return rows


def _idle(place: Place, press: Callable[[Terminal], list[float]]) -> list[float]:
    with place.screens(place.medium, place.cache(place.medium)) as terminal:
        _open(place.batch(place.medium), terminal)
        terminal.rest()
        return press(terminal)


def _downloading(place: Place, press: Callable[[Terminal], list[float]]) -> list[float]:
    cache = place.new("cache")
    with place.screens(place.large, cache, WHOLE) as terminal:
        _open(place.batch(place.large), terminal)
        latencies = press(terminal)
        _check(place, terminal.line_of("saved here") is None)
    place.remove(cache)
    return latencies


def _searching(place: Place, press: Callable[[Terminal], list[float]]) -> list[float]:
    """Searches for a word that nearly every result has: each hit is opened and listed."""
    with place.screens(place.large, place.cache(place.large)) as terminal:
        _open(place.batch(place.large), terminal)
        terminal.rest()
        terminal.type("/")
        terminal.rest()
        terminal.type(f"{COMMON_WORD}\r")
        terminal.until_shown(f"/{COMMON_WORD}")
        terminal.watch(SOME_HITS_SECONDS)
        latencies = press(terminal)
        _check(place, terminal.line_of(" searched ") is not None)
        return latencies


def _check(place: Place, still_runs: bool) -> None:
    if not (still_runs or place.quick):
        raise AssertionError("it ended before the last key was pressed: measure with more lines")


def _open(batch: str, terminal: Terminal) -> None:
    terminal.until_shown(batch)
    terminal.rest()
    terminal.type("\r")
    terminal.until_shown(custom_id(0))


def _press(terminal: Terminal, count: int) -> list[float]:
    """Milliseconds until the pointer stood on the other line, for each press."""
    terminal.until(lambda: terminal.line_of(POINTER) is not None)
    top = terminal.line_of(POINTER) or 0
    chance = random.Random(count)
    latencies = []
    for _, (key, line) in zip(range(count), cycle((("j", top + 1), ("k", top))), strict=False):
        pressed = terminal.type(key)
        painted = terminal.until(partial(_stands_on, terminal, line))
        latencies.append((painted - pressed) * 1000)
        terminal.watch(chance.uniform(*GAP_SECONDS))
    return latencies


def _stands_on(terminal: Terminal, line: int) -> bool:
    return terminal.line_of(POINTER) == line
