"""Profiles from options, real files and the environment; a key is never shown on the way."""

from __future__ import annotations

import errno
import os
import sys
import time
import traceback
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batchtui.config import (
    ConfigError,
    Credentials,
    MissingKey,
    Profile,
    Secret,
    credentials,
    load_profile,
    profile_names,
)
from batchtui.config.errors import Source
from batchtui.config.wire import checked_base_url, parse_header_lines

KEY = "sk-ant-not-a-real-key"
OTHER = "sk-ant-another-key"
WITH_KEY = {"ANTHROPIC_API_KEY": KEY}


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "config.toml"
    path.touch(mode=0o600)
    return path


def error(config: Path, env: dict[str, str], name: str | None = None, base_url: str | None = None) -> str:
    """Answers what is said about a profile that cannot be used, sure that the key is not in it."""
    with pytest.raises(ConfigError) as caught:
        load_profile(name, base_url=base_url, env=env, config_path=config)
    assert KEY not in "".join(traceback.format_exception(caught.value))
    return str(caught.value)


def key_file(config: Path, content: str = KEY + "\n", mode: int = 0o600) -> Path:
    """Writes a key file and a profile that names it."""
    path = config.parent / "key"
    path.write_text(content)
    path.chmod(mode)
    config.write_text('[profiles.p]\napi_key_file = "key"\n')
    return path


def test_the_environment_alone_is_a_profile(tmp_path: Path) -> None:
    profile = load_profile(None, env=WITH_KEY, config_path=tmp_path / "none.toml")
    assert profile == Profile("default", "https://api.anthropic.com", Credentials(Secret(KEY), "key"))
    assert profile.version == "2023-06-01"


def test_the_key_wins_over_the_token(config: Path) -> None:
    both = {"ANTHROPIC_API_KEY": KEY, "ANTHROPIC_AUTH_TOKEN": OTHER}
    assert load_profile(None, env=both, config_path=config).credentials == Credentials(Secret(KEY), "key")
    token = load_profile(None, env=both | {"ANTHROPIC_API_KEY": ""}, config_path=config)
    assert token.credentials == Credentials(Secret(OTHER), "token")


def test_no_key_is_said_with_the_way_out(config: Path) -> None:
    with pytest.raises(MissingKey) as caught:
        load_profile(None, env={"ANTHROPIC_API_KEY": ""}, config_path=config)
    assert str(caught.value) == "No API key: set ANTHROPIC_API_KEY, or try the demo with `batchtui --demo`."


@pytest.mark.parametrize("key", [" ", f"{KEY}\n", f" {KEY}", f"{KEY}\x1b[2J", f"{KEY}é"])
def test_a_key_that_cannot_be_one_is_refused_unseen(config: Path, key: str) -> None:
    said = "gives a key with blanks, control or non-ASCII characters; copy it again"
    assert error(config, {"ANTHROPIC_API_KEY": key}) == f"ANTHROPIC_API_KEY: {said}"
    assert error(config, {"ANTHROPIC_AUTH_TOKEN": key}) == f"ANTHROPIC_AUTH_TOKEN: {said}"


def test_option_then_variable_then_file_name_the_profile(config: Path) -> None:
    config.write_text('profile = "a"\n[profiles.a]\n[profiles.b]\n[profiles.c]\n')
    env = WITH_KEY | {"BATCHTUI_PROFILE": "b"}
    assert load_profile("c", env=env, config_path=config).name == "c"
    assert load_profile(None, env=env, config_path=config).name == "b"
    assert load_profile(None, env=WITH_KEY, config_path=config).name == "a"
    assert load_profile("default", env=WITH_KEY, config_path=config).name == "default"
    assert profile_names(config) == ["a", "b", "c"]


