"""README's first command as a newcomer runs it: a fresh clone, an empty home. Needs a package index.

`make quickstart` runs it; `make test`, the second command, is what runs everything else.
"""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pexpect
import pytest

ROOT = Path(__file__).parents[2]
PATIENCE = 600
"""Seconds for a slow index."""


def test_the_quick_start_is_two_commands() -> None:
    section = (ROOT / "README.md").read_text(encoding="utf-8").split("## Quick start")[1].split("\n## ")[0]
    assert re.findall(r"^\$ (make \w+)", section, re.MULTILINE) == ["make demo", "make test"]


@pytest.mark.quickstart
def test_make_demo_in_a_fresh_clone(tmp_path: Path) -> None:
    clone, home = tmp_path / "batchtui", tmp_path / "empty-home"
    home.mkdir()
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
    env = {**os.environ, "HOME": str(home), "TERM": "xterm-256color"}
    for name in ("VIRTUAL_ENV", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"):
        env.pop(name, None)
    demo = pexpect.spawn(
        "make", ["demo"], cwd=str(clone), env=env, dimensions=(40, 120), timeout=PATIENCE, encoding="utf-8"
    )
    demo.expect("live")
    demo.timeout = 20
    demo.send("?")
    demo.expect("open the results of the batch")
    demo.send("q")
    demo.expect("in progress")
    demo.send("q")
    demo.expect(pexpect.EOF)
    demo.close()
    assert demo.exitstatus == 0
