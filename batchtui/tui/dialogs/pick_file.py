"""Lets a file be chosen, by typing its path or by going through folders."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, Static

from batchtui.text import ago, clean_line, shown_path, size
from batchtui.tui.dialogs.dialog import Dialog
from batchtui.tui.dialogs.path_completion import (
    Entry,
    fitting,
    typed_path,
    why_nothing_fits,
    without_restart,
)
from batchtui.tui.format.cells import Cell
from batchtui.tui.format.columns import Column
from batchtui.tui.format.styled import content_of
from batchtui.tui.keys import bindings
from batchtui.tui.widgets.line_table import LineTable
from batchtui.tui.widgets.text_line import TextLine

COLUMNS = (
    Column("", 20, flexible=True),
    Column("", 9, align="right"),
    Column("", 14, align="right", drop=1),
)
HINT = "type, or go through with ↑ ↓ · tab takes the name over · enter opens"


class FileTable(LineTable, can_focus=False):
    """The files and folders that fit what is typed."""

    def __init__(self) -> None:
        super().__init__(COLUMNS)
        self.entries: Sequence[Entry] = ()

    def show(self, entries: Sequence[Entry]) -> None:
        """Shows other entries, from the first one."""
        self.entries = entries
        self.set_row_count(0)
        self.set_row_count(len(entries))
        self.move_to(0)

    @property
    def current(self) -> Entry | None:
        """The entry under the cursor."""
        return self.entries[self.cursor_row] if self.cursor_row is not None else None

    def cells(self, row: int) -> Sequence[Cell]:
        """Name, size and age."""
        entry = self.entries[row]
        if entry.is_folder:
            return [Cell(entry.name + "/", "accent"), Cell(""), Cell("")]
        age = ago(time.time() - entry.changed_at)
        return [Cell(entry.name), Cell(size(entry.size), "muted"), Cell(age, "muted")]


class PickFile(Dialog[Path | None]):
    """A line to type a path in, and what fits it below; answers the file, None if none was chosen.

    Args:
        question: What the file is for.
        folder: Where to begin: where one is.
    """

    BINDINGS = bindings("pick")
    """Moving through the files while the line has the focus."""

    DEFAULT_CSS = """
    PickFile {
        & > .box { width: 90; height: 24; }
        & Static { color: $text-muted; }
        & #question { color: $text; text-style: bold; }
        & TextLine, & TextLine:focus { margin: 1 0; background: $panel; }
        &.-short TextLine, &.-short TextLine:focus { margin: 0; }
    }
    """
    """A box of one size, whatever the folder holds."""

    def __init__(self, question: str, folder: Path) -> None:
        super().__init__()
        self._question = question
        start = shown_path(folder)
        # A path that cannot be shown as it is cannot be typed either; none means where one is.
        self._line = TextLine(start if start == clean_line(start) else "")
        self._table = FileTable()
        self._shown: str | None = None
        """What was typed when the files were looked for."""

    def compose(self) -> ComposeResult:
        """The question, the line, the files, the keys."""
        with Vertical(classes="box") as box:
            box.border_subtitle = Content("↑↓ enter · esc close")
            yield Static(content_of(self._question), id="question")
            yield self._line
            yield self._table
            yield Static(content_of(HINT))

    def on_mount(self) -> None:
        """Shows the folder to begin with."""
        self._show()

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        if (path := without_restart(event.value)) != event.value:
            self._line.value = path
            self._line.cursor_position = len(path)
        self._show()

    def _show(self) -> None:
        """Shows what fits what is typed by now; an enter may come before word of the last letter."""
        if self._line.value == self._shown:
            return
        self._shown = self._line.value
        try:
            found = fitting(self._line.value)
            self._table.placeholder = "" if found else why_nothing_fits(self._line.value)
        except (OSError, ValueError, RuntimeError) as error:
            found, why = [], getattr(error, "strerror", "") or str(error)
            self._table.placeholder = f"{self._line.value}: {why}"
        self._table.show(found)

    def action_up(self) -> None:
        """To the entry above."""
        self._table.action_cursor_up()

    def action_down(self) -> None:
        """To the entry below."""
        self._table.action_cursor_down()

    def action_complete(self) -> None:
        """Takes the name of the entry over into the line."""
        self._show()
        if entry := self._table.current:
            self._take_over(entry.path)

    def action_submit(self) -> None:
        """Goes into the folder, or answers the file."""
        self._show()
        typed, entry = typed_path(self._line.value), self._table.current
        if typed.is_file():
            self.dismiss(typed)
        elif entry and entry.is_folder:
            self._take_over(entry.path)
        elif entry:
            self.dismiss(entry.path)

    def action_close(self) -> None:
        """Answers no file."""
        self.dismiss(None)

    def _take_over(self, path: Path) -> None:
        self._line.value = shown_path(path)
        self._line.cursor_position = len(self._line.value)
