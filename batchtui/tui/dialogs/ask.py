"""Asks for a line of text."""

from __future__ import annotations

from collections.abc import Callable

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from batchtui.text import clean_line
from batchtui.tui.dialogs.dialog import Dialog
from batchtui.tui.format.cells import Cell, Line
from batchtui.tui.format.styled import content_of
from batchtui.tui.keys import bindings
from batchtui.tui.widgets.text_line import TextLine


class Ask(Dialog[str | None]):
    """A question with a line to type in; answers the text, None if it was left.

    Args:
        question: What is asked.
        hint: More about it.
        text: What the line holds at first.
        objection: Says what is wrong with a text, empty if it will do; asked before the dialog closes.
    """

    BINDINGS = bindings("ask")
    """Answering and leaving."""

    DEFAULT_CSS = """
    Ask {
        & Static { color: $text-muted; }
        & #question { color: $text; text-style: bold; }
        & #objection { color: $error; }
        & TextLine, & TextLine:focus { margin-top: 1; background: $panel; }
    }
    """
    """The line looks like one to type in."""

    def __init__(self, question: str, hint: Line, text: str, objection: Callable[[str], str]) -> None:
        super().__init__()
        self._question = question
        self._hint = hint
        self._line = TextLine(clean_line(text))
        self._objection = objection

    def compose(self) -> ComposeResult:
        """The question, the line, what is wrong with it."""
        with Vertical(classes="box") as box:
            box.border_subtitle = Content("enter · esc close")
            yield Static(content_of(self._question), id="question")
            yield Static(content_of(self._hint))
            yield self._line
            yield Static("", id="objection", markup=False)

    def action_submit(self) -> None:
        """Answers with what is typed, or says what is wrong with it."""
        objection = self._objection(self._line.value)
        if objection:
            self.query_one("#objection", Static).update(content_of([Cell(objection, "error")]))
        else:
            self.dismiss(self._line.value)

    def action_close(self) -> None:
        """Answers nothing."""
        self.dismiss(None)
