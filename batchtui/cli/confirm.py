"""Asks before what cannot be undone."""

from __future__ import annotations

import sys

import click

from batchtui.cli.errors import Failed
from batchtui.cli.output import say
from batchtui.process import USAGE


def ask(yes: bool, question: str) -> None:
    """Goes on only if told to; never asks where nobody can answer.

    Args:
        yes: Whether `--yes` was given.
        question: What will be done, and what will be lost.

    Raises:
        Failed: The answer is no, or there is no terminal to ask on.
    """
    if yes:
        return
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise Failed("There is no terminal to ask on: add --yes if you mean it.", USAGE)
    say(question)
    if not click.confirm("Go on?", default=False, err=True):
        raise Failed("Nothing was changed.")
