"""A text to read: wrapped, scrolled by keys, and repainted only where it looks different."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

from rich.cells import cell_len
from rich.style import Style
from textual import events
from textual.message import Message
from textual.strip import Strip
from textual.visual import Visual, visualize

from batchtui.tui.format.styled import Part
from batchtui.tui.keys import bindings
from batchtui.tui.widgets.line_view import LineView

_LIT = Style(reverse=True)
MARGIN = 1
"""Blank cells at both sides."""
_WHEEL_LINES = 3


class Finder(Protocol):
    """What knows which places to light."""

    def find(self, text: str) -> tuple[int, int] | None:
        """Where the first one starts and stops."""
        ...


class Document(LineView, can_focus=True):
    """Shows paragraphs one below the other.

    Args:
        id: Id for CSS and queries.
    """

    BINDINGS = bindings("list")
    """The same keys move through a text as through a list."""

    DEFAULT_CSS = """
    Document { width: 1fr; height: 1fr; }
    """
    """Plain text on the screen's background."""

    class Scrolled(Message):
        """Another number of lines is below those in sight."""

        def __init__(self, below: int) -> None:
            self.below = below
            super().__init__()

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's own name
        super().__init__(id=id)
        self._parts: Sequence[Part] = ()
        self._lines: list[Strip] = []
        self._top = 0
        self._finder: Finder | None = None
        self._matches: list[int] = []
        self._match = -1
        self._below = 0
        self._wrapped_at = 0
        """The width for which the lines are."""

    def show(self, parts: Iterable[Part], *, keep_place: bool = False) -> None:
        """Shows other paragraphs, from their beginning unless the place is to be kept."""
        self._parts = tuple(parts)
        if not keep_place:
            self._top = 0
        self._lay_out()

    def mark(self, finder: Finder | None) -> None:
        """Lights every place that the finder finds, line by line."""
        self._finder = finder
        self._lay_out()

    def next_match(self, step: int) -> bool:
        """Scrolls to the next line that is lit, or with -1 the one before; answers whether there is one."""
        wanted = len(self._matches) - 1 if step < 0 and self._match < 0 else self._match + step
        if not 0 <= wanted < len(self._matches):
            return False
        self._match = wanted
        self._scroll(self._matches[self._match] - self._height // 2 - self._top)
        return True

    @property
    def lines(self) -> list[str]:
        """The text as it is wrapped now, for tests and for copying."""
        return [strip.text.rstrip() for strip in self._lines]

    def action_cursor_up(self) -> None:
        """One line up."""
        self._scroll(-1)

    def action_cursor_down(self) -> None:
        """One line down."""
        self._scroll(1)

    def action_page_up(self) -> None:
        """One page up."""
        self._scroll(1 - self._height)

    def action_page_down(self) -> None:
        """One page down."""
        self._scroll(self._height - 1)

    def action_first(self) -> None:
        """To the beginning."""
        self._scroll(-len(self._lines))

    def action_last(self) -> None:
        """To the end."""
        self._scroll(len(self._lines))

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Scroll."""
        event.stop()
        self._scroll(-_WHEEL_LINES)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Scroll."""
        event.stop()
        self._scroll(_WHEEL_LINES)

    def on_resize(self) -> None:
        """Wrap for the new width."""
        self._lay_out()

    def forget_styles(self) -> None:
        """Draw in the colors of a new theme."""
        super().forget_styles()
        self._lay_out()

    def line(self, y: int) -> Strip:
        """One line of the text in sight."""
        if self.size.width != self._wrapped_at:  # the first paint comes before Textual tells of the size
            self._wrap()
        place = self._top + y
        return self._lines[place] if place < len(self._lines) else self.strip(())

    @property
    def _height(self) -> int:
        return max(1, self.size.height)

    def _scroll(self, lines: int) -> None:
        self._top = max(0, min(self._top + lines, len(self._lines) - self._height))
        self.repaint()
        below = max(0, len(self._lines) - self._top - self._height)
        if below != self._below and self.size:
            self._below = below
            self.post_message(self.Scrolled(below))

    def _lay_out(self) -> None:
        self._wrap()
        self._scroll(0)

    def _wrap(self) -> None:
        self._wrapped_at = self.size.width
        width = self.size.width - 2 * MARGIN
        if width < 1:
            return
        margin = Strip.blank(MARGIN, self.rich_style)
        strips = (strip for part in self._parts for strip in self._strips(part, width))
        self._lines = [Strip.join((margin, strip, margin)) for strip in strips]
        self._light()

    def _light(self) -> None:
        self._matches, self._match = [], -1
        if self._finder is None:
            return
        for place, strip in enumerate(self._lines):
            try:
                spans = list(_spans(self._finder, strip.text))
            except ValueError:  # a pattern that takes too long
                return
            if spans:
                self._matches.append(place)
                self._lines[place] = _lit(strip, spans)

    def _strips(self, part: Part, width: int) -> list[Strip]:
        visual = visualize(self, part, markup=False)
        return Visual.to_strips(self, visual, width, None, self.visual_style, pad=True)


def _spans(finder: Finder, text: str) -> Iterator[tuple[int, int]]:
    """All places in a text that the finder finds, as characters."""
    start = 0
    while start < len(text) and (found := finder.find(text[start:])):
        first, last = found
        if first == last:
            return
        yield start + first, start + last
        start += last


def _lit(strip: Strip, spans: Iterable[tuple[int, int]]) -> Strip:
    text = strip.text
    cuts = [cell_len(text[:place]) for span in spans for place in span]
    pieces = strip.divide([*cuts, strip.cell_length])
    return Strip.join(piece.apply_style(_LIT) if at % 2 else piece for at, piece in enumerate(pieces))
