"""From the first byte of the results that the server sends to the first result that can be read."""

from __future__ import annotations

import time

from benchmarks.data import custom_id
from benchmarks.figures import Row, Target
from benchmarks.place import Place

TARGET = Target(150, of="value")


def run(place: Place) -> list[Row]:
    """The app in a terminal beside the official SDK, which shows nothing but has its first object."""
    lines = place.medium
    server, batch = place.server(lines), place.batch(lines)

    def ours() -> float:
        cache = place.new("cache")
        with place.screens(lines, cache) as terminal:
            terminal.until_shown(batch)
            terminal.rest()
            pressed = terminal.type("\r")
            shown = terminal.until_shown(custom_id(0))
            milliseconds = (shown - server.sending_since(pressed)) * 1000
        place.remove(cache)
        return milliseconds

    def sdk() -> float:
        start = time.monotonic()
        first = float(place.run(place.python("sdk_reader", server.url, batch)).split()[0])
        return (first - server.sending_since(start)) * 1000

    row = Row(
        f"first row on screen, of {place.size(lines)}",
        place.repeat(ours, "ms"),
        "official SDK, first object",
        place.repeat(sdk, "ms"),
        TARGET,
    )
    return [row]
