"""What every start of batchtui keeps to: streams, locales, signals, memory, and never a traceback."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pexpect
import pytest

from batchtui.disk.scratch import PREFIX
from tests.cli.conftest import Call
from tests.submitting import request

BATCHTUI = f"{sys.executable} -m batchtui"
ENDED = "msgbatch_013ubSYyh46YWmEUIlGNr74i"
SECRET = "p4ssw0rd-of-mine"
NOBODY = "http://127.0.0.1:9"
ELSEWHERE = "https://api.example.invalid"
LATIN_1 = {"PYTHONIOENCODING": "latin-1"}


def shell(line: str) -> subprocess.CompletedProcess[str]:
    """Runs a line of sh with redirections, which subprocess itself does not have."""
    return subprocess.run(["sh", "-c", line], capture_output=True, text=True, check=False)


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of temporary files of what a test starts."""
    folder = tmp_path / "tmp"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    return folder


# Streams and locales


@pytest.mark.parametrize(
    ("line", "code", "stderr"),
    [
        ("config path >&-", 1, "batchtui: Cannot write to stdout: Bad file descriptor.\n"),
        ("--help >&-", 1, "batchtui: Cannot write to stdout: Bad file descriptor.\n"),
        ("config path <&- >/dev/full", 1, "batchtui: Cannot write to stdout: No space left on device.\n"),
        ("config path 2>&-", 0, ""),
        ("config nonsense 2>&-", 2, ""),
        ("config nonsense 2>/dev/full", 2, ""),
        ("config nonsense <&- >&- 2>&-", 2, ""),
    ],
)
def test_a_stream_that_is_closed_or_full_is_no_traceback(line: str, code: int, stderr: str) -> None:
    done = shell(f"{BATCHTUI} {line}")
    assert (done.returncode, done.stderr) == (code, stderr)


@pytest.mark.parametrize("words", [["config", "show"], ["sandbox", "--help"]])
def test_a_latin_1_locale_gets_escapes_for_what_it_does_not_have(call: Call, words: list[str]) -> None:
    done = call(*words, **LATIN_1)
    assert (done.returncode, done.stderr) == (0, "")
    assert "\\u2" in done.stdout


def test_json_is_whole_in_a_latin_1_locale(call: Call) -> None:
    lines = [call("results", ENDED, "--format", "json", **env).stdout for env in ({}, LATIN_1)]
    assert json.loads(lines[0]) == json.loads(lines[1])


