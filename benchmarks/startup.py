"""Starting: the cached list of batches on the screen, with no server to ask, and the shortest commands."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks import minimal_app
from benchmarks.figures import Row, Runs, Target
from benchmarks.place import BATCHTUI, Place
from benchmarks.raw_server import serving
from benchmarks.terminal import running

BATCHES = 100
REST_SECONDS = 0.1
"""Without a paint: the start is over. Later the words about the connection change."""
OFTEN = 3
"""Starts are short and vary: they are measured so many times as often."""
LISTED, OPENED = f"…{5:015d} ", f" {'msgbatch_':0<33}"
"""The end of an id, as the list shows it; a whole one, as only the pane does, which is painted last."""
SCREEN, COMMAND = Target(1.25), Target(8)


def run(place: Place) -> list[Row]:
    """The app beside the smallest Textual app, commands beside a bare Python."""
    words = _words_with_cache(place)
    minimal = [sys.executable, str(Path(minimal_app.__file__))]
    listed = place.repeat(lambda: _shown(place, words, LISTED), "ms", times=OFTEN)
    whole = place.repeat(lambda: _shown(place, words, OPENED), "ms", times=OFTEN)
    smallest = place.repeat(lambda: _shown(place, minimal, minimal_app.TEXT), "ms", times=OFTEN)
    bare = _process(place, sys.executable, "-c", "pass")
    return [
        Row("the cached list is visible", listed, "minimal Textual app", smallest, SCREEN),
        Row("the whole screen is painted", whole, "minimal Textual app", smallest),
        Row("sent to the terminal by then", _sent(place, words)),
        *(
            Row(f"`batchtui {option}`", _process(place, BATCHTUI, option), "bare Python", bare, COMMAND)
            for option in ("--help", "--version")
        ),
    ]


def _words_with_cache(place: Place) -> list[str]:
    """The app on a cache that is filled, and on a server that is gone."""
    cache = place.new("cache")
    with serving(others=BATCHES) as server:
        words = [BATCHTUI, "--base-url", server.url, "--cache-dir", str(cache)]
        place.run([*words, "list"])
    return words


def _shown(place: Place, words: Sequence[str], text: str) -> float:
    """Milliseconds until a text is visible."""
    with running(words, place.env) as terminal:
        return (terminal.until_shown(text) - terminal.started) * 1000


def _sent(place: Place, words: Sequence[str]) -> Runs:
    """Bytes that a start takes, until nothing more is painted."""
    with running(words, place.env) as terminal:
        terminal.until_shown(OPENED)
        terminal.rest(REST_SECONDS)
        return Runs([terminal.received], "B")


def _process(place: Place, *words: str) -> Runs:
    return place.repeat(lambda: place.seconds(words) * 1000, "ms", times=OFTEN)
