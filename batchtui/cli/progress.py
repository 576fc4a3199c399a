"""One line on stderr that says how far it is, where stderr is a terminal."""

from __future__ import annotations

import sys

from batchtui.cli.output import write_stderr
from batchtui.text import clean_line


def show_progress(words: str) -> None:
    """Puts words in the place of those before; empty ones clear the line."""
    if sys.stderr.isatty():
        write_stderr(f"\r\x1b[K{clean_line(words)}")
