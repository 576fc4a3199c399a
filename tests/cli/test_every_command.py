"""What holds for every command there is: a new one fails here until an example of it is given."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import click
import httpx
import pytest

from batchtui.cli.app import batchtui
from batchtui.sandbox import Embedded
from tests.cli.conftest import requests_file

ENDED = "msgbatch_013ubSYyh46YWmEUIlGNr74i"
RUNNING = "msgbatch_01OLijGu9g3hKCeWMQibtKF3"
"""A small ended batch and a running one of the sandbox's first seed."""
CLEAN, CANCELED = "msgbatch_01xRwFKgo6Cnmi8spKCz8Rrr", "msgbatch_01tWUcXYjdsC92iNEZDBTuSe"
"""Two of three requests each: all of one succeeded, one of the other was canceled."""


class Example(NamedTuple):
    """How a command is called so that it does something.

    Attributes:
        words: The line after `batchtui`. What changes something does so in a sandbox of its own: `--demo`.
        before: A line that is run first.
        needs_key: Whether it fails with 3 without a key.
        narrates: Whether it has more to say than what it prints, on stderr.
        runs_on: Whether it goes on until it is stopped.
    """

    words: str
    before: str = ""
    needs_key: bool = True
    narrates: bool = False
    runs_on: bool = False


EXAMPLES = {
    "list": Example("list --limit 2"),
    "show": Example(f"show {ENDED}"),
    "watch": Example(f"watch {CLEAN}"),
    "create": Example("--demo create REQUESTS --yes", narrates=True),
    "attach": Example(f"attach {CANCELED} REQUESTS"),
    "resubmit": Example(
        f"resubmit {CANCELED} --dry-run", before=f"attach {CANCELED} REQUESTS", narrates=True
    ),
    "results": Example(f"results {ENDED}"),
    "cost": Example(f"cost {ENDED}"),
    "search": Example(f"search {ENDED} tickets"),
    "errors": Example(f"errors {ENDED}"),
    "cancel": Example(f"--demo cancel {RUNNING} --yes"),
    "delete": Example(f"--demo delete {ENDED} --yes"),
    "cache info": Example("cache info", before=f"show {ENDED}", needs_key=False),
    "cache verify": Example("cache verify", before=f"results {ENDED}"),
    "cache prune": Example("cache prune --dry-run", before=f"results {ENDED}"),
    "config path": Example("config path", needs_key=False),
    "config show": Example("config show", needs_key=False),
    "doctor": Example("doctor", needs_key=False),
    "completion": Example("completion bash", needs_key=False),
    "sandbox": Example("sandbox --batches 1", needs_key=False, runs_on=True),
}


def commands(group: click.Group = batchtui, *path: str) -> Iterator[tuple[str, click.Command]]:
    """Every command with its name as it is typed."""
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, *path, name)
        else:
            yield " ".join((*path, name)), command


COMMANDS = dict(commands())
NAMES = pytest.mark.parametrize("name", COMMANDS)
WITH_ID = [
    name
    for name, command in COMMANDS.items()
    if any(
        (part.metavar or "").startswith("ID") for part in command.params if isinstance(part, click.Argument)
    )
]
START = """
import atexit, json, os, sys
atexit.register(lambda: open(os.environ["MODULES"], "w").write(json.dumps([*sys.modules])))
from batchtui.__main__ import main
main()
"""


class Shell:
    """Runs lines after `batchtui` in processes of their own.

    Args:
        server: The sandbox that they talk to.
        folder: Where the cache is, and the list of modules that the last process had.
    """

    def __init__(self, server: Embedded, folder: Path) -> None:
        self._modules = folder / "modules.json"
        self._words = {"REQUESTS": str(requests_file(server, CANCELED, folder))}
        self.env = os.environ | {
            "ANTHROPIC_API_KEY": server.api_key,
            "ANTHROPIC_BASE_URL": server.base_url,
            "BATCHTUI_CACHE_DIR": str(folder / "cache"),
            "MODULES": str(self._modules),
        }

    def start(
        self, *words: str, env: Mapping[str, str] | None = None, stdout: int = subprocess.PIPE
    ) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-c", START, *(self._words.get(word, word) for word in words)],
            env=self.env | dict(env or {}),
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *words: str, **env: str) -> tuple[int, str, str]:
        """Exit code, stdout and stderr."""
        with self.start(*words, env=env) as process:
            stdout, stderr = process.communicate()
        return process.returncode, stdout, stderr

    def example(self, name: str) -> tuple[int, str, str]:
        """Likewise for a command's example; one that runs on is stopped after its first line."""
        example = EXAMPLES[name]
        if example.before:
            assert self.run(*example.before.split())[0] == 0
        if not example.runs_on:
            return self.run(*example.words.split())
        with self.start(*example.words.split()) as process:
            assert process.stdout
            assert process.stderr
            line = process.stdout.readline()
            httpx.get(json.loads(line)["base_url"])  # until it serves, a signal ends it as any process
            process.terminate()
            return process.wait(), line + process.stdout.read(), process.stderr.read()

    @property
    def modules(self) -> list[str]:
        found: list[str] = json.loads(self._modules.read_text())
        return found


