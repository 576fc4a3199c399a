"""Finding a word in large results, ignoring case: one near the end, and one that is everywhere."""

from __future__ import annotations

import json
from functools import partial

from benchmarks.data import COMMON_WORD, RARE_WORD
from benchmarks.figures import Row, Runs, Target
from benchmarks.place import Place, installed
from benchmarks.terminal import LONGEST_WAIT, running

NEAR_END = Target(2, of="value")
FIRST_HIT = Target(0.1, of="value")
MEMORY = Target(80, of="value")
WARM_UP = 1


def run(place: Place) -> list[Row]:
    """The search of the app, in a process without screens, beside ripgrep and the searches of viewers."""
    rare, common = _ours(place, RARE_WORD), _ours(place, COMMON_WORD)
    to_hit, memory = Runs([run[0] for run in rare], "s"), Runs([run[3] for run in rare], "MB")
    what = f"a word near the end of {place.size(place.large)}"
    return [
        Row(what, to_hit, "rg -i -F", _ripgrep(place, "-i"), NEAR_END),
        Row(what, to_hit, "rg -F (with case)", _ripgrep(place), NEAR_END),
        Row(what, to_hit, "less -S", _less(place), NEAR_END),
        Row(what, to_hit, "lnav (looks from the end)", _lnav(place), NEAR_END),
        Row("first hit of a frequent word", Runs([run[0] for run in common], "s"), target=FIRST_HIT),
        Row("most memory meanwhile", memory, target=MEMORY),
    ]


def _ours(place: Place, word: str) -> list[list[float]]:
    folder = next(place.cache(place.large).glob("*/results"))
    words = place.python("search_worker", str(folder), place.batch(place.large), word)
    runs = [json.loads(place.run(words)) for _ in range(WARM_UP + place.runs)]
    if not all(hits for _, _, hits, _ in runs):
        raise AssertionError(f"{word} was not found")
    return runs[WARM_UP:]


def _ripgrep(place: Place, *options: str) -> Runs | None:
    if not installed("rg"):
        return None
    words = ["rg", *options, "-F", RARE_WORD, str(place.results(place.large))]
    return place.repeat(partial(place.seconds, words), "s")


def _less(place: Place) -> Runs | None:
    """Once: it takes half a minute."""
    if not installed("less"):
        return None
    with running(["less", "-S", str(place.results(place.large))], place.env) as terminal:
        terminal.rest()
        start = terminal.type(f"/{RARE_WORD}\r")
        found = terminal.until(lambda: any(RARE_WORD in line for line in terminal.lines[:-1]), LONGEST_WAIT)
        return Runs([found - start], "s")


def _lnav(place: Place) -> Runs | None:
    if not installed("lnav"):
        return None

    def seconds() -> float:
        with running(["lnav", str(place.results(place.large))], place.env) as terminal:
            terminal.until_shown(place.last_id(place.large))
            terminal.rest()
            start = terminal.type(f"/{RARE_WORD}\r")
            return terminal.until_shown("1 hits for") - start

    return place.repeat(seconds, "s")