def test_a_profile_that_is_not_there_is_named_with_the_nearest(config: Path) -> None:
    config.write_text("\n[profiles.prod]\n")
    assert error(config, WITH_KEY, "prdo") == '--profile: there is no profile "prdo"; did you mean "prod"?'
    env = WITH_KEY | {"BATCHTUI_PROFILE": "x"}
    assert error(config, env) == 'BATCHTUI_PROFILE: there is no profile "x"; known are: prod'
    config.write_text('profile = "prod"')
    assert (
        error(config, WITH_KEY) == f'{config}, line 1, profile: there is no profile "prod"; known are: none'
    )
    config.write_text('profile = ""')
    assert error(config, WITH_KEY) == f"{config}, line 1, profile: must be the name of a profile in quotes"
    config.write_text("profiles.prod = 1")
    assert error(config, WITH_KEY, "prod") == f"{config}, line 1, profiles.prod: must be a table"


def test_a_profile_sets_everything(config: Path) -> None:
    config.write_text(
        """
        [profiles.p]
        base_url = "https://Gateway.example/anthropic/"
        api_key_env = "TEAM_KEY"
        read_only = true
        headers = { x-team = "evals", X-Other = "b" }
        version = "2026-10-21"
        betas = ["one-beta", "two-beta"]
        workspace_id = "wrkspc_01"
        """
    )
    env = WITH_KEY | {
        "TEAM_KEY": OTHER,
        "ANTHROPIC_BASE_URL": "https://elsewhere.example",
        "ANTHROPIC_CUSTOM_HEADERS": "X-Team: nobody\nX-Env: yes",
    }
    profile = load_profile("p", env=env, config_path=config)
    assert profile == Profile(
        name="p",
        base_url="https://gateway.example/anthropic",
        credentials=Credentials(Secret(OTHER)),
        headers=(("X-Env", "yes"), ("x-team", "evals"), ("X-Other", "b")),
        version="2026-10-21",
        betas=("one-beta", "two-beta"),
        workspace_id="wrkspc_01",
        read_only=True,
    )
    assert (
        load_profile("p", base_url="http://[::1]:80", env=env, config_path=config).base_url
        == "http://[::1]:80"
    )


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("read_olny = true", 'read_olny: unknown key; did you mean "read_only"?'),
        ("read_only = 1", "read_only: must be true or false"),
        ("base_url = 1", "base_url: must be a URL in quotes"),
        ('base_url = ""', "base_url: must be a URL in quotes"),
        (
            f'api_key_env = "{KEY}"',
            "api_key_env: must be the name of an environment variable, never the key itself",
        ),
        ('api_key_env = "UNSET"', "api_key_env: the variable UNSET is not set; export it first"),
        ('api_key_file = ""', "api_key_file: must be the path of a file of mode 600"),
        (
            'api_key_command = "pass show"',
            'api_key_command: must be a command as a list, like ["pass", "show", "anthropic"]',
        ),
        (
            'headers = { "X Team" = "a" }',
            'headers: must be a table of headers in plain ASCII, like { X-Team = "evals" }',
        ),
        (
            f'headers = {{ X-Team = "{KEY}\\n" }}',
            "headers.X-Team: must be printable ASCII without blanks at its ends",
        ),
        (
            f'headers = {{ X-Team = " {KEY}" }}',
            "headers.X-Team: must be printable ASCII without blanks at its ends",
        ),
        (
            'api_key_command = ["pass", "\\u0000"]',
            'api_key_command: must be a command as a list, like ["pass", "show", "anthropic"]',
        ),
        ('api_key_file = "key\\u0000"', "api_key_file: must be the path of a file of mode 600"),
        (
            "base_url = 'https://[v1.a]'",
            "base_url: has a host or port that cannot be",
        ),
        (
            "base_url = 'https://xn--a'",
            "base_url: has a host or port that cannot be",
        ),
        (
            'api_key_keyring = "anthropic"',
            'api_key_keyring: must be a service and a user as the keyring has them, like "anthropic/prod"',
        ),
        ('version = "newest"', 'version: must be a date in quotes, like "2023-06-01"'),
        ('betas = ["a,b"]', "betas: must be a list of names of beta features"),
        ("workspace_id = 1", "workspace_id: must be a workspace id in quotes"),
        (
            f'api_key = "{KEY}"',
            "api_key: a key does not belong in this file: put it into a file of mode 600 and name that as"
            " api_key_file, or use api_key_env, api_key_command or api_key_keyring",
        ),
        (
            'api_key_command = ["true"]\napi_key_file = "x"',
            "api_key_file: give only one of api_key_file and api_key_command",
        ),
    ],
)
def test_mistakes_in_a_profile_are_named_with_their_line(config: Path, line: str, said: str) -> None:
    config.write_text(f"[profiles.p]\n{line}")
    at = 3 if "\n" in line else 2
    assert error(config, WITH_KEY, "p") == f"{config}, line {at}, profiles.p.{said}"