@pytest.fixture
def shell(frozen_sandbox: Embedded, tmp_path: Path) -> Shell:
    return Shell(frozen_sandbox, tmp_path)


def check_refusal(done: tuple[int, str, str], code: int) -> None:
    """It failed with one sentence on stderr, and nothing on stdout."""
    assert done[0] == code
    assert done[1] == ""
    assert done[2].startswith("batchtui: ")
    assert "Traceback" not in done[2]


def test_every_command_has_an_example() -> None:
    assert EXAMPLES.keys() == COMMANDS.keys()


@NAMES
def test_an_example_works_and_loads_no_screens(shell: Shell, name: str) -> None:
    code, stdout, stderr = shell.example(name)
    assert code == 0
    assert bool(stderr) == EXAMPLES[name].narrates
    assert stdout.strip()
    assert not {"textual", "rich"} & {*shell.modules}


@NAMES
def test_help(shell: Shell, name: str) -> None:
    code, stdout, stderr = shell.run(*name.split(), "--help")
    assert (code, stderr) == (0, "")
    assert stdout.startswith(f"Usage: batchtui {name} ")
    undescribed = [
        option.opts
        for option in COMMANDS[name].params
        if isinstance(option, click.Option) and not (option.help or "").endswith(".")
    ]
    assert undescribed == []


@NAMES
def test_wrong_usage_is_2_and_says_so_on_stderr(shell: Shell, name: str) -> None:
    done = shell.run(*name.split(), "--no-such-option")
    check_refusal(done, 2)
    assert f"Try `batchtui {name} --help`." in done[2]


@pytest.mark.parametrize("name", [name for name, example in EXAMPLES.items() if example.needs_key])
def test_without_a_key_it_is_3(shell: Shell, name: str) -> None:
    words = [word for word in EXAMPLES[name].words.split() if word != "--demo"]
    check_refusal(shell.run(*words, ANTHROPIC_API_KEY=""), 3)


@pytest.mark.parametrize("name", WITH_ID)
def test_a_batch_that_is_not_there_is_1(shell: Shell, name: str) -> None:
    words = EXAMPLES[name].words.replace(ENDED, "msgbatch_none").replace(RUNNING, "msgbatch_none")
    for known in (CLEAN, CANCELED):
        words = words.replace(known, "msgbatch_none")
    check_refusal(shell.run(*words.split()), 1)


@pytest.mark.parametrize(
    ("name", "is_help"), [*((name, False) for name in COMMANDS), ("list", True), ("cache info", True)]
)
def test_a_closed_pipe_is_silent(shell: Shell, name: str, is_help: bool) -> None:
    example = EXAMPLES[name]
    if example.before and not is_help:
        shell.run(*example.before.split())
    reader, writer = os.pipe()
    os.close(reader)
    words = [*name.split(), "--help"] if is_help else example.words.split()
    with shell.start(*words, stdout=writer) as process:
        os.close(writer)
        stderr = process.communicate()[1]
    assert stderr == "" or (example.narrates and not is_help)
    assert "Broken" not in stderr
    assert process.returncode == 0


@pytest.mark.parametrize(
    "words", [["--help"], ["--version"], ["cache", "--help"], ["list", "--all", "--json"]]
)
def test_a_pipe_that_closes_after_one_byte_is_silent(shell: Shell, words: list[str]) -> None:
    with shell.start(*words) as process:
        assert process.stdout
        assert process.stderr
        os.read(process.stdout.fileno(), 1)
        process.stdout.close()
        assert process.stderr.read() == ""
    assert process.returncode == 0


def test_groups_alone_show_their_help(shell: Shell) -> None:
    for name, command in batchtui.commands.items():
        if isinstance(command, click.Group):
            code, stdout, stderr = shell.run(name)
            assert (code, stdout) == (2, "")
            assert stderr.startswith(f"Usage: batchtui {name} ")
