"""The command line: data on stdout, narration on stderr."""

from batchtui.cli.app import main

__all__ = ["main"]
