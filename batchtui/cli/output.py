"""How commands print: tables for people, JSON for scripts."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence

import click

from batchtui.process import silence
from batchtui.text import clean_line

RIGHT = ">"
LEFT = "<"


def say(sentence: str) -> None:
    """Narration, on stderr."""
    from batchtui.config import redact

    write_stderr(f"{clean_line(redact(sentence))}\n")


def write_stderr(text: str) -> None:
    """Text that is safe for a terminal, on stderr. Where that fails nobody listens, and the work goes on."""
    try:
        click.echo(text, nl=False, err=True)
    except OSError:
        silence(sys.stderr.fileno())


def print_line(text: str) -> None:
    """A line of text on stdout; it may come from outside."""
    click.echo(clean_line(text))


def print_json(line: str) -> None:
    """One line of JSON on stdout: as it is for a program, without control characters for a terminal."""
    click.echo(clean_line(line) if sys.stdout.isatty() else line)


def print_lines(texts: Iterable[str]) -> None:
    """Lines of text on stdout in one go; they may come from outside."""
    lines = "".join(f"{clean_line(text)}\n" for text in texts)
    click.echo(lines, nl=False)


def print_objects(objects: Iterable[Mapping[str, object]]) -> None:
    """JSON objects of our own on stdout, each a line of plain ASCII whatever it holds."""
    from batchtui.text.valid_json import valid_json

    for fields in objects:
        print_json(valid_json(fields))


def print_table(titles: Sequence[tuple[str, str]], rows: Iterable[Sequence[str]]) -> None:
    """A table on stdout.

    Args:
        titles: For each column its title and its side, `LEFT` or `RIGHT`.
        rows: Texts, from anywhere: they are cleaned here.
    """
    names = [title for title, _ in titles]
    cells = [names, *([clean_line(cell) for cell in row] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for row in cells:
        padded = (f"{cell:{side}{width}}" for cell, (_, side), width in zip(row, titles, widths, strict=True))
        click.echo("  ".join(padded).rstrip())
