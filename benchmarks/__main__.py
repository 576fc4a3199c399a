"""Runs benchmarks and prints their figures; a full run of all of them writes RESULTS.md."""

from __future__ import annotations

import time
from argparse import ArgumentParser
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

from benchmarks.figures import table
from benchmarks.machine import describe
from benchmarks.place import Place, open_place

NAMES = (
    *("fetch", "submit", "memory", "first_row", "open_cached", "search"),
    *("keys", "bytes", "startup", "many"),
)
RESULTS = Path(__file__).with_name("RESULTS.md")
INTRODUCTION = """# What batchtui costs

Written by `make bench`. Each figure is the median of its runs, with the least and the most in brackets, and
beside it a peer that was measured in the same run: compare within a run only. A ratio is ours to the peer's.
Server and client share the machine, and talk over loopback with files in memory: what is measured is what the
programs do, not the network. Times of the screens are those at which the bytes came that made a text visible.

"""


def main(words: Sequence[str] | None = None) -> None:
    """Runs those that are named, or all."""
    parser = ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", metavar="NAME", nargs="*", choices=[[], *NAMES], help=", ".join(NAMES))
    parser.add_argument("--quick", action="store_true", help="only see that they work")
    options = parser.parse_args(words)
    start = time.monotonic()
    with open_place(quick=options.quick) as place:
        sections = [_section(name, place) for name in options.names or NAMES]
    if not (options.names or options.quick):
        took = f"\nThe whole run took {(time.monotonic() - start) / 60:.0f} minutes.\n"
        RESULTS.write_text(INTRODUCTION + describe() + "\n" + took + "".join(sections), encoding="utf-8")


def _section(name: str, place: Place) -> str:
    module = import_module(f"benchmarks.{name}")
    section = f"\n## {name}\n\n{module.__doc__}\n\n{table(module.run(place))}\n"
    print(section, flush=True)
    return section


if __name__ == "__main__":
    main()
