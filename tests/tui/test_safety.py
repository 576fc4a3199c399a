"""The ways around the cleaning are closed: no text becomes markup, no plain `str` a widget's text."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

TUI = Path(__file__).parents[2] / "batchtui" / "tui"
SOURCES = sorted(TUI.rglob("*.py"))
PARSE_MARKUP = {"from_markup", "Content.from_markup", "Text.from_markup", "escape"}
TAKE_TEXT = {"Static", "Label", "Button", "Collapsible", "Tooltip", "OptionList", "Option"}
TITLES = {"border_title", "border_subtitle", "tooltip"}


def calls(tree: ast.AST) -> list[ast.Call]:
    return [node for node in ast.walk(tree) if isinstance(node, ast.Call)]


def name_of(call: ast.Call) -> str:
    return ast.unparse(call.func).rsplit(".", 1)[-1]


def turns_markup_off(call: ast.Call) -> bool:
    return any(
        word.arg == "markup" and isinstance(word.value, ast.Constant) and word.value.value is False
        for word in call.keywords
    )


def is_safe_text(argument: ast.expr) -> bool:
    """Made by our own constructor of content, or a method that answers such."""
    text = ast.unparse(argument)
    return text.startswith(("content_of(", "Content(", "self._prompt("))


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_no_text_is_parsed_as_markup(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for call in calls(tree):
        where = f"{path.name}:{call.lineno}"
        assert name_of(call) not in PARSE_MARKUP, where
        if name_of(call) in TAKE_TEXT and call.args:
            assert turns_markup_off(call) or is_safe_text(call.args[0]), where
        if name_of(call) in ("notify", "visualize"):
            assert turns_markup_off(call), where
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            names = {getattr(target, "attr", "") for target in node.targets}
            assert not names & TITLES or is_safe_text(node.value), f"{path.name}:{node.lineno}"


def test_there_is_something_to_look_at() -> None:
    found = [call for path in SOURCES for call in calls(ast.parse(path.read_text(encoding="utf-8")))]
    assert {"Static", "notify", "visualize"} <= {name_of(call) for call in found}
