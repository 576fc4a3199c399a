"""Textual's driver, for a terminal that shows a first frame already and whose bytes may come joined."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from typing import Any

from textual._xterm_parser import XTermParser
from textual.drivers import linux_driver
from textual.message import Message

from batchtui.tui.terminal.early_screen import ENTER, EarlyScreen

_JOINED = re.compile(r"\x1b(?=[^\x1b\[\]OPX^_\x08\x7f])")
"""An escape right before what does not make a sequence of it: two keys, or alt and a key."""
_ESCAPE = "\x1b[27u"
"""The escape key as nothing else can be read."""


class SplittingParser(XTermParser):
    """Reads escape and a key that came in one piece, as over SSH, as two keys instead of alt and that key."""

    def feed(self, data: str) -> Iterable[Message]:
        """Return the keys and reports that some input makes."""
        return super().feed(_JOINED.sub(_ESCAPE, data))


def driver_for(early: EarlyScreen | None, *, has_alt_keys: bool) -> type[linux_driver.LinuxDriver]:
    """Return a driver that leaves what is shown in place until Textual paints over it.

    Args:
        early: Who has the terminal now, if anyone.
        has_alt_keys: Whether a key with alt is bound: then escape and a key in one piece are read as that.
    """

    class Driver(linux_driver.LinuxDriver):
        """Takes over once; when the app is suspended and comes back, all is as usual."""

        _early = early

        def __init__(self, *args: Any, **options: Any) -> None:  # noqa: ANN401 - Textual's own
            super().__init__(*args, **options)
            # Stdout is known to be the terminal; stderr, Textual's choice, may be a file (`batchtui 2>log`).
            self._file = sys.__stdout__

        def start_application_mode(self) -> None:
            super().start_application_mode()  # type: ignore[no-untyped-call]  # Textual's own
            if self._early:
                self.attrs_before = self._early.hand_over()
                self._early = None

        def write(self, data: str) -> None:
            # Entered again, the alternate screen would be emptied by some terminals, and stay so for a while.
            if not (self._early and data == ENTER):
                super().write(data)

        def run_input_thread(self) -> None:
            # The driver has no other way to be given a parser.
            linux_driver.XTermParser = XTermParser if has_alt_keys else SplittingParser  # type: ignore[attr-defined]
            super().run_input_thread()

    return Driver
