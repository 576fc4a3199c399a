"""Textual's driver, for a terminal that shows a first frame already and may send keys joined in one piece."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from typing import Any

from textual.driver import Driver
from textual.drivers.linux_driver import LinuxDriver

from batchtui.tui.terminal.early_screen import ENTER, EarlyScreen
from batchtui.tui.terminal.textual_private import preprocess_input, send_to

_JOINED = re.compile(r"\x1b(?=[^\x1b\[\]OPX^_\x08\x7f])")
"""An escape right before a character that does not continue a sequence: two keys, or alt and a key."""
_ESCAPE = "\x1b[27u"
"""The escape key in the keyboard protocol, where it is unambiguous."""


def driver_for(
    early: EarlyScreen | None, on_create: Callable[[Driver], object], *, has_alt_keys: bool
) -> type[LinuxDriver]:
    """Return a driver class that leaves the first frame in place until Textual paints over it.

    Args:
        early: The owner of the terminal now, if any.
        on_create: Called with the driver.
        has_alt_keys: Whether a key with alt is bound. If not, escape and a key in one piece, as over SSH, are
            two keys instead of alt and that key.
    """
    preprocess_input(str if has_alt_keys else _split_joined)

    class TerminalDriver(LinuxDriver):
        """Takes the terminal over once. After a suspension it starts like any other driver."""

        _early_screen = early

        def __init__(self, *args: Any, **options: Any) -> None:  # noqa: ANN401 - Textual's own
            super().__init__(*args, **options)
            # Stdout is known to be the terminal; stderr, Textual's choice, may be a file (`batchtui 2>log`).
            send_to(sys.__stdout__, self)
            on_create(self)

        def start_application_mode(self) -> None:
            super().start_application_mode()  # type: ignore[no-untyped-call]  # Textual's own
            if self._early_screen:
                self.attrs_before = self._early_screen.release()
                self._early_screen = None

        def write(self, data: str) -> None:
            # Some terminals would empty the alternate screen when it is entered again.
            if not (self._early_screen and data == ENTER):
                super().write(data)

    return TerminalDriver


def _split_joined(data: str) -> str:
    return _JOINED.sub(_ESCAPE, data)
