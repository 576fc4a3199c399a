"""The line in which a filter is typed, there only while it is."""

from collections.abc import Callable

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.widgets import Input, Static

from batchtui.text import clean_line
from batchtui.tui.keys import bindings
from batchtui.tui.widgets.text_line import TextLine


class FilterBar(Horizontal):
    """A line behind a `/`; hidden until `open`.

    Args:
        apply: Called with the filter while it is typed, and as it is kept or given up.
        on_close: Called once the bar is hidden again, to give the focus to something else.
        id: Id for CSS and queries.
    """

    BINDINGS = bindings("filter")
    """Enter keeps the filter, escape gives it up."""

    DEFAULT_CSS = """
    FilterBar {
        height: 1;
        display: none;
        & > Static { width: 3; padding: 0 1; color: $accent; }
        & > TextLine, & > TextLine:focus {
            width: 1fr; background: $background; color: $text; background-tint: $background 0%;
        }
    }
    """
    """One line without a box."""

    def __init__(
        self,
        apply: Callable[[str], None],
        on_close: Callable[[], None],
        *,
        id: str | None = None,  # noqa: A002 - Textual's own name
    ) -> None:
        super().__init__(id=id)
        self._apply = apply
        self._on_close = on_close
        self._line = TextLine()

    def compose(self) -> ComposeResult:
        """The prompt and the line."""
        yield Static("/", markup=False)
        yield self._line

    def open(self, text: str = "") -> None:
        """Show the bar; what is typed from now on goes into it."""
        self._line.value = clean_line(text)
        self._line.cursor_position = len(self._line.value)
        self.display = True
        self.screen.set_focus(self._line)

    def action_submit(self) -> None:
        """Keep the filter."""
        self._close(clean_line(self._line.value))

    def action_cancel(self) -> None:
        """Give the filter up."""
        self._close("")

    def on_input_changed(self, event: Input.Changed) -> None:
        """Apply what is typed, once it is clean; what has been typed over since needs no look."""
        event.stop()
        if event.value != clean_line(event.value):
            self._line.value = clean_line(event.value)
        elif self.display and event.value == self._line.value:
            self._apply(event.value)

    def _close(self, text: str) -> None:
        self.display = False
        self._on_close()
        self._apply(text)