@pytest.mark.parametrize(
    ("url", "normal"),
    [
        ("https://api.anthropic.com/", "https://api.anthropic.com"),
        ("https://api.anthropic.com/v1", "https://api.anthropic.com"),
        ("https://gateway.example/anthropic/v1/", "https://gateway.example/anthropic"),
        ("https://gateway.example/anthropic-v1", "https://gateway.example/anthropic-v1"),
        ("HTTPS://API.example:8443/a/B//", "https://api.example:8443/a/B"),
        ("http://localhost:8000", "http://localhost:8000"),
        ("http://127.8.9.1/", "http://127.8.9.1"),
        ("http://[::1]:9/x", "http://[::1]:9/x"),
    ],
)
def test_base_urls_are_made_alike(url: str, normal: str) -> None:
    assert checked_base_url(url, Source("--base-url")) == normal


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://api.anthropic.com", "must be https"),
        ("http://127.0.0.1.evil.example", "must be https"),
        ("http://localhost.evil.example", "must be https"),
        ("http://0.0.0.0", "must be https"),
        (f"https://user:{KEY}@host.example", "user name or password"),
        (f"https://host.example/?key={KEY}", "query or fragment"),
        ("https://host.example/?", "query or fragment"),
        ("https://host.example#", "query or fragment"),
        ("api.anthropic.com", "must be a URL like"),
        ("ftp://host.example", "must be a URL like"),
        ("https://", "must be a URL like"),
        ("https://host.example:99999", "host or port"),
        ("https://[::1", "host or port"),
        ("https://a..example", "host or port"),
        (f"https://{'a' * 64}.example", "host or port"),
        ("https://host%00.example", "host or port"),
        ("https://host.example/a b", "printable ASCII"),
        ("https://host.example\r\nX: y", "printable ASCII"),
        ("https://hóst.example", "printable ASCII"),
        ("https://host.example\\@other.example", "printable ASCII"),
    ],
)
def test_base_urls_that_could_leak_the_key_are_refused(config: Path, url: str, said: str) -> None:
    by_option = error(config, WITH_KEY, base_url=url)
    by_variable = error(config, WITH_KEY | {"ANTHROPIC_BASE_URL": url})
    assert by_option.startswith("--base-url: ")
    assert by_variable.startswith("ANTHROPIC_BASE_URL: ")
    assert said in by_option
    assert said in by_variable


@given(st.text() | st.from_regex(r"https?://[a-z0-9.@:\[\]/?#\\]*", fullmatch=True))
def test_a_base_url_is_refused_or_stays_as_it_is_when_checked_again(url: str) -> None:
    source = Source("--base-url")
    try:
        once = checked_base_url(url, source)
    except ConfigError:
        return
    assert checked_base_url(once, source) == once


def test_custom_headers_are_read_as_lines() -> None:
    source = Source("ANTHROPIC_CUSTOM_HEADERS")
    assert parse_header_lines("", source) == ()
    assert parse_header_lines("X-A: 1:2\r\n\n  X-B :\n", source) == (("X-A", "1:2"), ("X-B", ""))


