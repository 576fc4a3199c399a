"""The last defense against control characters: the screen shows them instead of the terminal obeying them."""

from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

from batchtui.text import clean_line


class ControlFilter(LineFilter):
    """Replaces unprintable characters in every line of every widget by visible ones.

    Widgets clean their text; this is for one that does not. An app adds an instance, always the same, to what
    its `get_line_filters` returns.
    """

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """Return the segments with printable text; called by Textual."""
        if all(segment.text.isprintable() for segment in segments):
            return segments
        return [Segment(clean_line(text), style) for text, style, control in segments if not control]
