"""A progress line on stderr, if that is a terminal."""

from __future__ import annotations

import sys

from batchtui.cli.output import write_stderr
from batchtui.text import clean_line


def show_progress(text: str) -> None:
    """Replace the progress line; an empty text clears it."""
    if sys.stderr.isatty():
        write_stderr(f"\r\x1b[K{clean_line(text)}")
