"""One app of the soak: opens batches, types random keys, and is watched from outside."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.terminal import Terminal, running

ESCAPE = "\x1b"
KEYS = (
    *("j", "k", "]", "[", "G", "g", "\x1b[6~", "\x1b[5~", "\t", "l", "h", "z", "a", "n", "N", " ", "r", "P"),
    *("/therefore\r", "/the\r", "/re:[a-z]{9}\r", "s\x1b[B\r", "f\x1b[B\r", "Y"),
)
"""What is typed while results are open; none of it asks to change anything on the server."""
DIALOGS = ("?", "L", "e", "f", "s", ":", "w", "R")
"""Keys that open something, which is closed by escape."""
ESCAPE_SECONDS = 0.15
"""A terminal's escape key is told from a sequence by the silence after it."""
REST_SECONDS = 0.6
"""Until an app at rest has given back the memory of what was closed."""
LONGEST_DOWNLOAD = 180.0
LEAVES_EARLY = 0.2
CRASH = ("Traceback", "this is a bug")


@dataclass(frozen=True)
class Sample:
    """What an app holds at one moment: memory in MB, open handles, threads."""

    memory: float
    handles: int
    threads: int


@dataclass
class Visits:
    """What became of one app.

    Attributes:
        samples: What it held after each batch.
        keys: How many keys or key sequences were typed.
        problem: Why it did not come to its end, or what was wrong with that; empty if all went well.
    """

    samples: list[Sample] = field(default_factory=list)
    keys: int = 0
    problem: str = ""


def use(
    words: Sequence[str], env: Mapping[str, str], batches: Sequence[str], seed: int, seconds: float
) -> Visits:
    """Starts the app, opens each of the batches, and ends it.

    Args:
        words: The command.
        env: Its environment.
        batches: Ids, in any order.
        seed: Decides the order and the keys.
        seconds: How long all of it shall take, at least.
    """
    chance = random.Random(seed)
    visits = Visits()
    try:
        with running(words, env) as terminal:
            terminal.until_shown("Batches  ")
            for batch in chance.sample(batches, len(batches)):
                _visit(terminal, batch, chance, visits, seconds / len(batches))
            if code := terminal.end("q"):
                visits.problem = f"exit code {code}"
    except (TimeoutError, ChildProcessError) as error:
        visits.problem = str(error)
    return visits


def _visit(terminal: Terminal, batch: str, chance: random.Random, visits: Visits, seconds: float) -> None:
    end = time.monotonic() + seconds
    terminal.type(f"/{batch[-12:]}\r")
    terminal.until(lambda: f"  /{batch[-12:]}" in terminal.lines[1])
    terminal.type("\r")
    terminal.until(lambda: batch[-8:] in terminal.lines[0])
    leaves_early = chance.random() < LEAVES_EARLY
    while time.monotonic() < end - REST_SECONDS and _is_open(terminal):
        _press(terminal, chance)
        visits.keys += 1
    if not leaves_early:
        _until_saved(terminal)
    _go_home(terminal)
    terminal.watch(REST_SECONDS)
    if any(sign in line for line in terminal.lines for sign in CRASH):
        raise ChildProcessError("\n".join(terminal.lines))
    visits.samples.append(_sample(terminal.pid))


def _press(terminal: Terminal, chance: random.Random) -> None:
    if chance.random() < 0.05:
        terminal.type(chance.choice(DIALOGS))
        terminal.watch(ESCAPE_SECONDS)
        terminal.type(ESCAPE)
        terminal.watch(ESCAPE_SECONDS)
    else:
        terminal.type(chance.choice(KEYS))
        terminal.watch(chance.uniform(0.01, 0.08))


def _until_saved(terminal: Terminal) -> None:
    """Waits until all results are here, if they are still open; tries again where the app has given up."""
    end = time.monotonic() + LONGEST_DOWNLOAD
    while _is_open(terminal) and "saved here" not in terminal.lines[0]:
        if time.monotonic() > end:
            raise TimeoutError("a download did not end:\n" + "\n".join(terminal.lines))
        if "paused" in terminal.lines[0]:
            terminal.type("P")
        elif any(words in terminal.lines[0] for words in ("incomplete", "failed", "broke")):
            terminal.type("r")
        terminal.watch(1.0)


def _go_home(terminal: Terminal) -> None:
    """Closes what is open, and takes the filter of the list away; escape never leaves the app."""
    end = time.monotonic() + LONGEST_DOWNLOAD
    while time.monotonic() < end:
        terminal.type(ESCAPE)
        terminal.watch(ESCAPE_SECONDS)
        if not _is_open(terminal) and "  /" not in terminal.lines[1] and "Batches  " in terminal.lines[1]:
            return
    raise TimeoutError("escape does not lead back:\n" + "\n".join(terminal.lines))


def _is_open(terminal: Terminal) -> bool:
    return terminal.lines[0].startswith(" batchtui ›")  # a dialog may hide the rest


def _sample(pid: int) -> Sample:
    process = Path(f"/proc/{pid}")
    status = (process / "status").read_text(encoding="utf-8")
    memory, threads = (
        int(re.search(rf"{name}:\s+(\d+)", status)[1])  # type: ignore[index]
        for name in ("VmRSS", "Threads")
    )
    return Sample(memory * 1024 / 1e6, len(list((process / "fd").iterdir())), threads)
