"""Fetching results into a file: complete, indexed and verified, from an empty cache; whole processes."""

from __future__ import annotations

from benchmarks.figures import Row, Runs, Target
from benchmarks.place import Place, installed

CURL = Target(2.5), Target(2.0)
SDK = Target(0.125), Target(0.1)
"""The first to be reached, then the second."""


def run(place: Place) -> list[Row]:
    """`batchtui results -o` beside curl and the official SDK."""
    lines = place.medium
    url, batch = place.server(lines).url, place.batch(lines)
    what = f"fetch {lines:,} results, {place.size(lines)}"

    def ours() -> float:
        cache, output = place.new("cache"), place.new("output")
        seconds = place.seconds(place.batchtui(lines, cache, "results", batch, "-o", str(output)))
        place.remove(cache, output)
        return seconds

    def curl() -> float:
        output = place.new("output")
        words = ["curl", "--silent", "--fail", "-o", str(output)]
        seconds = place.seconds([*words, f"{url}/v1/messages/batches/{batch}/results"])
        place.remove(output)
        return seconds

    batchtui = place.repeat(ours, "s")
    by_curl = place.repeat(curl, "s") if installed("curl") else None
    by_sdk = place.repeat(lambda: place.seconds(place.python("sdk_reader", url, batch)), "s")
    return [
        *(Row(what, batchtui, "curl -o", by_curl, target) for target in CURL),
        *(Row(what, batchtui, "official SDK, iterate", by_sdk, target) for target in SDK),
        Row("read them again, from the disk", _again(place, lines), "curl -o", by_curl),
    ]


def _again(place: Place, lines: int) -> Runs:
    cache, batch = place.cache(lines), place.batch(lines)

    def ours() -> float:
        output = place.new("output")
        seconds = place.seconds(place.batchtui(lines, cache, "results", batch, "-o", str(output)))
        place.remove(output)
        return seconds

    return place.repeat(ours, "s")