@pytest.mark.parametrize(
    "line", [KEY, f": {KEY}", f"X A: {KEY}", f"X-A: {KEY}\x1b", f"X-Ä: {KEY}", f"X-A: {KEY}é"]
)
def test_a_bad_custom_header_is_refused_unseen(config: Path, line: str) -> None:
    said = error(config, WITH_KEY | {"ANTHROPIC_CUSTOM_HEADERS": f"X-Good: 1\n{line}"})
    assert said == 'ANTHROPIC_CUSTOM_HEADERS: line 2 is not a header: write "Name: value" in plain ASCII'


def test_a_key_is_read_from_a_private_file(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = key_file(config, KEY + "\r\n")
    assert load_profile("p", env={}, config_path=config).credentials == Credentials(Secret(KEY))
    monkeypatch.setenv("HOME", str(path.parent))
    config.write_text('[profiles.p]\napi_key_file = "~/key"')
    assert load_profile("p", env={}, config_path=config).credentials == Credentials(Secret(KEY))


def test_a_key_file_that_others_may_read_is_refused(config: Path) -> None:
    path = key_file(config, mode=0o640)
    said = f"others may read or change {path}; run: chmod 600 {path}"
    assert error(config, {}, "p") == f"{config}, line 2, profiles.p.api_key_file: {said}"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "gives an empty key"),
        ("\n", "gives an empty key"),
        (f"{KEY}\n\n", "gives a key with blanks"),
        (f"{KEY}\nlogin: me\n", "gives several lines"),
        ("k" * 1_000_000, "gives more than a key can be"),
    ],
)
def test_a_key_file_with_something_else_is_refused(config: Path, content: str, said: str) -> None:
    key_file(config, content)
    assert said in error(config, {}, "p")


def test_a_key_file_that_is_no_file_of_ours_is_refused(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = key_file(config)
    path.rename(path.with_name("real"))
    assert f"cannot read {path}: No such file or directory" in error(config, {}, "p")
    path.symlink_to("real")
    assert f"cannot read {path}: it is a symbolic link" in error(config, {}, "p")
    path.unlink()
    os.mkfifo(path, 0o600)
    assert f"{path} is not a regular file" in error(config, {}, "p")
    path.unlink()
    path.mkdir(0o700)
    assert f"{path} is not a regular file" in error(config, {}, "p")
    path.rmdir()
    path = key_file(config)
    os.chown(path, 4242, -1) if os.geteuid() == 0 else monkeypatch.setattr(os, "geteuid", lambda: 4242)
    assert "belongs to somebody else" in error(config, {}, "p")


def run_by_python(config: Path, code: str) -> None:
    """Writes a profile whose key a small Python program prints."""
    config.write_text(f"[profiles.p]\napi_key_command = ['{sys.executable}', '-c', '''{code}''']")


def test_a_key_is_read_from_a_command(config: Path) -> None:
    run_by_python(config, "import os; print(os.environ['FROM_ENV'])")
    assert load_profile("p", env={"FROM_ENV": KEY}, config_path=config).credentials == Credentials(
        Secret(KEY)
    )


def test_a_command_that_fails_is_named_but_not_quoted(
    config: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    run_by_python(config, f"import sys; print('{KEY}'); sys.exit('{KEY}')")
    assert error(config, {}, "p").endswith("failed with exit code 1; run it by hand to see why")
    assert KEY not in "".join(capfd.readouterr())
    run_by_python(config, "pass")
    assert error(config, {}, "p").endswith("api_key_command: gives an empty key")
    config.write_text('[profiles.p]\napi_key_command = ["no-such-command-here"]')
    assert error(config, {}, "p").endswith("cannot run no-such-command-here: No such file or directory")
    monkeypatch.setattr(credentials, "_COMMAND_SECONDS", 0.1)
    run_by_python(config, "import time; time.sleep(60)")
    assert error(config, {}, "p").endswith("gave no key within 0.1 seconds")


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (f"print('{KEY}'); print('login: me')", "gives several lines; it must give the key alone"),
        ("print()", "gives an empty key"),
        ("while True: print('k' * 100_000)", "gives more than a key can be"),
        ("import os; os.kill(os.getpid(), 9)", "failed with exit code -9; run it by hand to see why"),
    ],
    ids=["lines", "nothing", "endless", "killed"],
)
def test_a_command_that_gives_no_key(config: Path, code: str, said: str) -> None:
    run_by_python(config, code)
    assert error(config, {}, "p").endswith(said)


