"""Opening results that are on this disk already, and jumping to their end; beside viewers of files."""

from __future__ import annotations

from functools import partial

from benchmarks.data import custom_id
from benchmarks.figures import Row, Runs, Target
from benchmarks.place import Place, installed
from benchmarks.terminal import running

FIRST_SCREEN = Target(0.2, of="value")
END = Target(0.1, of="value")


def run(place: Place) -> list[Row]:
    """From enter on the list of batches, at two sizes; the viewers from their start."""
    rows = []
    for lines in (place.medium, place.large):
        size = place.size(lines)
        opened, ended = _split(place, partial(_ours, place, lines))
        less_opened, less_ended = _split(place, partial(_less, place, lines)) if installed("less") else _NONE
        lnav = place.repeat(partial(_lnav, place, lines), "s") if installed("lnav") else None
        rows += [
            Row(f"first screen, {size}", opened, "less -S", less_opened, FIRST_SCREEN),
            Row(f"first screen, {size}", opened, "lnav (opens at the end)", lnav, FIRST_SCREEN),
            Row(f"jump to the end, {size}", ended, "less -S", less_ended, END),
        ]
    return rows


_NONE = (None, None)


def _split(place: Place, measure: partial[tuple[float, float]]) -> tuple[Runs, Runs]:
    """What is measured in pairs, as two series."""
    if not place.quick:
        measure()
    opened, ended = zip(*(measure() for _ in range(place.runs)), strict=True)
    return Runs(opened, "s"), Runs(ended, "s")


def _ours(place: Place, lines: int) -> tuple[float, float]:
    with place.screens(lines, place.cache(lines)) as terminal:
        terminal.until_shown(place.batch(lines))
        terminal.rest()
        pressed = terminal.type("\r")
        opened = terminal.until_shown(custom_id(0)) - pressed
        terminal.rest()
        pressed = terminal.type("G")
        return opened, terminal.until_shown(place.last_id(lines)) - pressed


def _less(place: Place, lines: int) -> tuple[float, float]:
    with running(["less", "-S", str(place.results(lines))], place.env) as terminal:
        opened = terminal.until_shown(custom_id(0)) - terminal.started
        terminal.rest()
        pressed = terminal.type("G")
        return opened, terminal.until_shown(place.last_id(lines)) - pressed


def _lnav(place: Place, lines: int) -> float:
    with running(["lnav", str(place.results(lines))], place.env) as terminal:
        return terminal.until_shown(place.last_id(lines)) - terminal.started
