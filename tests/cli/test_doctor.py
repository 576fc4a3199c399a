"""`doctor` tells what is well and what to do, with a key or without, and shows no secret."""

from __future__ import annotations

import json
import os
import stat
import sys
from pathlib import Path

import pexpect
import pytest

from batchtui.cli import doctor_checks as checks
from tests.cli.conftest import Call

SECRET = "p4ssw0rd"
ELSEWHERE = "https://api.example.invalid"
REFUSED = "All connection attempts failed"


def looked_at(call: Call, *words: str, **env: str) -> dict[str, tuple[bool, str]]:
    done = call(*words, "doctor", "--json", **env)
    assert done.stderr == ""
    found = {line["name"]: (line["ok"], line["text"]) for line in map(json.loads, done.stdout.splitlines())}
    assert done.returncode == (0 if all(ok for ok, _ in found.values()) else 1)
    assert SECRET not in done.stdout
    return found


def test_all_is_well(call: Call, tmp_path: Path) -> None:
    found = looked_at(call)
    assert all(ok for ok, _ in found.values()), found
    assert "answered 200 in " in found["api"][1]
    assert "request id req_" in found["api"][1]
    assert found["key"][1] == "from ANTHROPIC_API_KEY"
    assert not (tmp_path / "cache").exists(), "looking changes nothing"


def test_for_people_each_line_says_ok_or_fix(call: Call) -> None:
    done = call("doctor", ANTHROPIC_API_KEY="")
    assert done.returncode == 1
    first = {line.split()[1]: line.split()[0] for line in done.stdout.splitlines()}
    assert {name for name, word in first.items() if word == "fix"} == {"key", "api"}
    assert set(first.values()) == {"ok", "fix"}


def test_a_wrong_key_says_so(call: Call) -> None:
    ok, text = looked_at(call, ANTHROPIC_API_KEY=SECRET)["api"]
    assert not ok
    assert "401" in text
    assert "request id req_" in text


def test_a_server_that_is_away(call: Call) -> None:
    ok, text = looked_at(call, ANTHROPIC_BASE_URL="http://127.0.0.1:9")["api"]
    assert not ok
    assert "http://127.0.0.1:9 cannot be reached" in text


def test_a_mistake_in_the_configuration(call: Call) -> None:
    path = Path(os.environ["XDG_CONFIG_HOME"], "batchtui", "config.toml")
    path.parent.mkdir()
    path.write_text("[profiles.p]\nread_olny = true\n")
    found = looked_at(call, "--profile", "p")
    assert found["config"] == (
        False,
        f'{path}, line 2, profiles.p.read_olny: unknown key; did you mean "read_only"?',
    )


def test_a_proxy_is_named_without_its_password(call: Call) -> None:
    env = {"ANTHROPIC_BASE_URL": ELSEWHERE, "HTTPS_PROXY": f"http://me:{SECRET}@127.0.0.1:9"}
    found = looked_at(call, **env)
    assert found["proxy"] == (True, "http://127.0.0.1:9")
    assert found["api"] == (
        False,
        f"{ELSEWHERE} through the proxy 127.0.0.1:9 cannot be reached ({REFUSED}).",
    )
    assert looked_at(call, **env, NO_PROXY="example.invalid")["proxy"] == (True, "none")
    assert looked_at(call, HTTP_PROXY=env["HTTPS_PROXY"])["proxy"] == (True, "none")


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "ALL_PROXY"])
def test_a_proxy_that_is_away_is_named_without_its_password(refused: Call, name: str) -> None:
    env = {"ANTHROPIC_BASE_URL": ELSEWHERE, name: f"http://me:{SECRET}@127.0.0.1:9"}
    done = refused("list", **env)
    assert done.returncode == 4
    assert f"{ELSEWHERE} through the proxy 127.0.0.1:9 cannot be reached ({REFUSED})." in done.stderr
    assert SECRET not in done.stderr


@pytest.mark.parametrize("scheme", ["ftp", "socks5"])
def test_a_proxy_that_cannot_be_used(call: Call, refused: Call, scheme: str) -> None:
    env = {"ANTHROPIC_BASE_URL": ELSEWHERE, "ALL_PROXY": f"{scheme}://me:{SECRET}@127.0.0.1:9"}
    ok, text = looked_at(call, **env)["proxy"]
    assert not ok
    assert text.startswith(f"{scheme}://127.0.0.1:9 ")
    done = refused("list", **env)
    assert done.returncode == 4
    assert "batchtui doctor" in done.stderr
    assert SECRET not in done.stderr


def test_certificates(call: Call, tmp_path: Path) -> None:
    env = {"ANTHROPIC_BASE_URL": ELSEWHERE, "HTTPS_PROXY": "http://127.0.0.1:9"}
    ok, text = looked_at(call, **env)["tls"]
    assert ok
    assert "authorities from " in text
    missing = str(tmp_path / "none.pem")
    found = looked_at(call, **env, SSL_CERT_FILE=missing)
    assert not found["tls"][0]
    assert missing in found["tls"][1]


def test_a_workspace_that_others_may_write_to(call: Call, tmp_path: Path) -> None:
    call("list", "--limit", "1")
    [folder] = (tmp_path / "cache").iterdir()
    ok, text = looked_at(call)["workspace"]
    assert ok
    assert text == f"{folder.name}, mode 700"
    folder.chmod(0o770)
    ok, text = looked_at(call)["workspace"]
    assert not ok
    assert "chmod 700" in text


def test_a_cache_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    ok, text = checks.cache(tmp_path / "file")[1:]
    assert not ok
    assert "--cache-dir" in text
    tmp_path.chmod(0o750)
    ok, text = checks.cache(tmp_path)[1:]
    assert ok
    assert f"mode {stat.S_IMODE(tmp_path.stat().st_mode):o}" in text


@pytest.mark.parametrize(
    ("env", "size", "ok", "said"),
    [
        ({"TERM": "xterm-256color"}, (120, 40), True, "xterm-256color, 120×40"),
        ({"TERM": "xterm"}, (39, 40), False, "too small"),
        ({"TERM": "dumb"}, (120, 40), False, "TERM is dumb"),
        ({}, (120, 40), False, "TERM is not set"),
        ({}, None, True, "none: only"),
    ],
)
def test_terminals(env: dict[str, str], size: tuple[int, int] | None, ok: bool, said: str) -> None:
    check = checks.terminal(env, size)
    assert (check.ok, said in check.text) == (ok, True)


@pytest.mark.parametrize(
    ("env", "said"),
    [
        ({"TERM": "xterm-256color", "COLORTERM": "truecolor"}, "true color"),
        ({"TERM": "xterm-direct"}, "true color"),
        ({"TERM": "screen-256color"}, "256;"),
        ({"TERM": "linux"}, "16"),
        ({"TERM": "xterm-256color", "COLORTERM": "truecolor", "NO_COLOR": "1"}, "none (NO_COLOR is set)"),
    ],
)
def test_colors(env: dict[str, str], said: str) -> None:
    assert checks.colors(env).text.startswith(said)


def test_an_old_python() -> None:
    assert not checks.python((3, 10, 9)).ok
    assert checks.python((3, 11, 0)).ok


def test_on_a_terminal_its_size_is_told() -> None:
    child = pexpect.spawn(
        sys.executable,
        ["-m", "batchtui", "--demo", "doctor"],
        env=os.environ | {"TERM": "xterm-256color"},
        dimensions=(30, 100),
        timeout=20,
    )
    child.expect("ok   terminal  xterm-256color, 100×30".encode())
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0
