"""`config path` and `config show`: what applies and where it came from, and never a secret."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Call

SECRET = "sk-ant-very-secret"
CONFIG = """
profile = "prod"
theme = "light"

[keys]
"batches.cancel" = "x"

[profiles.prod]
base_url = "https://gateway.example"
betas = ["one", "two"]
api_key_command = ["touch", "{mark}"]
headers = {{ X-Team = "sk-ant-very-secret", X-Other = "2" }}

[profiles.other]
api_key_env = "OTHER"
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = Path(os.environ["XDG_CONFIG_HOME"], "batchtui", "config.toml")
    path.parent.mkdir()
    path.write_text(CONFIG.format(mark=tmp_path / "ran"))
    return path


def shown(call: Call, *words: str, **env: str) -> dict[str, dict[str, Any]]:
    done = call(*words, "config", "show", "--json", **env)
    assert (done.returncode, done.stderr) == (0, "")
    assert SECRET not in done.stdout
    return {line["name"]: line for line in map(json.loads, done.stdout.splitlines())}


def test_paths(call: Call, tmp_path: Path) -> None:
    done = call("config", "path")
    assert (done.returncode, done.stderr) == (0, "")
    paths = dict(line.split(maxsplit=1) for line in done.stdout.splitlines())
    assert paths == {
        "config": f"{os.environ['XDG_CONFIG_HOME']}/batchtui/config.toml",
        "cache": str(tmp_path / "cache"),
        "data": f"{os.environ['XDG_DATA_HOME']}/batchtui",
    }
    assert call("--cache-dir", "/elsewhere", "config", "path").stdout.splitlines()[1].endswith(" /elsewhere")


def test_without_a_file_all_is_default_or_of_the_environment(call: Call) -> None:
    found = shown(call, ANTHROPIC_API_KEY=SECRET, ANTHROPIC_CUSTOM_HEADERS=f"X-Env: {SECRET}")
    assert {name: one["source"] for name, one in found.items() if one["source"]} == {
        "base_url": "ANTHROPIC_BASE_URL",
        "key": "ANTHROPIC_API_KEY",
        "headers.X-Env": "ANTHROPIC_CUSTOM_HEADERS",
    }
    assert {name for name, one in found.items() if one["hidden"]} == {"key", "headers.X-Env"}
    assert found["key"]["value"] is found["headers.X-Env"]["value"] is None
    assert found["theme"] == {"name": "theme", "value": "dark", "source": None, "hidden": False}


def test_each_value_of_the_file_is_named_with_its_line(call: Call, config: Path, tmp_path: Path) -> None:
    found = shown(call, ANTHROPIC_CUSTOM_HEADERS="x-team: 1\nX-Env: 2")
    assert found["profile"]["source"] == f"{config}, line 2, profile"
    assert found["theme"]["source"] == f"{config}, line 3, theme"
    assert found["keys.batches.cancel"]["value"] == "x"
    assert found["base_url"]["value"] == "https://gateway.example"
    assert found["betas"]["value"] == ["one", "two"]
    assert found["key"]["source"] == f"{config}, line 11, profiles.prod.api_key_command"
    assert found["headers.X-Team"]["source"] == f"{config}, line 12, profiles.prod.headers"
    assert found["headers.X-Env"]["source"] == "ANTHROPIC_CUSTOM_HEADERS"
    assert "headers.x-team" not in found
    assert not (tmp_path / "ran").exists(), "the command of the key was run"


def test_options_count(call: Call, config: Path) -> None:
    found = shown(call, "--profile", "other", "--base-url", "http://localhost:1", "--read-only")
    assert found["profile"] == {"name": "profile", "value": "other", "source": "--profile", "hidden": False}
    assert (found["base_url"]["value"], found["base_url"]["source"]) == ("http://localhost:1", "--base-url")
    assert (found["read_only"]["value"], found["read_only"]["source"]) == (True, "--read-only")
    assert found["key"]["source"] == f"{config}, line 15, profiles.other.api_key_env"


def test_for_people(call: Call, config: Path) -> None:
    text = call("config", "show").stdout
    assert SECRET not in text
    rows = {line.split()[0]: line for line in text.splitlines()}
    assert "(hidden)" in rows["key"]
    assert rows["mouse"].split() == ["mouse", "true", "default"]


def test_no_key_is_said_and_no_failure(call: Call) -> None:
    done = call("config", "show", ANTHROPIC_API_KEY="")
    assert done.returncode == 0
    assert "not set: set ANTHROPIC_API_KEY" in done.stdout


def test_a_mistake_in_the_file_is_told_with_its_line(refused: Call, config: Path) -> None:
    config.write_text("theem = 1")
    done = refused("config", "show")
    assert done.returncode == 2
    assert f"{config}, line 1, theem: unknown key" in done.stderr


def test_keys_that_cannot_be_are_named_here_too(call: Call, config: Path) -> None:
    text = CONFIG.format(mark="ran")
    for line, said in (
        ('"batches.cancle" = "x"', 'keys.batches.cancle: unknown key; did you mean "batches.cancel"?'),
        ('"batches.cancel" = "d"', 'keys.batches.cancel: "d" is also the key of batches.delete'),
    ):
        config.write_text(text.replace('"batches.cancel" = "x"', line))
        done = call("config", "show")
        assert (done.returncode, done.stdout) == (2, "")
        assert f"line 6, {said}" in done.stderr
