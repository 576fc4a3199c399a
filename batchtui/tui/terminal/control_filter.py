"""The backstop: a control character that came all the way to the screen is shown, not obeyed."""

from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

from batchtui.text import clean_line


class ControlFilter(LineFilter):
    """Replaces what is not printable, in any line of any widget, by a stand-in.

    Widgets clean what they show; this is for the one that forgot. An app adds an instance, always the same
    one, to what its `get_line_filters` answers.
    """

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """The segments, printable; called by Textual."""
        if all(segment.text.isprintable() for segment in segments):
            return segments
        return [Segment(clean_line(text), style) for text, style, control in segments if not control]
