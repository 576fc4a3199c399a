"""Shows a text that is closed again."""

from __future__ import annotations

from collections.abc import Sequence

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content

from batchtui.text import plural
from batchtui.tui.dialogs.dialog import Dialog
from batchtui.tui.keys import bindings
from batchtui.tui.widgets.document import Document

_BORDERS = 2
_CLOSE = "esc close"


class Report(Dialog[None]):
    """A text in a box, as high as it needs and there is room for.

    Args:
        lines: The text.
        width: Of the box, in cells.
    """

    BINDINGS = bindings("help")
    """Closing; the text itself scrolls with the keys of a list."""

    DEFAULT_CSS = """
    Report > .box { padding: 0 1; }
    """
    """As much text as there is room for."""

    def __init__(self, lines: Sequence[Content], *, width: int = 64) -> None:
        super().__init__()
        self._lines = lines
        self._width = width

    def compose(self) -> ComposeResult:
        """One text in a box."""
        text = Document()
        text.show(self._lines)
        with Vertical(classes="box") as box:
            box.border_subtitle = Content(_CLOSE)
            box.styles.width = self._width
            box.styles.height = len(self._lines) + _BORDERS
            yield text

    @on(Document.Scrolled)
    def _scrolled(self, event: Document.Scrolled) -> None:
        more = f"↓ {plural(event.below, 'more line', 'more lines')} · " if event.below else ""
        self.query_one(".box").border_subtitle = Content(more + _CLOSE)

    def action_close(self) -> None:
        """Close."""
        self.dismiss(None)
