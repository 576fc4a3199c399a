"""The command palette."""

from batchtui.tui.terminal.textual_private import PrivatePalette


class Palette(PrivatePalette):
    """Textual's command palette."""
