"""Renews the help texts in cli.md, each between its two markers, from the commands themselves."""

from __future__ import annotations

import re
from pathlib import Path

import click

from batchtui.cli.app import batchtui

REFERENCE = Path(__file__).parent / "cli.md"
COLUMNS = 80
BLOCK = re.compile(r"<!-- help: (?P<name>[a-z ]+) -->\n.*?<!-- end -->", re.DOTALL)


def contexts(parent: click.Context | None = None) -> dict[str, click.Context]:
    """`batchtui` and every command and group below it, by the words that call them."""
    root = parent or click.Context(
        batchtui, info_name="batchtui", terminal_width=COLUMNS, **batchtui.context_settings
    )
    found = {root.command_path: root}
    if isinstance(root.command, click.Group):
        for name, command in root.command.commands.items():
            found |= contexts(click.Context(command, parent=root, info_name=name))
    return found


def documented(text: str) -> list[str]:
    """The commands that a text has a help text of."""
    return [match["name"] for match in BLOCK.finditer(text)]


def renewed(text: str) -> str:
    """The text with its help texts as they are now.

    Raises:
        KeyError: There is no such command.
    """
    known = contexts()

    def block(match: re.Match[str]) -> str:
        help_text = known[match["name"]].get_help()
        return f"<!-- help: {match['name']} -->\n```text\n{help_text}\n```\n<!-- end -->"

    return BLOCK.sub(block, text)


if __name__ == "__main__":
    REFERENCE.write_text(renewed(REFERENCE.read_text(encoding="utf-8")), encoding="utf-8")
