"""A JSON value as a tree that folds."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from batchtui.text import plural
from batchtui.tui.format.cells import Cell
from batchtui.tui.format.columns import Column
from batchtui.tui.widgets.line_table import LineTable

OPEN_DEPTH = 3
"""So deep a value is unfolded at first: down to a reply's blocks."""
LINE_CHARS = 100
"""A longer text, or one of several lines, folds like a list of lines."""
LINES_MOST = 2_000
"""Lines of a text that are shown; the raw view has the rest."""


@dataclass(slots=True)
class Node:
    """A line of the tree."""

    depth: int
    name: str
    value: Any
    is_open: bool = False

    @property
    def folds(self) -> bool:
        """Whether there is anything below it."""
        if isinstance(self.value, str):
            return len(self.value) > LINE_CHARS or "\n" in self.value
        return isinstance(self.value, dict | list) and bool(self.value)

    def children(self) -> Iterator[Node]:
        """The nodes below it."""
        depth = self.depth + 1
        if isinstance(self.value, dict):
            yield from (Node(depth, str(name), value) for name, value in self.value.items())
        elif isinstance(self.value, list):
            yield from (Node(depth, str(place), value) for place, value in enumerate(self.value))
        else:
            yield from (Node(depth, "", line) for line in _lines(self.value))


class JsonTree(LineTable):
    """Enter folds and unfolds. However large the value is, only what is unfolded becomes lines."""

    def __init__(self) -> None:
        super().__init__([Column("enter folds and unfolds", 10, flexible=True)], "not JSON")
        self._unfolded_nodes: list[Node] = []

    def show(self, value: Any) -> None:  # noqa: ANN401 - any JSON value
        """Shows another value, unfolded a little."""
        self._unfolded_nodes = list(_unfolded(Node(0, "", value), OPEN_DEPTH))[1:]
        self.set_row_count(0)
        self.set_row_count(len(self._unfolded_nodes))
        self.refresh_rows()

    def cells(self, row: int) -> Sequence[Cell]:
        """The line of a node."""
        return (Cell(_line(self._unfolded_nodes[row])),)

    async def action_open(self) -> None:
        """Folds or unfolds the node under the cursor."""
        row = self.cursor_row
        if row is None or not self._unfolded_nodes[row].folds:
            return
        node = self._unfolded_nodes[row]
        node.is_open = not node.is_open
        if node.is_open:
            self._unfolded_nodes[row + 1 : row + 1] = node.children()
        else:
            del self._unfolded_nodes[row + 1 : self._end_of(row)]
        self.set_row_count(len(self._unfolded_nodes))
        self.refresh_rows(row)

    def _end_of(self, row: int) -> int:
        """The row behind the last one below `row`."""
        depth = self._unfolded_nodes[row].depth
        below = range(row + 1, len(self._unfolded_nodes))
        return next(
            (place for place in below if self._unfolded_nodes[place].depth <= depth),
            len(self._unfolded_nodes),
        )


def _unfolded(node: Node, levels: int) -> Iterator[Node]:
    node.is_open = node.folds and levels > 0 and not isinstance(node.value, str)
    yield node
    if node.is_open:
        for child in node.children():
            yield from _unfolded(child, levels - 1)


def _line(node: Node) -> str:
    indent = "  " * (node.depth - 1)
    sign = ("▾ " if node.is_open else "▸ ") if node.folds else "  "
    name = f"{node.name}: " if node.name else ""
    return f"{indent}{sign}{name}{_summary(node)}"


def _summary(node: Node) -> str:
    value = node.value
    if isinstance(value, dict) and value:
        return "" if node.is_open else f"{{ {plural(len(value), 'field', 'fields')} }}"
    if isinstance(value, list) and value:
        return "" if node.is_open else f"[ {plural(len(value), 'item', 'items')} ]"
    if isinstance(value, str):
        return (
            value[: 4 * LINE_CHARS]
            if not node.name
            else json.dumps(value[: 4 * LINE_CHARS], ensure_ascii=False)
        )
    return json.dumps(value)


def _lines(text: str) -> Iterator[str]:
    number = 0
    for line in text.splitlines():
        for start in range(0, max(1, len(line)), LINE_CHARS):
            number += 1
            if number > LINES_MOST:
                yield "… more in the raw view"
                return
            yield line[start : start + LINE_CHARS]
