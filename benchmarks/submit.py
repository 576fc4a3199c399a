"""Submitting requests: checking all of them, and what the whole process holds while it checks and uploads."""

from __future__ import annotations

from pathlib import Path

from batchtui.sandbox import Embedded, SandboxOptions, embedded
from benchmarks.data import write_requests
from benchmarks.figures import Row, Runs, Target
from benchmarks.place import BATCHTUI, Place, installed

PACE = Target(1)
MEMORY = Target(120, of="value")


def run(place: Place) -> list[Row]:
    """`batchtui create` of as many requests as a batch may have, as lines and as an array."""
    lines, array = place.new("requests"), place.new("requests")
    write_requests(lines, place.medium)
    write_requests(array, place.medium, as_array=True)
    size = f"{place.medium:,} requests, {lines.stat().st_size / 1e6:,.0f} MB"
    jq = place.repeat(lambda: place.seconds(["jq", "-c", ".", str(lines)]), "s") if installed("jq") else None
    checks = [
        Row(f"check {size}, {form}", _check(place, file), "jq -c . of the lines", jq, PACE)
        for form, file in (("lines", lines), ("an array", array))
    ]
    with embedded(SandboxOptions(key=place.env["ANTHROPIC_API_KEY"], batches=0)) as sandbox:
        peak = Runs([_peak(place, lines, sandbox) for _ in range(place.runs)], "MB")
    place.remove(lines, array)
    return [*checks, Row(f"`batchtui create`, {size}, most memory", peak, target=MEMORY)]


def _check(place: Place, file: Path) -> Runs:
    """The whole process of a dry run."""
    return place.repeat(lambda: place.seconds([BATCHTUI, "create", str(file), "--dry-run"]), "s")


def _peak(place: Place, file: Path, sandbox: Embedded) -> float:
    """The whole process, upload and all; the server is another."""
    words = [BATCHTUI, "--base-url", sandbox.base_url, "create", str(file), "--yes", "--again"]
    peak = place.peak(words)
    place.remove(*Path(place.env["HOME"]).glob("**/requests"))  # the kept ones
    return peak