def test_a_file_name_that_is_not_utf_8_is_submitted(call: Call, tmp_path: Path) -> None:
    path = os.fsdecode(bytes(tmp_path) + b"/\xff\xfe.jsonl")
    Path(path).write_text(json.dumps(request("a")) + "\n", encoding="utf-8")
    done = call("--demo", "create", path, "--yes", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["requests"] == 1


@pytest.mark.parametrize("batch_id", ["\udcff", "..", ".", "a/b", "a" * 257])
def test_an_id_that_is_not_plain_is_refused_before_it_is_sent(refused: Call, batch_id: str) -> None:
    done = refused("show", batch_id)
    assert done.returncode == 1
    assert "a batch ID has 1 to 256 letters" in done.stderr


def test_an_argument_that_is_not_text_is_wrong_usage(refused: Call) -> None:
    for words in (["results", ENDED, "--custom-id"], ["results", ENDED, "--type"], ["sandbox", "--key"]):
        assert refused(*words, "\udcff").returncode == 2


# Proxies


@pytest.mark.parametrize(
    "env",
    [
        {"HTTPS_PROXY": f"http://me:{SECRET}/x@host:1"},
        {"HTTPS_PROXY": f"socks5://me:{SECRET}#x@host:1"},
        {"HTTPS_PROXY": "http://host:port"},
        {"HTTPS_PROXY": "http://[::1"},
        {"HTTPS_PROXY": "http://host:1", "NO_PROXY": "[::1"},
    ],
    ids=str,
)
def test_a_malformed_proxy_is_named_by_doctor_without_its_password(
    call: Call, refused: Call, env: dict[str, str]
) -> None:
    done = call("doctor", ANTHROPIC_BASE_URL=ELSEWHERE, **env)
    assert (done.returncode, done.stderr) == (1, "")
    assert "fix  proxy" in done.stdout
    listed = refused("list", ANTHROPIC_BASE_URL=ELSEWHERE, **env)
    assert listed.returncode == 4
    assert SECRET not in done.stdout + listed.stderr


# Secrets


def test_no_secret_is_shown_wherever_it_was_given(call: Call, tmp_path: Path) -> None:
    config = Path(os.environ["XDG_CONFIG_HOME"], "batchtui", "config.toml")
    config.parent.mkdir()
    key = tmp_path / "key"
    key.write_text(SECRET)
    key.chmod(0o600)
    profile = "[profiles.p]\nbase_url = 'http://127.0.0.1:9'\n"
    places = [
        f"api_key = '{SECRET}'",
        f"api_key_file = 'sk-ant-{SECRET}'",
        f"api_key_file = '{key}'",
        f"api_key_command = ['echo', '{SECRET}']",
        f"api_key_command = ['sh', '-c', 'echo {SECRET}; exit 1']",
        f"headers = {{ X-Team = ' {SECRET}' }}",
        f"headers = {{ X-Team = '{SECRET}\\u007f' }}".replace("'", '"'),
        f"headers = {{ Authorization = 'Bearer {SECRET}' }}",
    ]
    env = {"HTTPS_PROXY": f"http://me:{SECRET}@127.0.0.1:9", "ANTHROPIC_CUSTOM_HEADERS": f"X-Mine: {SECRET}"}
    for place in places:
        config.write_text(f"{profile}{place}\n")
        for words in (["config", "show"], ["doctor"]):
            done = call("--profile", "p", *words, **env)
            assert SECRET not in done.stdout + done.stderr, (place, words)
            assert "Traceback" not in done.stderr
    assert SECRET not in call("--profile", "p", "list", **env).stderr
    for url in (f"https://me:{SECRET}@host", f"https://host?key={SECRET}", f"https://{SECRET} x"):
        assert SECRET not in call("--base-url", url, "doctor").stdout


def test_a_header_value_is_refused_with_its_line(call: Call) -> None:
    config = Path(os.environ["XDG_CONFIG_HOME"], "batchtui", "config.toml")
    config.parent.mkdir()
    config.write_text(f"[profiles.p]\n[profiles.p.headers]\nX-One = 'fine'\nX-Two = ' {SECRET}'\n")
    done = call("--profile", "p", "list")
    assert done.returncode == 2
    assert done.stderr == (
        f"batchtui: {config}, line 4, profiles.p.headers.X-Two: "
        "must be printable ASCII without blanks at its ends\n"
    )


def test_a_bug_is_one_sentence_without_what_the_error_says() -> None:
    program = (
        "import batchtui.config\n"
        f"def fail(): raise LookupError('{SECRET}')\n"
        "batchtui.config.data_dir = fail\n"
        "from batchtui.__main__ import main; main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, "config", "path"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (1, "")
    [line] = done.stderr.splitlines()
    assert line.startswith("batchtui: Bug: LookupError at cli/config.py:")
    assert SECRET not in line


def test_a_command_for_the_key_may_ask_on_the_terminal(tmp_path: Path) -> None:
    config = Path(os.environ["XDG_CONFIG_HOME"], "batchtui", "config.toml")
    config.parent.mkdir()
    asks = "printf Passphrase: >/dev/tty; read -r words </dev/tty; echo $words"
    config.write_text(f"[profiles.p]\napi_key_command = ['sh', '-c', '{asks}']\n")
    words = ["-m", "batchtui", "--cache-dir", str(tmp_path), "--profile", "p", "--base-url", NOBODY, "doctor"]
    child = pexpect.spawn(sys.executable, words, env=os.environ, timeout=30, encoding="utf-8")
    child.expect("Passphrase:")
    child.sendline("sk-test")
    child.expect(pexpect.EOF)
    child.close()
    assert "ok   key" in child.before


# Memory


@pytest.mark.skipif(sys.platform != "linux", reason="PR_GET_DUMPABLE is Linux's")
def test_memory_that_holds_a_key_is_not_dumped(tmp_path: Path) -> None:
    program = (
        "import atexit, ctypes, resource\n"
        "PR_GET_DUMPABLE = 3\n"
        "dumpable = lambda: ctypes.CDLL(None).prctl(PR_GET_DUMPABLE)\n"
        "facts = lambda: [dumpable(), *resource.getrlimit(resource.RLIMIT_CORE)]\n"
        "print(*facts(), flush=True)\n"
        "atexit.register(lambda: print(*facts()))\n"
        "from batchtui.__main__ import main; main()"
    )
    env = os.environ | {"ANTHROPIC_API_KEY": "sk-test", "BATCHTUI_CACHE_DIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", program, "--base-url", NOBODY, "doctor"],
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    before, *_, after = done.stdout.splitlines()
    most = before.split()[2]
    assert after.split() == ["0", "0", most], done.stderr


# Temporary folders


@pytest.fixture
def checking(temporary: Path, tmp_path: Path) -> Iterator[Callable[[], subprocess.Popen[bytes]]]:
    """Starts `create --dry-run` of a file that does not end; returns once the requests are being copied."""
    started: list[tuple[subprocess.Popen[bytes], int]] = []

    def start() -> subprocess.Popen[bytes]:
        pipe = tmp_path / f"requests-{len(started)}.jsonl"
        os.mkfifo(pipe)
        command = [sys.executable, "-m", "batchtui", "create", str(pipe), "--dry-run"]
        process = subprocess.Popen(command, stderr=subprocess.PIPE)
        writer = os.open(pipe, os.O_WRONLY)  # waits until it reads
        started.append((process, writer))
        return process

    yield start
    for process, writer in started:
        os.close(writer)
        process.kill()
        with process:
            pass


def copies(temporary: Path) -> list[str]:
    return [path.name for path in temporary.iterdir() if path.name.startswith(PREFIX)]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT])
