"""The line in which a filter is typed, there only while it is."""

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.message import Message
from textual.widgets import Input, Static

from batchtui.text import clean_line
from batchtui.tui.keys import bindings


class FilterBar(Horizontal):
    """An input behind a `/`; hidden until `open`.

    Args:
        id: Id for CSS and queries.
    """

    BINDINGS = bindings("filter")
    """Escape gives up."""

    DEFAULT_CSS = """
    FilterBar {
        height: 1;
        display: none;
        & > Static { width: 3; padding: 0 1; color: $accent; }
        & > Input, & > Input:focus {
            width: 1fr; height: 1; border: none; padding: 0; background: $background; color: $text;
            background-tint: $background 0%;
        }
    }
    """
    """One line without a box."""

    class Changed(Message):
        """The text is another one now."""

        def __init__(self, text: str) -> None:
            self.text = text
            super().__init__()

    class Submitted(Changed):
        """Enter was pressed: the filter stays, the bar is hidden."""

    class Cancelled(Message):
        """Escape was pressed: the bar is hidden, and the filter is to go."""

    def compose(self) -> ComposeResult:
        """The prompt and the input."""
        yield Static("/", markup=False)
        text = Input(select_on_focus=False)
        # A cursor that blinks sends something twice a second.
        text.cursor_blink = False
        yield text

    def open(self, text: str = "") -> None:
        """Show the bar and type into it."""
        self._input.value = clean_line(text)
        self._input.cursor_position = len(self._input.value)
        self.display = True
        self._input.focus()

    def action_cancel(self) -> None:
        """Hide the bar and say so."""
        self.display = False
        self.post_message(self.Cancelled())

    def on_input_changed(self, event: Input.Changed) -> None:
        """Pass the text on, once it is clean."""
        event.stop()
        if event.value != clean_line(event.value):
            self._input.value = clean_line(event.value)
        elif self.display:
            self.post_message(self.Changed(event.value))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Hide the bar and pass the text on."""
        event.stop()
        self.display = False
        self.post_message(self.Submitted(clean_line(event.value)))

    @property
    def _input(self) -> Input:
        return self.query_one(Input)
