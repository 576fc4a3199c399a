"""Asks for a line of text."""

from __future__ import annotations

from collections.abc import Callable

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Input, Static

from batchtui.text import clean_line
from batchtui.tui.dialogs.dialog import Dialog
from batchtui.tui.keys import bindings
from batchtui.tui.widgets.cells import Cell, Line, content_of


class Ask(Dialog[str | None]):
    """A question with a line to type in; answers the text, None if it was left.

    Args:
        question: What is asked.
        hint: More about it.
        text: What the line holds at first.
        objection: Says what is wrong with a text, empty if it will do; asked before the dialog closes.
    """

    BINDINGS = bindings("ask")
    """Leaving."""

    DEFAULT_CSS = """
    Ask {
        & Static { color: $text-muted; }
        & #question { color: $text; text-style: bold; }
        & #objection { color: $error; }
        & Input, & Input:focus { border: none; padding: 0; height: 1; margin-top: 1; background: $panel; }
    }
    """
    """The line looks like one to type in."""

    def __init__(self, question: str, hint: Line, text: str, objection: Callable[[str], str]) -> None:
        super().__init__()
        self._question = question
        self._hint = hint
        self._text = clean_line(text)
        self._objection = objection

    def compose(self) -> ComposeResult:
        """The question, the line, what is wrong with it."""
        field = Input(self._text, select_on_focus=False)
        field.cursor_blink = False
        with Vertical(classes="box"):
            yield Static(content_of(self._question), id="question")
            yield Static(content_of(self._hint))
            yield field
            yield Static("", id="objection", markup=False)

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        objection = self._objection(event.value)
        if objection:
            self.query_one("#objection", Static).update(content_of([Cell(objection, "error")]))
        else:
            self.dismiss(event.value)

    def action_close(self) -> None:
        """Answers nothing."""
        self.dismiss(None)
