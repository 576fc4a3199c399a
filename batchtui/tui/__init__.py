"""The screens. Only this package imports Textual.

Its names are imported lazily: the first frame is shown before Textual, most of a start, is imported.
"""

import os
from typing import TYPE_CHECKING

from batchtui.lazy import lazy_names

if TYPE_CHECKING:
    from batchtui.tui.app import run
    from batchtui.tui.terminal.first_frame import show_first_frame

# Textual reads both when it is imported. At its default of 60 frames a second, a key pressed right after a
# paint waited up to 17 ms for its own. Animations cost bytes, which are slow over SSH.
os.environ.setdefault("TEXTUAL_FPS", "120")
os.environ.setdefault("TEXTUAL_ANIMATIONS", "none")

__all__ = ["run", "show_first_frame"]

if not TYPE_CHECKING:  # type checkers use the imports above
    __getattr__ = lazy_names(
        __name__,
        {
            "show_first_frame": "batchtui.tui.terminal.first_frame",
            "run": "batchtui.tui.app",
        },
    )
