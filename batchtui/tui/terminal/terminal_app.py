"""The part of the app that deals with the terminal: keys in order, the clipboard, toasts, and bugs."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from rich.console import Console, RenderableType
from textual.app import ReturnType
from textual.driver import Driver
from textual.filter import LineFilter
from textual.notifications import Notification, Notify

from batchtui.process import bug_report
from batchtui.text import clean_line
from batchtui.tui.terminal.clipboard import clipboard_sequence
from batchtui.tui.terminal.control_filter import ControlFilter
from batchtui.tui.terminal.driver import driver_for
from batchtui.tui.terminal.early_screen import EarlyScreen
from batchtui.tui.terminal.textual_private import release_closed_widgets
from batchtui.tui.terminal.typed_keys import OrderedKeysApp

MAX_TOASTS = 3
"""Toasts at a time: more would bury the screen."""


class TerminalApp(OrderedKeysApp[ReturnType]):
    """An app made for slow terminals and untrusted text.

    Args:
        early: What the terminal shows already, if anything.
        has_alt_keys: Whether a key with alt is bound.
        notify_desktop: Whether the bell comes with a notification of the desktop.
    """

    def __init__(
        self, early: EarlyScreen | None = None, *, has_alt_keys: bool = False, notify_desktop: bool = False
    ) -> None:
        super().__init__(driver_class=driver_for(early, self._set_terminal, has_alt_keys=has_alt_keys))
        release_closed_widgets()
        # Each step of an animation would be sent, over SSH too.
        self.animation_level = "none"
        # Textual prints a traceback here after a bug, with all local variables: replies and keys among them.
        self.error_console = Console(quiet=True)
        self.exit_message = ""
        """A sentence for stderr once the screens are closed."""
        self._notify_desktop = notify_desktop
        self._terminal: Driver | None = None
        self._copied = ""
        self._toasts: list[Notification] = []
        self._control_filter = ControlFilter()

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Return the filters of every line; the last one makes control characters visible."""
        return [*super().get_line_filters(), self._control_filter]

    def panic(self, *_: RenderableType) -> None:
        """Close after a bug, with one line instead of Textual's traceback."""
        self.exit_message = bug_report(sys.exception() or RuntimeError())
        super().panic()

    def final_message(self) -> str:
        """Return a sentence for stderr once the screens are closed; empty if there is none."""
        if self.return_code == 1 and not self.exit_message:  # a bug that did not pass `panic`
            return bug_report(RuntimeError())
        return self.exit_message

    def on_notify(self, event: Notify) -> None:
        """Let the oldest toast expire when there are too many."""
        self._toasts.append(event.notification)
        for notification in self._toasts[:-MAX_TOASTS]:
            notification.timeout = 0
        del self._toasts[:-MAX_TOASTS]

    @property
    def clipboard(self) -> str:
        """The text that was copied last, for ctrl+v in an input."""
        return self._copied

    def copy_to_clipboard(self, text: str) -> None:
        """Copy text to the clipboard of the terminal; called by Textual's inputs too."""
        self.copy_raw(text)

    def copy_raw(self, text: str) -> bool:
        """Copy text unchanged to the clipboard of the terminal.

        Returns:
            Whether it fits. If not, nothing is copied.
        """
        sequence = clipboard_sequence(text, os.environ)
        if sequence is None:
            return False
        self._copied = text
        self._send(sequence)
        return True

    def ring(self, message: str) -> None:
        """Ring the terminal's bell, and notify the desktop (OSC 9) if the settings say so."""
        self.bell()
        if self._notify_desktop:
            self._send(f"\x1b]9;{clean_line(message)}\x07")

    def _send(self, sequence: str) -> None:
        if self._terminal:
            self._terminal.write(sequence)

    def _set_terminal(self, driver: Driver) -> None:
        self._terminal = driver
