"""The keys of a screen, from the one table."""

from collections.abc import Iterator, Sequence
from itertools import groupby

from rich.cells import cell_len
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content

from batchtui.tui.dialogs.dialog import Dialog
from batchtui.tui.keys import GROUP_TITLES, Key, bindings
from batchtui.tui.widgets.cells import Cell
from batchtui.tui.widgets.document import Document
from batchtui.tui.widgets.styled import content_of

_BORDERS = 2


class Help(Dialog[None]):
    """All keys of one screen with what they do, by group.

    Args:
        keys: The keys, from `keys_of`.
    """

    BINDINGS = bindings("help")
    """Closing; the text itself scrolls with the keys of a list."""

    DEFAULT_CSS = """
    Help > .box { padding: 0 1; }
    """
    """As much text as there is room for."""

    def __init__(self, keys: Sequence[Key]) -> None:
        super().__init__()
        self._lines = list(help_lines(keys))

    def compose(self) -> ComposeResult:
        """One text in a box."""
        text = Document()
        text.show(self._lines)
        with Vertical(classes="box") as box:
            box.border_subtitle = Content("esc close")
            box.styles.height = len(self._lines) + _BORDERS
            yield text

    def action_close(self) -> None:
        """Close."""
        self.dismiss(None)


def help_lines(keys: Sequence[Key]) -> Iterator[Content]:
    """A heading for each group, then a line for each key."""
    width = max((cell_len(key.all_shown) for key in keys), default=0) + 2
    for number, (group, members) in enumerate(groupby(keys, key=lambda key: key.group)):
        if number:
            yield Content("")
        yield content_of([Cell(GROUP_TITLES[group], "strong")])
        for key in members:
            yield content_of([Cell(key.all_shown.ljust(width), "accent"), Cell(key.help)])
