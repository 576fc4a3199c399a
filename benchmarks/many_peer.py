"""Textual's own list with as many lines as the first argument says; a peer of our list of batches."""

import sys

from textual.app import App, ComposeResult
from textual.widgets import OptionList

LINE = "✓ ended  msgbatch_0"


class ManyPeer(App[None]):
    """Nothing but that list."""

    def compose(self) -> ComposeResult:
        """The lines."""
        yield OptionList(*(f"{LINE}{n:023d}  {1000 + n:>8,}" for n in range(int(sys.argv[1]))))


if __name__ == "__main__":
    ManyPeer().run()
