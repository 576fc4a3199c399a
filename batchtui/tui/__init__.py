"""The screens. Nothing outside this room imports textual."""

import os

# Textual paints 60 times a second at most: a key pressed right after a paint waited up to 17 ms for its own.
os.environ.setdefault("TEXTUAL_FPS", "120")

from batchtui.tui.app import run  # noqa: E402 - Textual reads it once, when it is imported

__all__ = ["run"]
