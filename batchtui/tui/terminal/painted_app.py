"""A Textual app whose frames go through the painter."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import COLOR_SYSTEMS
from textual.app import ReturnType
from textual.driver import Driver
from textual.geometry import Size
from textual.screen import Screen
from textual.timer import Timer

from batchtui.tui.terminal.painter import Painter
from batchtui.tui.terminal.textual_private import Piece, PrivateApp

RESIZE_SECONDS = 0.15
"""Seconds without a new size after which a resize counts as finished."""


class PaintedApp(PrivateApp[ReturnType]):
    """An app that sends the terminal only the cells that changed."""

    def __init__(self, driver_class: type[Driver] | None = None) -> None:
        super().__init__(driver_class=driver_class)
        self._painter = Painter()
        self._frame_size = Size()
        self._repaint_timer: Timer | None = None

    def on_resize(self) -> None:
        """Send the next frame whole: terminals differ in what they show while their size changes."""
        self._painter.forget()
        self.screen.refresh(layout=True)
        if self._frame_size:
            if self._repaint_timer:
                self._repaint_timer.stop()
            # Once more after the resize: a frame of another size may have arrived too late.
            self._repaint_timer = self.set_timer(RESIZE_SECONDS, self.repaint)

    def repaint(self) -> None:
        """Send the whole screen again: something else may have written to the terminal."""
        self._painter.forget()
        self.screen.refresh()

    def render_frame(self, screen: Screen[object], pieces: Iterable[Piece]) -> str:
        """Return the text for the cells that changed."""
        if self._frame_size != screen.outer_size:
            # The last frame may have gone beyond the edges of the terminal, and be anywhere.
            self._frame_size = screen.outer_size
            self._painter.forget()
        return self._painter.paint(pieces, COLOR_SYSTEMS[self.console.color_system or "truecolor"])

    def forget_frames(self) -> None:
        """Send the next frame whole."""
        self._painter.forget()
        self._frame_size = Size()
