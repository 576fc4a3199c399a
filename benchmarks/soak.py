"""An hour of use in a few minutes: five apps share a cache, and every tenth call to the server fails.

Each app opens the same 75 batches of 8,000 to 12,000 results in an order of its own, while random keys are
typed (seeded) and downloads break off every few megabytes. The sandbox's clock runs so fast that an hour
passes; `--seconds` says in how many seconds. In the end each saved file is compared with what a server
without faults sends. Growth is from after the first batch to the median after the last five.
"""

from __future__ import annotations

import multiprocessing
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path
from statistics import median
from urllib.request import Request, urlopen

from batchtui.sandbox import Embedded, SandboxOptions, embedded
from batchtui.sandbox.history import make_history
from benchmarks.figures import Row, Runs, Target
from benchmarks.place import BATCHTUI, Place
from benchmarks.soak_user import Sample, Visits, use

HOUR = 3600.0
FAULTS = ("500:10", "drop-results:6000000")
SIZES = range(8_000, 12_001)
SETTINGS = 'results = "whole"\npoll_list = 1\npoll_selected = 1\n'
LAST = 5
READ_BYTES = 1 << 20
NONE, MEMORY, HANDLES = Target(0, of="value"), Target(40, of="value"), Target(8, of="value")
THREADS = Target(6, of="value")
"""Threads of the pool, which start as they are needed and stay."""


def run(place: Place) -> list[Row]:
    """What went wrong, and what the apps held."""
    instances, number, seconds = (2, 2, 2.0) if place.quick else (5, 75, place.soak_seconds)
    calm = SandboxOptions(batches=40 if place.quick else 2500, started_at=time.time(), speed=0)
    chosen = _batches(calm, range(100, 1000) if place.quick else SIZES, number)
    cache = place.new("cache")
    start = time.monotonic()
    with embedded(replace(calm, speed=HOUR / seconds, faults=FAULTS)) as server:
        visits = _visits(place, server, cache, chosen, instances, seconds)
    took = time.monotonic() - start
    saved = {path.stem: path for path in cache.glob("*/results/*.jsonl")}
    with embedded(calm) as server:
        different = [batch for batch, path in saved.items() if not _is_whole(path, server, batch)]
    problems = [visit.problem for visit in visits if visit.problem]
    for problem in (*problems, *different):
        print(problem, file=sys.stderr)
    opened = sum(len(visit.samples) for visit in visits)
    return [
        Row("the run", Runs([took], "s")),
        Row(f"{number} batches opened by {instances} apps", Runs([opened], "openings")),
        Row("keys typed", Runs([sum(visit.keys for visit in visits)], "keys")),
        Row("crashes, hangs, bad exits", Runs([len(problems)], "apps"), target=NONE),
        Row("batches not saved", Runs([len(set(chosen) - saved.keys())], "batches"), target=NONE),
        Row(f"saved files that differ, of {len(saved)}", Runs([len(different)], "files"), target=NONE),
        *_held([visit.samples for visit in visits if visit.samples]),
    ]


def _batches(options: SandboxOptions, sizes: range, number: int) -> list[str]:
    """Ids of the newest batches of these sizes that have results, and keep them for another hour."""
    now = options.started_at or 0.0
    found = [
        batch.id
        for batch in make_history(options.seed, options.batches, now)
        if batch.size in sizes and batch.status(now) == "ended" and not batch.is_archived(now + 2 * HOUR)
    ]
    return found[:number]


def _visits(
    place: Place, server: Embedded, cache: Path, batches: Sequence[str], instances: int, seconds: float
) -> list[Visits]:
    """Runs the apps, each driven by a process of its own."""
    words = [BATCHTUI, "--base-url", server.base_url, "--cache-dir", str(cache)]
    env = place.env_with(SETTINGS) | {"ANTHROPIC_API_KEY": server.api_key}
    place.run([*words, "list", "--all", "--json"], env)
    with ProcessPoolExecutor(instances, multiprocessing.get_context("spawn")) as pool:
        running = [pool.submit(use, words, env, batches, seed, seconds) for seed in range(instances)]
        return [one.result() for one in running]


def _is_whole(path: Path, server: Embedded, batch: str) -> bool:
    """Whether a saved file is what the server sends, byte for byte."""
    url = f"{server.base_url}/v1/messages/batches/{batch}/results"
    headers = {"x-api-key": server.api_key, "anthropic-version": "2023-06-01"}
    with urlopen(Request(url, headers=headers)) as sent, path.open("rb") as file:
        while data := sent.read(READ_BYTES):
            if file.read(len(data)) != data:
                return False
        return not file.read(1)


def _held(apps: Sequence[Sequence[Sample]]) -> list[Row]:
    """What the apps held in the end, and of that what the app which grew most had not held at first."""

    def grown(held: Callable[[Sample], float]) -> float:
        return max(0.0, *(median(map(held, samples[-LAST:])) - held(samples[0]) for samples in apps))

    def ended(held: Callable[[Sample], float], unit: str) -> Runs:
        return Runs([held(samples[-1]) for samples in apps], unit)

    rows = []
    for unit, held, target in (
        ("MB", lambda sample: sample.memory, MEMORY),
        ("handles", lambda sample: sample.handles, HANDLES),
        ("threads", lambda sample: sample.threads, THREADS),
    ):
        rows.append(Row(f"{unit} held at the end, by each app", ended(held, unit)))
        rows.append(
            Row(f"{unit} more than after the first batch, at most", Runs([grown(held)], unit), target=target)
        )
    return rows