def test_a_signal_leaves_no_copy_of_the_requests(
    checking: Callable[[], subprocess.Popen[bytes]], temporary: Path, number: signal.Signals
) -> None:
    process = checking()
    assert len(copies(temporary)) == 1
    process.send_signal(number)
    assert process.wait(30) == 128 + number
    assert process.stderr
    assert process.stderr.read().strip() == b"Interrupted."
    assert list(temporary.iterdir()) == []


def test_any_command_that_opens_the_workspace_removes_what_a_kill_left(
    checking: Callable[[], subprocess.Popen[bytes]], temporary: Path, call: Call
) -> None:
    killed, running = checking(), checking()
    killed.kill()
    killed.wait(30)
    assert len(copies(temporary)) == 2
    assert call("list").returncode == 0
    assert len(copies(temporary)) == 1
    assert running.poll() is None


@pytest.fixture
def dumps_allowed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What a test starts may leave core dumps, as far as the system is concerned."""
    least, most = resource.getrlimit(resource.RLIMIT_CORE)
    if not most:
        pytest.skip("this machine forbids core dumps anyway")
    monkeypatch.chdir(tmp_path)  # where a dump would be
    resource.setrlimit(resource.RLIMIT_CORE, (most, most))
    yield
    resource.setrlimit(resource.RLIMIT_CORE, (least, most))


@pytest.mark.usefixtures("dumps_allowed")
def test_no_signal_dumps_the_memory(checking: Callable[[], subprocess.Popen[bytes]]) -> None:
    process = checking()
    process.send_signal(signal.SIGABRT)  # which ends it at once, unlike SIGQUIT
    _, status = os.waitpid(process.pid, 0)
    assert os.WTERMSIG(status) == signal.SIGABRT
    assert not os.WCOREDUMP(status)


def test_the_next_start_removes_what_a_kill_left_and_nothing_else(
    checking: Callable[[], subprocess.Popen[bytes]], temporary: Path, tmp_path: Path
) -> None:
    killed = checking()
    [left] = copies(temporary)
    killed.kill()
    killed.wait(30)
    (temporary / "else").mkdir()
    (tmp_path / "target").mkdir()
    (temporary / f"{PREFIX}link").symlink_to(tmp_path / "target")
    running = checking()
    assert left not in copies(temporary)
    ours = set(copies(temporary))
    checking()
    assert ours < set(copies(temporary)), "the folder of a running process stays"
    assert running.poll() is None
    assert (temporary / "else").is_dir()
    assert (temporary / f"{PREFIX}link").is_symlink()
    assert (tmp_path / "target").is_dir()
