"""What benchmarks share within a run: data, servers, cache folders, and how processes are run and timed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from itertools import count
from pathlib import Path
from subprocess import DEVNULL, PIPE

from benchmarks.data import custom_id, write_results
from benchmarks.figures import Runs
from benchmarks.raw_server import RawServer, serving
from benchmarks.terminal import Terminal, peak_memory, running

BATCHTUI = str(Path(sys.executable).with_name("batchtui"))
LOOK_SECONDS = 0.005
SOAK_SECONDS = 240.0
"""In which the soak has an hour pass on the server: 15 times as fast."""


class Place:
    """A temporary folder and what is in it.

    Args:
        folder: An empty folder.
        quick: Whether to measure little, to see that it works.
        soak_seconds: How long the soak takes.
    """

    def __init__(self, folder: Path, stack: ExitStack, *, quick: bool, soak_seconds: float) -> None:
        self.folder = folder
        self.quick = quick
        self.soak_seconds = soak_seconds
        self.runs = 1 if quick else 5
        self.medium = 500 if quick else 100_000
        """Lines of the results that most is measured with: 268 MB."""
        self.large = 1000 if quick else 400_000
        """Lines of large results: 1.08 GB."""
        self.env = _environment(folder)
        self._stack = stack
        self._servers: dict[int, RawServer] = {}
        self._caches: dict[int, Path] = {}
        self._names = count()

    # Data

    def results(self, lines: int) -> Path:
        """A file of so many result lines, named as the batch whose results they are."""
        path = self.folder / f"msgbatch_{lines}.jsonl"
        if not path.exists():
            write_results(path, lines)
        return path

    def batch(self, lines: int) -> str:
        """The id of the batch of so many lines."""
        return self.results(lines).stem

    def last_id(self, lines: int) -> str:
        """The custom_id of its last result."""
        return custom_id(lines - 1)

    def size(self, lines: int) -> str:
        """How large so many lines are, in words."""
        return f"{self.results(lines).stat().st_size / 1e6:,.0f} MB"

    def server(self, lines: int) -> RawServer:
        """The server of that one batch; the same one through the whole run."""
        if lines not in self._servers:
            self._servers[lines] = self._stack.enter_context(serving(self.results(lines)))
        return self._servers[lines]

    def cache(self, lines: int) -> Path:
        """A cache folder with the results of that batch in it."""
        if lines not in self._caches:
            self._caches[lines] = cache = self.new("cache")
            self.run(self.batchtui(lines, cache, "results", self.batch(lines), "--custom-id", "req-0000000"))
        return self._caches[lines]

    def new(self, name: str) -> Path:
        """A path where nothing is yet."""
        return self.folder / f"{name}-{next(self._names)}"

    def remove(self, *paths: Path) -> None:
        """Removes what is not needed any more: results are large."""
        for path in paths:
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)

    # Processes

    def batchtui(self, lines: int, cache: Path, *words: str) -> list[str]:
        """The words of a command on the server of that batch."""
        return [BATCHTUI, "--base-url", self.server(lines).url, "--cache-dir", str(cache), *words]

    def python(self, module: str, *words: str) -> list[str]:
        """The words that run a module of these benchmarks."""
        return [sys.executable, "-m", f"benchmarks.{module}", *words]

    def run(self, words: Sequence[str], env: Mapping[str, str] | None = None) -> str:
        """Run a program, in the usual environment unless another one is given, and return what it prints."""
        env = self.env if env is None else env
        return subprocess.run(words, env=env, check=True, capture_output=True, text=True).stdout

    def seconds(self, words: Sequence[str]) -> float:
        """Runs a program and answers how long it took."""
        start = time.perf_counter()
        done = subprocess.run(words, env=self.env, stdout=DEVNULL, stderr=PIPE, text=True, check=False)
        seconds = time.perf_counter() - start
        _check(words, done.returncode, done.stderr)
        return seconds

    def peak(self, words: Sequence[str]) -> float:
        """Runs a program and answers the most memory that it held, in MB."""
        peak = 0.0
        with subprocess.Popen(words, env=self.env, stdout=DEVNULL, stderr=PIPE, text=True) as process:
            while process.poll() is None:
                peak = max(peak, peak_memory(process.pid))
                time.sleep(LOOK_SECONDS)
            _check(words, process.returncode, process.communicate()[1])
        return peak

    def screens(self, lines: int, cache: Path, settings: str = "") -> AbstractContextManager[Terminal]:
        """The app in a terminal, on the server of that batch, with a config file of that text."""
        return running(self.batchtui(lines, cache), self.env_with(settings))

    def env_with(self, settings: str) -> dict[str, str]:
        """The environment in which the config file has that text."""
        config = self.new("config") / "batchtui" / "config.toml"
        config.parent.mkdir(parents=True)
        config.write_text(settings, encoding="utf-8")
        return self.env | {"XDG_CONFIG_HOME": str(config.parent.parent)}

    def repeat(self, measure: Callable[[], float], unit: str, *, times: int = 1) -> Runs:
        """Measures several times, after once in vain: byte code is compiled and files are in memory then.

        Args:
            measure: Measures once.
            unit: The unit of what it answers.
            times: How many times as often as usual; for what is short.
        """
        if self.quick:
            return Runs([measure()], unit)
        measure()
        return Runs([measure() for _ in range(self.runs * times)], unit)


@contextmanager
def open_place(*, quick: bool, soak_seconds: float = SOAK_SECONDS) -> Iterator[Place]:
    """A place that leaves nothing behind."""
    with tempfile.TemporaryDirectory(prefix="batchtui-bench-") as folder, ExitStack() as stack:
        yield Place(Path(folder), stack, quick=quick, soak_seconds=soak_seconds)


def installed(program: str) -> bool:
    """Whether a peer can be run here."""
    return shutil.which(program) is not None


def _environment(folder: Path) -> dict[str, str]:
    """Ours without the settings of the person who measures; with byte code, as it is when installed."""
    leave = ("ANTHROPIC_", "BATCHTUI_", "PYTHON", "XDG_", "TEXTUAL", "LESS", "COLUMNS", "LINES")
    env = {name: value for name, value in os.environ.items() if not name.startswith(leave)}
    home = folder / "home"
    home.mkdir()
    return env | {"HOME": str(home), "ANTHROPIC_API_KEY": "benchmark-key", "NO_PROXY": "127.0.0.1"}


def _check(words: Sequence[str], code: int, told: str) -> None:
    if code:
        raise ChildProcessError(f"{' '.join(words)} ended with {code}:\n{told}")
