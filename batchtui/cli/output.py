"""Output: tables, JSON, and messages on stderr."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence

import click

from batchtui.process import silence
from batchtui.text import clean_line

RIGHT = ">"
LEFT = "<"


def say(sentence: str) -> None:
    """Print a message on stderr."""
    from batchtui.config import redact

    write_stderr(f"{clean_line(redact(sentence))}\n")


def write_stderr(text: str) -> None:
    """Write safe text to stderr; if that fails, drop all further messages."""
    try:
        click.echo(text, nl=False, err=True)
    except OSError:
        silence(sys.stderr.fileno())


def print_line(text: str) -> None:
    """Print a line of untrusted text on stdout."""
    click.echo(clean_line(text))


def print_json(line: str) -> None:
    """Print a line of JSON on stdout, unchanged unless it is a terminal."""
    click.echo(clean_line(line) if sys.stdout.isatty() else line)


def print_lines(texts: Iterable[str]) -> None:
    """Print lines of untrusted text on stdout in one write."""
    lines = "".join(f"{clean_line(text)}\n" for text in texts)
    click.echo(lines, nl=False)


def print_objects(objects: Iterable[Mapping[str, object]]) -> None:
    """Print JSON objects on stdout, one line of ASCII each."""
    from batchtui.text.valid_json import valid_json

    for fields in objects:
        print_json(valid_json(fields))


def print_table(titles: Sequence[tuple[str, str]], rows: Iterable[Sequence[str]]) -> None:
    """Print a table on stdout.

    Args:
        titles: The title and alignment of each column.
        rows: Untrusted text.
    """
    names = [title for title, _ in titles]
    cells = [names, *([clean_line(cell) for cell in row] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for row in cells:
        padded = (f"{cell:{side}{width}}" for cell, (_, side), width in zip(row, titles, widths, strict=True))
        click.echo("  ".join(padded).rstrip())
