"""The most memory that a process holds while results pass through it, however many there are."""

from __future__ import annotations

from benchmarks.figures import Row, Runs, Target
from benchmarks.place import Place

TARGET = Target(80, of="value")


def run(place: Place) -> list[Row]:
    """`batchtui results -o` and the app, at two sizes."""
    medium, large = _command(place, place.medium), _command(place, place.large)
    batch = place.batch(place.medium)
    words = place.python("sdk_reader", place.server(place.medium).url, batch)
    sdk = Runs([place.peak(words)], "MB")
    idle, full = _app(place)
    above = Runs([full.median - idle.median], "MB")
    sizes = place.size(place.medium), place.size(place.large)
    return [
        Row(f"`batchtui results -o`, {sizes[0]}", medium, "official SDK, iterate", sdk, TARGET),
        Row(f"`batchtui results -o`, {sizes[1]}", large, f"itself at {sizes[0]}", medium, TARGET),
        Row(f"the app, all of {sizes[1]} fetched, at the end", full, "itself, idle on the batches", idle),
        Row("the same, above idle", above, target=TARGET),
    ]


def _command(place: Place, lines: int) -> Runs:
    def peak() -> float:
        cache, output = place.new("cache"), place.new("output")
        words = place.batchtui(lines, cache, "results", place.batch(lines), "-o", str(output))
        megabytes = place.peak(words)
        place.remove(cache, output)
        return megabytes

    return Runs([peak() for _ in range(place.runs)], "MB")


def _app(place: Place) -> tuple[Runs, Runs]:
    """At rest on the batches, and after everything was fetched and its end was shown."""
    lines, cache = place.large, place.new("cache")
    with place.screens(lines, cache, 'results = "whole"') as terminal:
        terminal.until_shown(place.batch(lines))
        terminal.rest()
        idle = terminal.peak_memory()
        terminal.type("\r")
        terminal.until_shown("saved here")
        terminal.type("G")
        terminal.until_shown(place.last_id(lines))
        full = terminal.peak_memory()
    place.remove(cache)
    return Runs([idle], "MB"), Runs([full], "MB")
