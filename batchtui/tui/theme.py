"""The palettes as Textual's themes."""

from textual.theme import Theme

from batchtui.tui.colors import PALETTES

DARK, LIGHT, ANSI = THEMES = [Theme(**palette) for palette in PALETTES]
"""All of them, for `App.register_theme`."""
