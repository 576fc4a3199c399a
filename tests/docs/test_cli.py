"""The reference of the commands is whole and as they are now."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from docs.__main__ import REFERENCE, contexts, documented, renewed

GOLDEN = Path(__file__).parents[1] / "cli" / "golden"


def section(name: str) -> str:
    """What is written by hand about a command."""
    text = REFERENCE.read_text(encoding="utf-8")
    after = text.partition(f"<!-- help: batchtui {name} -->")[2].partition("<!-- end -->")[2]
    return re.split(r"^#", after, maxsplit=1, flags=re.MULTILINE)[0]


def test_help_texts_are_as_the_commands_say_them() -> None:
    text = REFERENCE.read_text(encoding="utf-8")
    assert renewed(text) == text, "run `make docs`"


def test_every_command_is_described() -> None:
    assert sorted(documented(REFERENCE.read_text(encoding="utf-8"))) == sorted(contexts())


def test_a_command_that_is_not_there_is_noticed() -> None:
    with pytest.raises(KeyError):
        renewed("<!-- help: batchtui nonsense -->\n<!-- end -->")


def test_every_json_format_is_described() -> None:
    with_json = {
        name.removeprefix("batchtui ")
        for name, context in contexts().items()
        if any("--json" in option.opts for option in context.command.params)
    }
    printed = {path: path.stem.partition("--")[0].replace("-", " ") for path in GOLDEN.glob("*.jsonl")}
    assert with_json == {*printed.values()}
    same_as = {"list": "show", "resubmit": "create"}
    for path, name in printed.items():
        fields = {
            field for line in path.read_text(encoding="utf-8").splitlines() for field in json.loads(line)
        }
        described = section(same_as.get(name, name))
        assert {field for field in fields if f"`{field}`" not in described} == set()
