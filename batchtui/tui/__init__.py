"""The screens. Nothing outside this room imports textual, and this face does not before it must.

What is handed on lazily has the first frame on the terminal before textual, most of a start, is imported.
"""

import os
from typing import TYPE_CHECKING

from batchtui.lazy import lazy_names

if TYPE_CHECKING:
    from batchtui.tui.app import run
    from batchtui.tui.terminal.first_frame import show_first_frame

# Textual reads both once, when it is imported. It paints 60 times a second at most: a key pressed right after
# a paint waited up to 17 ms for its own. And what moves by itself costs bytes, which over SSH is felt.
os.environ.setdefault("TEXTUAL_FPS", "120")
os.environ.setdefault("TEXTUAL_ANIMATIONS", "none")

__all__ = ["run", "show_first_frame"]

if not TYPE_CHECKING:  # a checker knows the names by the imports above, and so sees a wrong one
    __getattr__ = lazy_names(
        __name__,
        {
            "show_first_frame": "batchtui.tui.terminal.first_frame",
            "run": "batchtui.tui.app",
        },
    )
