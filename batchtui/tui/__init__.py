"""The screens. Nothing outside this room imports textual."""

import os

# Textual reads both once, when it is imported. It paints 60 times a second at most: a key pressed right after
# a paint waited up to 17 ms for its own. And what moves by itself costs bytes, which over SSH is felt.
os.environ.setdefault("TEXTUAL_FPS", "120")
os.environ.setdefault("TEXTUAL_ANIMATIONS", "none")

from batchtui.tui.app import run
from batchtui.tui.keys import KEYS
from batchtui.tui.theme import THEMES

BINDING_IDS = [key.id for key in KEYS]
"""What a key can be remapped by."""
THEME_NAMES = [theme.name.removeprefix("batchtui-") for theme in THEMES]
"""What the setting `theme` may be."""

__all__ = ["BINDING_IDS", "THEME_NAMES", "run"]
