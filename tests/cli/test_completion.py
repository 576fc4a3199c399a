"""Completion in real shells, and by the variables that their scripts set."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import click
import pexpect
import pytest

from batchtui.cache import Batch, BatchCache, Counts
from batchtui.cli.app import batchtui
from batchtui.config import Credentials, Profile, Secret
from tests.cli.conftest import Call

KEY, URL = "sk-ant-complete", "http://127.0.0.1:9"
IDS = ["msgbatch_new", "msgbatch_old"]
HOSTILE = ["-rf", "..", "msgbatch_$(touch owned)", "msgbatch_ *", "msgbatch_\x1b[31m\n", "msgbatch_;,:`ls`"]
SCRIPTS = Path(sys.executable).parent


def batch(batch_id: str, created_at: float) -> Batch:
    return Batch(
        id=batch_id,
        status="ended",
        counts=Counts(0, 1234, 0, 0, 0),
        created_at=created_at,
        expires_at=created_at + 86_400,
        ended_at=created_at,
        cancel_initiated_at=None,
        archived_at=None,
        has_results_url=True,
        seen_at=created_at,
    )


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    """A cache that knows two plain batches and some that a shell must never see."""
    profile = Profile("default", URL, Credentials(Secret(KEY)))
    folder = tmp_path / "cache" / profile.workspace_digest
    folder.mkdir(parents=True)
    cache = BatchCache(folder / "cache.db")
    cache.store([(batch(name, 1e9 - n), "{}") for n, name in enumerate([*IDS, *HOSTILE])])
    cache.close()
    return os.environ | {
        "ANTHROPIC_API_KEY": KEY,
        "ANTHROPIC_BASE_URL": URL,
        "BATCHTUI_CACHE_DIR": str(tmp_path / "cache"),
        "PATH": f"{SCRIPTS}:{os.environ['PATH']}",
        "TERM": "xterm",
    }


Complete = Callable[..., list[str]]


@pytest.fixture
def complete(env: dict[str, str]) -> Complete:
    """What fish would be given for a line, ends of lines apart."""

    def run(line: str, **more: str) -> list[str]:
        variables = {
            "_BATCHTUI_COMPLETE": "fish_complete",
            "COMP_WORDS": line,
            "COMP_CWORD": line.split(" ")[-1],
        }
        done = subprocess.run(
            [sys.executable, "-m", "batchtui"],
            env=env | variables | more,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.stderr == ""
        return [text.removeprefix("plain,") for text in done.stdout.split("\n")[:-1] if text]

    return run


def test_ids_come_newest_first_with_their_status(complete: Complete) -> None:
    found = complete("batchtui show msg")
    assert [text.split("\t")[0] for text in found] == IDS
    assert found[0].split("\t")[1].startswith("ended · 1234 requests · ")
    assert [text.split("\t")[0] for text in complete("batchtui results msgbatch_o")] == ["msgbatch_old"]


def test_an_id_that_was_given_is_not_offered_again(complete: Complete) -> None:
    found = complete("batchtui cancel msgbatch_new msgbatch_")
    assert [text.split("\t")[0] for text in found] == ["msgbatch_old"]


def test_each_key_completes_its_own(complete: Complete) -> None:
    assert complete("batchtui show msg", ANTHROPIC_API_KEY="sk-ant-other") == []
    assert complete("batchtui --base-url http://localhost:1 show msg") == []
    assert complete("batchtui --demo show msg") == []


def test_commands_and_profiles(complete: Complete) -> None:
    path = Path(os.environ["XDG_CONFIG_HOME"], "batchtui", "config.toml")
    path.parent.mkdir()
    path.write_text("[profiles.prod]\n[profiles.'$(x)']\n")
    assert complete("batchtui --profile p") == ["prod"]
    assert [text.split("\t")[0] for text in complete("batchtui cache ")] == ["info", "prune", "verify"]


def test_completing_runs_nothing_that_could_ask(complete: Complete, tmp_path: Path) -> None:
    path = Path(os.environ["XDG_CONFIG_HOME"], "batchtui", "config.toml")
    path.parent.mkdir()
    path.write_text(f'[profiles.p]\napi_key_command = ["touch", "{tmp_path / "ran"}"]')
    assert complete("batchtui --profile p show msg") == []
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    "broken",
    [
        {"ANTHROPIC_API_KEY": ""},
        {"ANTHROPIC_BASE_URL": "http://example.com"},
        {"BATCHTUI_PROFILE": "none"},
        {"BATCHTUI_CACHE_DIR": "/dev/null"},
        {"COMP_CWORD": ""},
        {"COMP_WORDS": "batchtui 'unfinished"},
        {"_BATCHTUI_COMPLETE": "nonsense"},
    ],
    ids=lambda broken: next(iter(broken)),
)
def test_nothing_is_ever_said_while_a_line_is_typed(complete: Complete, broken: dict[str, str]) -> None:
    assert complete("batchtui show msg", **broken) == []  # and nothing on stderr


def test_a_damaged_configuration_is_not_the_shells_affair(complete: Complete) -> None:
    path = Path(os.environ["XDG_CONFIG_HOME"], "batchtui", "config.toml")
    path.parent.mkdir()
    path.write_text("= nonsense")
    assert complete("batchtui show msg") == complete("batchtui --profile p") == []


def test_completing_loads_no_client(env: dict[str, str]) -> None:
    program = (
        "import atexit, json, sys\n"
        "heavy = {'httpx', 'pydantic', 'asyncio', 'textual'}\n"
        "atexit.register(lambda: print(json.dumps([*(heavy & {*sys.modules})]), file=sys.stderr))\n"
        "from batchtui.__main__ import main; main()"
    )
    variables = {"_BATCHTUI_COMPLETE": "bash_complete", "COMP_WORDS": "batchtui show msg", "COMP_CWORD": "2"}
    done = subprocess.run(
        [sys.executable, "-c", program], env=env | variables, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == [f"plain,{name}" for name in IDS]
    assert json.loads(done.stderr) == []


def test_every_id_that_a_command_takes_is_completed() -> None:
    for command in leaves(batchtui):
        for argument in command.params:
            if isinstance(argument, click.Argument) and (argument.metavar or "").startswith("ID"):
                completes = argument._custom_shell_complete  # noqa: SLF001 - click has no public way to read it
                assert completes is not None, f"{command.name} {argument.name}"


def leaves(group: click.Group) -> list[click.Command]:
    found: list[click.Command] = []
    for command in group.commands.values():
        found += leaves(command) if isinstance(command, click.Group) else [command]
    return found


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_scripts(call: Call, shell: str) -> None:
    done = call("completion", shell)
    assert (done.returncode, done.stderr) == (0, "")
    assert "_BATCHTUI_COMPLETE" in done.stdout
    assert f"completion {shell}" in call("completion", "--help").stdout


def needs(shell: str) -> str:
    path = shutil.which(shell)
    if path is None:
        pytest.skip(f"{shell} is not installed")
    return path


@pytest.mark.parametrize(
    ("shell", "options", "setup"),
    [
        ("bash", ["--norc", "--noprofile"], "bind 'set bell-style none'"),
        (
            "zsh",
            ["-f"],
            "autoload -Uz compinit; compinit -u -d $HOME/.zcompdump; unsetopt beep zle_bracketed_paste",
        ),
    ],
    ids=["bash", "zsh"],
)
def test_a_real_shell_completes(
    env: dict[str, str], shell: str, options: list[str], setup: str, tmp_path: Path
) -> None:
    child = pexpect.spawn(
        needs(shell), options, env=env, cwd=tmp_path, timeout=30, dimensions=(24, 160), encoding="utf-8"
    )
    child.sendline(f'PS1="ready""> "; {setup}; eval "$(batchtui completion {shell})"')
    child.expect("ready> ")
    child.send("batchtui show msgbatch_o\t")
    child.expect("msgbatch_old")
    child.send("\x15batchtui show msgbatch_\t\t")
    child.expect("msgbatch_new")
    child.send("\x15exit\r")
    child.expect(pexpect.EOF)
    assert "$(touch" not in child.before
    assert not (tmp_path / "owned").exists()


def test_a_real_fish_completes(env: dict[str, str]) -> None:
    script = 'batchtui completion fish | source; complete -C "batchtui show msg"'
    done = subprocess.run(
        [needs("fish"), "--no-config", "-c", script], env=env, capture_output=True, text=True, check=True
    )
    assert [line.split("\t")[0] for line in done.stdout.splitlines()] == IDS
    assert "ended · 1234 requests" in done.stdout
