"""The keys of a screen, from the one table."""

from collections.abc import Iterator, Sequence
from itertools import groupby

from rich.cells import cell_len
from textual.content import Content

from batchtui.config.keys import GROUP_TITLES, Key
from batchtui.tui.dialogs.report import Report
from batchtui.tui.format.cells import Cell
from batchtui.tui.format.styled import content_of


class Help(Report):
    """All keys of one screen with what they do, by group.

    Args:
        keys: The keys, from `keys_of`.
        filter_terms: What the filter of the screen may hold, and what that finds.
    """

    def __init__(self, keys: Sequence[Key], filter_terms: Sequence[tuple[str, str]] = ()) -> None:
        super().__init__([*help_lines(keys), *_term_lines(filter_terms)])


def _term_lines(terms: Sequence[tuple[str, str]]) -> Iterator[Content]:
    if terms:
        yield Content("")
        yield content_of([Cell("Filter terms", "strong")])
    width = max((cell_len(term) for term, _ in terms), default=0) + 2
    for term, meaning in terms:
        yield content_of([Cell(term.ljust(width), "accent"), Cell(meaning)])


def help_lines(keys: Sequence[Key]) -> Iterator[Content]:
    """A heading for each group, then a line for each key."""
    width = max((cell_len(key.all_shown) for key in keys), default=0) + 2
    for number, (group, members) in enumerate(groupby(keys, key=lambda key: key.group)):
        if number:
            yield Content("")
        yield content_of([Cell(GROUP_TITLES[group], "strong")])
        for key in members:
            yield content_of([Cell(key.all_shown.ljust(width), "accent"), Cell(key.help)])
