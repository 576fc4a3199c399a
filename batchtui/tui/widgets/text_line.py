"""A line to type in."""

from textual.actions import SkipAction
from textual.widgets import Input


class TextLine(Input):
    """Textual's input without a box. What enter does is for the bindings of what surrounds it.

    Textual's own enter posts a message, and keys typed right behind it would be there before the message.

    Args:
        text: What it holds at first; clean.
        id: Id for CSS and queries.
    """

    DEFAULT_CSS = """
    TextLine, TextLine:focus { height: 1; border: none; padding: 0; }
    """
    """One line."""

    def __init__(self, text: str = "", *, id: str | None = None) -> None:  # noqa: A002 - Textual's own name
        super().__init__(text, select_on_focus=False, id=id)
        # A cursor that blinks sends something twice a second.
        self.cursor_blink = False

    async def action_submit(self) -> None:
        """Leave enter to what surrounds this."""
        raise SkipAction
