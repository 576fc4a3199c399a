"""Asks before something is changed."""

from __future__ import annotations

import sys

import click

from batchtui.cli.failures import USAGE, Failed
from batchtui.cli.output import say


def ask(yes: bool, question: str) -> None:
    """Goes on only if told to; never asks where nobody can answer.

    Raises:
        Failed: The answer is no, or there is nobody to ask.
    """
    if yes:
        return
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise Failed("There is no terminal to ask on: add --yes if you mean it.", USAGE)
    say(question)
    if not click.confirm("Go on?", default=False, err=True):
        raise Failed("Nothing was changed.")