def test_a_command_that_takes_too_long_is_killed_with_its_children(
    config: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    config.write_text(f'[profiles.p]\napi_key_command = ["sh", "-c", "cat {pipe}; true"]')
    monkeypatch.setattr(credentials, "_COMMAND_SECONDS", 0.2)
    assert error(config, {}, "p").endswith("sh gave no key within 0.2 seconds")
    while is_read(pipe):
        time.sleep(0.01)


def is_read(pipe: Path) -> bool:
    """Whether a process has the pipe open for reading."""
    try:
        os.close(os.open(pipe, os.O_WRONLY | os.O_NONBLOCK))
    except OSError as error:
        if error.errno == errno.ENXIO:
            return False
        raise
    return True


KEYRING = """
from keyring import errors
def get_password(service, user):
    if service == "locked":
        raise errors.KeyringLocked
    return {("anthropic/evals", "me"): "%s"}.get((service, user))
"""
ERRORS = """
class KeyringError(Exception): pass
class KeyringLocked(KeyringError): pass
"""


@pytest.fixture
def keyring(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A keyring in place of the library, which need not be installed and would want a desktop."""
    package = tmp_path / "library" / "keyring"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text(KEYRING % KEY)
    (package / "errors.py").write_text(ERRORS)
    monkeypatch.syspath_prepend(package.parent)
    for name in ("keyring", "keyring.errors"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    return package


@pytest.mark.usefixtures("keyring")
def test_a_key_is_read_from_a_keyring(config: Path) -> None:
    config.write_text('[profiles.p]\napi_key_keyring = "anthropic/evals/me"')
    assert load_profile("p", env={}, config_path=config).credentials == Credentials(Secret(KEY))
    config.write_text('[profiles.p]\napi_key_keyring = "anthropic/you"')
    assert error(config, {}, "p").endswith("the keyring has no such entry; run: keyring set anthropic you")
    config.write_text('[profiles.p]\napi_key_keyring = "locked/me"')
    assert error(config, {}, "p").endswith("the keyring cannot be read (KeyringLocked)")


def test_without_the_keyring_library_it_is_said_how_to_get_it(config: Path, keyring: Path) -> None:
    (keyring / "__init__.py").write_text("raise ImportError")
    config.write_text('[profiles.p]\napi_key_keyring = "anthropic/me"')
    said = "keyring is not installed; run: pip install 'batchtui[keyring]'"
    assert error(config, {}, "p").endswith(said)


def profile(**changes: object) -> Profile:
    values: dict[str, object] = {"base_url": "https://a.example", "credentials": Credentials(Secret(KEY))}
    return Profile(name="p", **(values | changes))  # type: ignore[arg-type]


def test_workspaces_are_told_apart_by_address_key_and_id() -> None:
    digest = profile().workspace_digest
    assert len(bytes.fromhex(digest)) == 8
    assert profile(read_only=True, version="2026-10-21").workspace_digest == digest
    others = {
        profile(base_url="https://b.example").workspace_digest,
        profile(credentials=Credentials(Secret(OTHER))).workspace_digest,
        profile(workspace_id="wrkspc_01").workspace_digest,
        digest,
    }
    assert len(others) == 4


def test_a_profile_shows_no_secret() -> None:
    shown = repr(profile(headers=(("Authorization", OTHER),)))
    assert KEY not in shown
    assert OTHER not in shown
