"""Every benchmark runs, at a tiny size, and returns figures; what they are is for `make bench` to say.

`make bench-quick` runs these tests, in CI too; `make test` leaves them out, because they take 5 % of its time
and find only errors of the benchmarks themselves.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

import pytest

from benchmarks.__main__ import NAMES
from benchmarks.figures import TITLES, table
from benchmarks.place import Place, open_place

if TYPE_CHECKING:
    from collections.abc import Iterator


pytestmark = pytest.mark.benchmarks


@pytest.fixture(scope="module")
def place() -> Iterator[Place]:
    with open_place(quick=True) as place:
        yield place


@pytest.mark.parametrize("name", NAMES)
def test_every_benchmark_prints_figures(place: Place, name: str) -> None:
    rows = import_module(f"benchmarks.{name}").run(place)

    assert rows
    assert all(row.ours and row.ours.median >= 0 for row in rows)
    printed = table(rows).splitlines()
    assert len(printed) == len(rows) + 2
    assert {line.count(" | ") for line in printed} == {len(TITLES) - 1}
