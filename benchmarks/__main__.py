"""Runs benchmarks and prints their figures; RESULTS.md keeps those of full runs."""

from __future__ import annotations

import time
from argparse import ArgumentParser
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

from benchmarks.figures import table
from benchmarks.machine import describe
from benchmarks.place import SOAK_SECONDS, Place, open_place

NAMES = (
    *("fetch", "submit", "memory", "first_row", "open_cached", "search"),
    *("keys", "bytes", "startup", "many", "soak"),
)
RESULTS = Path(__file__).with_name("RESULTS.md")
INTRODUCTION = """# What batchtui costs

Written by `make peers bench`. Each figure is the median of its runs, with least and most in brackets, and
beside it a peer that was measured in the same run: compare within a run only. A ratio is ours to the
peer's. Server and client share the machine, and talk over loopback with files in memory: what is measured
is what the programs do, not the network. Times of the screens are those at which the bytes came that made a
text visible.

"""


def main(words: Sequence[str] | None = None) -> None:
    """Runs those that are named, or all."""
    parser = ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", metavar="NAME", nargs="*", choices=[[], *NAMES], help=", ".join(NAMES))
    parser.add_argument("--quick", action="store_true", help="only see that they work")
    parser.add_argument("--save", action="store_true", help="put sections of these names into RESULTS.md")
    parser.add_argument(
        "--seconds", type=float, default=SOAK_SECONDS, help="how long an hour takes in the soak; %(default)s"
    )
    options = parser.parse_args(words)
    start = time.monotonic()
    with open_place(quick=options.quick, soak_seconds=options.seconds) as place:
        sections = [_section(name, place) for name in options.names or NAMES]
    if options.names and options.save:
        for name, section in zip(options.names, sections, strict=True):
            _save(name, section)
    if not (options.names or options.quick):
        took = f"\nThe whole run took {(time.monotonic() - start) / 60:.0f} minutes.\n"
        RESULTS.write_text(INTRODUCTION + describe() + "\n" + took + "".join(sections), encoding="utf-8")


def _section(name: str, place: Place) -> str:
    module = import_module(f"benchmarks.{name}")
    section = f"\n## {name}\n\n{module.__doc__}\n\n{table(module.run(place))}\n"
    print(section, flush=True)
    return section


def _save(name: str, section: str) -> None:
    """Put a section into RESULTS.md, in the place of the one of before."""
    head, *others = RESULTS.read_text(encoding="utf-8").split("\n## ")
    sections = {other.partition("\n")[0]: f"\n## {other}" for other in others}
    sections[name] = section
    RESULTS.write_text(head + "".join(sections.values()), encoding="utf-8")


if __name__ == "__main__":
    main()
