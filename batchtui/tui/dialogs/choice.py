"""A button of one line, for dialogs."""

from textual.geometry import Size
from textual.message import Message
from textual.strip import Strip

from batchtui.tui.format.cells import Cell, Tone, cells_of, width_of
from batchtui.tui.widgets.line_view import LineView


class Choice(LineView, can_focus=True):
    """`[ No ]`; a pointer shows the one that enter would press.

    Args:
        text: What it says; may come from outside.
        id: Id for CSS and queries.
    """

    DEFAULT_CSS = """
    Choice { width: auto; height: 1; margin-right: 2; }
    """
    """As wide as its text."""

    class Pressed(Message):
        """It was pressed."""

        def __init__(self, choice: "Choice") -> None:
            self.choice = choice
            super().__init__()

        @property
        def control(self) -> "Choice":
            """The button, for `@on` with a selector."""
            return self.choice

    def __init__(self, text: str, *, id: str | None = None) -> None:  # noqa: A002 - Textual's own name
        super().__init__(id=id)
        self._label = cells_of(f"[ {text} ]")

    def get_content_width(self, container: Size, viewport: Size) -> int:
        """The pointer and the label; called by Textual."""
        return width_of(self._label) + 1

    def line(self, y: int) -> Strip:
        """The button."""
        pointer = "▸" if self.has_focus else " "
        tone: Tone = "accent" if self.has_focus else "dim" if self.disabled else ""
        label = [Cell(cell.text, tone) for cell in self._label]
        return self.strip([Cell(pointer, "accent"), *label], lit=self.has_focus)

    def press(self) -> None:
        """Say that it was pressed."""
        self.post_message(self.Pressed(self))

    def on_click(self) -> None:
        """Say that it was pressed."""
        self.press()
