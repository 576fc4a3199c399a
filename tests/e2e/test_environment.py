"""What terminals and shells say of themselves, and what is made of it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from batchtui.sandbox import Embedded
from tests.e2e.conftest import Start
from tests.e2e.output import read_output

USAGE = 2
"""The exit code for what was asked wrongly."""
SGR = re.compile(rb"\x1b\[([0-9;]*)m")


def styles_of(raw: bytearray) -> set[str]:
    """All style sequences that were sent."""
    return {found.decode() for found in SGR.findall(raw)}


def test_a_dumb_terminal_is_told_which_command_to_use(frozen_sandbox: Embedded, start: Start) -> None:
    terminal = start(frozen_sandbox.base_url, key=frozen_sandbox.api_key, TERM="dumb")
    assert terminal.until_ended() == USAGE
    assert "batchtui list" in terminal.shown
    assert b"\x1b" not in terminal.raw


def test_without_a_terminal_it_is_told_which_command_to_use() -> None:
    words, env = [sys.executable, "-m", "batchtui"], {**os.environ, "ANTHROPIC_API_KEY": "sk-test"}
    done = subprocess.run(
        words, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (USAGE, "")
    assert "batchtui list" in done.stderr


@pytest.mark.parametrize(
    ("env", "wanted"),
    [
        ({"COLORTERM": "truecolor"}, r"38;2;\d+;\d+;\d+"),
        ({"COLORTERM": ""}, r"38;5;\d+"),
        ({"COLORTERM": "", "TERM": "linux"}, r"3[0-7]|9[0-7]"),
    ],
    ids=["true color", "256 colors", "16 colors"],
)
def test_no_more_colors_than_the_terminal_has(
    frozen_sandbox: Embedded, start: Start, env: dict[str, str], wanted: str
) -> None:
    terminal = start(frozen_sandbox.base_url, key=frozen_sandbox.api_key, **env)
    terminal.until_shown("live", "in progress")
    styles = styles_of(terminal.raw)
    kinds = ("38;2;", "38;5;")
    assert any(re.search(rf"(^|;)({wanted})(;|$)", style) for style in styles)
    assert all(kind in wanted.replace("\\d+", "") for kind in kinds if any(kind in style for style in styles))


def test_no_color(frozen_sandbox: Embedded, start: Start) -> None:
    terminal = start(frozen_sandbox.base_url, key=frozen_sandbox.api_key, NO_COLOR="1", COLORTERM="truecolor")
    terminal.until_shown("live", "in progress", "▸")
    colors = re.findall(r"38;2;(\d+);(\d+);(\d+)", " ".join(styles_of(terminal.raw)))
    assert all(max(map(int, rgb)) - min(map(int, rgb)) < 8 for rgb in colors), "only greys"


def test_over_ssh_nothing_is_animated(frozen_sandbox: Embedded, start: Start) -> None:
    terminal = start(
        frozen_sandbox.base_url, key=frozen_sandbox.api_key, SSH_CONNECTION="10.0.0.1 5 10.0.0.2 22"
    )
    terminal.until_shown("live")
    terminal.type(":sort")
    terminal.until_shown("order by age")
    before = 0
    while len(terminal.raw) != before:  # what it finds comes bit by bit
        before = len(terminal.raw)
        terminal.read(1.0)
    terminal.read(1.0)
    assert len(terminal.raw) == before
    read_output(bytes(terminal.raw))


def test_the_screens_come_to_the_terminal_where_stderr_is_a_file(start: Start, tmp_path: Path) -> None:
    log = tmp_path / "log"
    terminal = start("http://127.0.0.1:9", stderr=log)
    terminal.until_shown("q quit")
    terminal.type("q")
    terminal.until_ended()
    assert "\x1b" not in log.read_text(encoding="utf-8")


def test_a_locale_without_the_screens_characters_is_refused(start: Start) -> None:
    terminal = start("http://127.0.0.1:9", PYTHONIOENCODING="latin-1")
    terminal.until_shown("The screens need a UTF-8 locale.")
    assert terminal.until_ended() == USAGE
