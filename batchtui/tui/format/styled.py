"""Cells as what Textual draws: `Content` for widgets that wrap, a `Strip` for those drawn line by line."""

from collections.abc import Iterable, Mapping

from rich.segment import Segment
from rich.style import Style
from textual.content import Content
from textual.strip import Strip
from textual.visual import Visual

from batchtui.tui.format.cells import CONTENT_STYLES, Cell, Line, cells_of

Part = Content | Visual
"""A paragraph: styled text, or what draws itself. A plain `str` would be read as markup: never one."""


def content_of(line: Line) -> Content:
    """A line as `Content`, for widgets that wrap."""
    return Content.assemble(*((cell.text, CONTENT_STYLES[cell.tone]) for cell in cells_of(line)))


def strip_of(cells: Iterable[Cell], styles: Mapping[str, Style]) -> Strip:
    """Clean cells in their styles; blanks take the style beside them, for a change of style costs 40 bytes.

    Args:
        cells: What the line says.
        styles: The style of each tone.
    """
    segments: list[Segment] = []
    for text, tone in cells:
        style = styles[tone]
        last = segments[-1] if segments else None
        if last and (not text.strip() or style == last.style):
            segments[-1] = Segment(last.text + text, last.style)
        elif last and last.text.isspace():
            segments[-1] = Segment(last.text + text, style)
        elif text:
            segments.append(Segment(text, style))
    return Strip(segments)
