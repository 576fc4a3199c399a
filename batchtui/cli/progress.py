"""One line on stderr that says how far it is, where stderr is a terminal."""

from __future__ import annotations

import sys

import click

from batchtui.text import clean_line


def show_progress(words: str) -> None:
    """Puts words in the place of those before; empty ones clear the line."""
    if sys.stderr.isatty():
        click.echo(f"\r\x1b[K{clean_line(words)}", nl=False, err=True)
