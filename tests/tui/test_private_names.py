"""Only `terminal/textual_private.py` uses private names of Textual and Rich."""

from __future__ import annotations

import ast
import importlib
import inspect
import textwrap
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from batchtui.tui.terminal import textual_private

TUI = Path(__file__).parents[2] / "batchtui" / "tui"
SOURCES = sorted(set(TUI.rglob("*.py")) - {Path(textual_private.__file__)})


def is_private(name: str) -> bool:
    return name.startswith("_") and not name.endswith("__")


def classes_of(path: Path) -> Iterator[type]:
    """The classes of a module."""
    parts = path.relative_to(TUI.parents[1]).with_suffix("").parts
    module = importlib.import_module(".".join(parts).removesuffix(".__init__"))
    for member in vars(module).values():
        if inspect.isclass(member) and member.__module__ == module.__name__:
            yield member


@cache
def private_members(owner: type) -> frozenset[str]:
    """The private names that the source of a class defines, or uses of itself."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(owner)))
    defined = {
        node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    used = {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "self"
    }
    return frozenset(filter(is_private, defined | used))


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_no_private_name_is_imported(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(("textual", "rich")):
            names = [*(node.module or "").split("."), *(alias.name for alias in node.names)]
        elif isinstance(node, ast.Import):
            names = [part for alias in node.names for part in alias.name.split(".")]
        else:
            continue
        assert not any(map(is_private, names)), f"{path.name}:{node.lineno}"


def test_no_class_uses_or_shadows_a_private_member_of_its_textual_base() -> None:
    owners = [owner for path in SOURCES for owner in classes_of(path)]
    assert len(owners) > 20
    shared = {
        (owner.__qualname__, base.__qualname__, name)
        for owner in owners
        for base in owner.__mro__
        if base.__module__.startswith(("textual.", "rich."))
        for name in private_members(owner) & private_members(base)
    }
    assert shared == set()
