"""Asks before something is lost; what is pressed by accident means No."""

from collections.abc import Collection, Sequence
from string import digits
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Static

from batchtui.tui.dialogs.choice import Choice
from batchtui.tui.dialogs.dialog import Dialog
from batchtui.tui.format.cells import Cell, Line
from batchtui.tui.format.styled import content_of
from batchtui.tui.keys import bindings

_LONGEST = 12


class Confirm(Dialog[bool]):
    """A question, what follows from Yes, and two buttons, of which No has the focus.

    Args:
        question: Names what is done and to how many: `Delete 7 batches?`.
        consequences: What will be lost, a sentence in each line.
        yes: What the button of Yes says: `Delete 7`.
        number: A number that must be typed before Yes can be pressed; None for no such guard.
        about: Ids of the batches that it is about; what changes of them is shown once it is closed.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings("dialog"),
        *(Binding(digit, f"type_digit({digit})", show=False) for digit in digits),
        Binding("backspace", "untype_digit", show=False),
    ]
    """No key alone says Yes."""

    AUTO_FOCUS = "#no"
    """Enter, as soon as it opens, is No."""

    DEFAULT_CSS = """
    Confirm {
        & Static { color: $text-muted; }
        & #question { color: $text; text-style: bold; margin-bottom: 1; }
        & #answer { dock: bottom; height: auto; }
        & #answer > * { height: 1; margin-top: 1; }
        &.-short #question { margin: 0; }
        &.-short #answer > * { margin: 0; }
    }
    """
    """The question stands out, and the answer is in sight however little room there is."""

    def __init__(
        self,
        question: str,
        consequences: Sequence[Line],
        yes: str,
        number: int | None = None,
        *,
        about: Collection[str] = (),
    ) -> None:
        super().__init__()
        self.about = about
        self._question = question
        self._consequences = consequences
        self._number = number
        self._typed = ""
        self._is_yes_refused = False
        """Whether Yes was selected before the number was typed: enter then says so instead of pressing No."""
        self._yes = Choice(yes, id="yes")
        self._yes.disabled = number is not None

    def compose(self) -> ComposeResult:
        """Question, consequences, the number to type, the buttons."""
        with Vertical(classes="box") as box:
            box.border_subtitle = Content("←→ enter · esc close")
            yield Static(content_of(self._question), id="question")
            for line in self._consequences:
                yield Static(content_of(line))
            with Vertical(id="answer"):
                if self._number is not None:
                    yield Static(self._prompt(str(self._number)), id="typed")
                with Horizontal():
                    yield Choice("No", id="no")
                    yield self._yes

    def action_type_digit(self, digit: int) -> None:
        """Take one more digit of the number."""
        self._take((self._typed + str(digit))[:_LONGEST])

    def action_untype_digit(self) -> None:
        """Take the last digit back."""
        self._take(self._typed[:-1])

    def _take(self, typed: str) -> None:
        if self._number is not None:
            self._typed = typed
            self._is_yes_refused |= self._yes.has_focus and typed != str(self._number)
            self._yes.disabled = typed != str(self._number)
            self._show_prompt()

    @on(Choice.Pressed)
    def _answer(self, event: Choice.Pressed) -> None:
        self.dismiss(event.choice is self._yes)

    def action_no(self) -> None:
        """Close and change nothing."""
        self.dismiss(False)

    def action_next(self) -> None:
        """Move to the other button."""
        self.focus_next()
        self._is_yes_refused = self._yes.disabled and not self._is_yes_refused
        self._show_prompt(is_refused=self._is_yes_refused)

    def action_previous(self) -> None:
        """Move to the other button."""
        self.action_next()

    def action_press(self) -> None:
        """Press the highlighted button."""
        if self._is_yes_refused:
            self._show_prompt(is_refused=True)
        else:
            self.dismiss(self.focused is self._yes)

    def _show_prompt(self, *, is_refused: bool = False) -> None:
        if self._number is not None:
            self.query_one("#typed", Static).update(self._prompt(str(self._number), is_refused=is_refused))

    def _prompt(self, number: str, *, is_refused: bool = False) -> Content:
        """What to type, what is typed, and what is still missing."""
        hint = Cell("")
        if self._typed == number:
            hint = Cell("  press → and enter", "muted")
        elif is_refused and not self._typed:
            hint = Cell(f"  type {number} first", "error")
        elif is_refused or not number.startswith(self._typed):
            hint = Cell(f"  not {number}", "error")
        return content_of([Cell(f"Type {number} to confirm: "), Cell(f"{self._typed}▏", "accent"), hint])
