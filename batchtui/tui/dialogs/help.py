"""The keys of a screen, from the one table."""

from collections.abc import Iterator, Sequence
from itertools import groupby

from rich.cells import cell_len
from textual.content import Content

from batchtui.config.keys import GROUP_TITLES, Key
from batchtui.tui.dialogs.report import Report
from batchtui.tui.widgets.cells import Cell
from batchtui.tui.widgets.styled import content_of


class Help(Report):
    """All keys of one screen with what they do, by group.

    Args:
        keys: The keys, from `keys_of`.
    """

    def __init__(self, keys: Sequence[Key]) -> None:
        super().__init__(list(help_lines(keys)))


def help_lines(keys: Sequence[Key]) -> Iterator[Content]:
    """A heading for each group, then a line for each key."""
    width = max((cell_len(key.all_shown) for key in keys), default=0) + 2
    for number, (group, members) in enumerate(groupby(keys, key=lambda key: key.group)):
        if number:
            yield Content("")
        yield content_of([Cell(GROUP_TITLES[group], "strong")])
        for key in members:
            yield content_of([Cell(key.all_shown.ljust(width), "accent"), Cell(key.help)])
