"""The session in README, as it stands there: what must be stable is what is printed."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from batchtui.sandbox import Embedded

README = Path(__file__).parents[2] / "README.md"
MARK = "\x1f"


def session() -> list[tuple[str, str]]:
    """The commands of the section and what each prints."""
    section = README.read_text(encoding="utf-8").partition("## From the shell\n")[2]
    block = section.partition("```console\n")[2].partition("```")[0]
    steps = [step.partition("\n") for step in ("\n" + block).split("\n$ ")[1:]]
    return [(command, printed.strip("\n")) for command, _, printed in steps]


def run(commands: list[str], folder: Path, env: dict[str, str]) -> list[str]:
    """What commands print in one shell, on stdout and stderr."""
    script = "exec 2>&1\n" + f"\nprintf '{MARK}'\n".join(commands)
    done = subprocess.run(
        ["bash", "-c", script], cwd=folder, env=env, stdout=subprocess.PIPE, text=True, check=True
    )
    return [printed.strip("\n") for printed in done.stdout.split(MARK)]


def stable(printed: str) -> str:
    """Ids and prices differ from run to run and from year to year."""
    return re.sub(r"<?\$[0-9.,]*[0-9]", "$…", re.sub(r"msgbatch_\w+", "msgbatch_…", printed))


def test_the_session_in_the_readme(sandbox_with: Callable[..., Embedded], tmp_path: Path) -> None:
    sandbox = sandbox_with(faults=("overload:5",), speed=200.0)
    env = os.environ | {
        "ANTHROPIC_BASE_URL": sandbox.base_url,
        "ANTHROPIC_API_KEY": sandbox.api_key,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    }
    steps = session()
    printed = run([command for command, _ in steps], tmp_path, env)

    assert [*map(stable, printed)] == [stable(expected) for _, expected in steps]
    results = [json.loads(line) for line in (tmp_path / "all.jsonl").read_text().splitlines()]
    assert sorted(result["custom_id"] for result in results) == sorted(f"item-{n}" for n in range(1, 21))
    assert {result["result"]["type"] for result in results} == {"succeeded"}
    assert printed[-1].endswith(
        f"${by_hand([result['result']['message']['usage'] for result in results]):.4f}"
    )


def by_hand(usages: list[dict[str, Any]]) -> float:
    """What replies of Claude Haiku 4.5 cost, in US dollars.

    A million tokens cost $1 in and $5 out, and half of that in a batch. What is written to the cache for five
    minutes costs a quarter more than input, what is read from it a tenth. Source: public pricing page.
    """
    dollars: float = sum(
        0.50e-6 * usage["input_tokens"]
        + 0.50e-6 * 1.25 * usage["cache_creation_input_tokens"]
        + 0.50e-6 * 0.10 * usage["cache_read_input_tokens"]
        + 2.50e-6 * usage["output_tokens"]
        for usage in usages
    )
    return dollars
