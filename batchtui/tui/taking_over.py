"""Textual's driver, for a terminal that shows a first frame already."""

from __future__ import annotations

from textual.drivers.linux_driver import LinuxDriver

from batchtui.tui.early_screen import ENTER, EarlyScreen


def driver_taking_over(early: EarlyScreen) -> type[LinuxDriver]:
    """A driver that leaves what is shown in place until Textual paints over it.

    Args:
        early: Who has the terminal now.
    """

    class TakingOver(LinuxDriver):
        """Takes over once; when the app is suspended and comes back, all is as usual."""

        _is_taking_over = True

        def start_application_mode(self) -> None:
            super().start_application_mode()  # type: ignore[no-untyped-call]  # Textual's own
            if self._is_taking_over:
                self._is_taking_over = False
                self.attrs_before = early.hand_over()

        def write(self, data: str) -> None:
            # Entered again, the alternate screen would be emptied by some terminals, and stay so for a while.
            if not (self._is_taking_over and data == ENTER):
                super().write(data)

    return TakingOver
