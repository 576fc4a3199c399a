"""The screens. Nothing outside this room imports textual."""

from batchtui.tui.app import run

__all__ = ["run"]
