"""What all dialogs have in common."""

from typing import TypeVar

from textual.reactive import Reactive
from textual.screen import ModalScreen
from textual.widget import Widget

Answer = TypeVar("Answer")


class Dialog(ModalScreen[Answer]):
    """A box over the screen that closes with an answer; it knows nothing of who asks."""

    DEFAULT_CSS = """
    Dialog {
        align: center middle;
        & > .box {
            width: 64; max-width: 100%; height: auto; max-height: 100%; padding: 1 2;
            border: round $accent; background: $background;
        }
        &.-short > .box { padding: 0 1; }
    }
    """
    """A box in the middle."""

    VERTICAL_BREAKPOINTS = [(0, "-short"), (16, "-high")]  # noqa: RUF012 - as Textual declares it
    """Where there are few lines, none is left blank."""

    focused: Reactive[Widget | None] = Reactive(None, repaint=False)
    """Textual's own repaints the whole screen whenever the focus moves; widgets repaint what changes."""
