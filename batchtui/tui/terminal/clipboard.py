"""Text for the clipboard of the terminal that the person sits at, however far away (OSC 52)."""

from __future__ import annotations

import base64
from collections.abc import Mapping

from batchtui.text import replace_surrogates

MAX_BYTES = 74_000
"""Terminals drop longer sequences; xterm takes 100,000 characters of base64, the fewest that is common."""


def clipboard_sequence(text: str, env: Mapping[str, str]) -> str | None:
    """What to send to the terminal, wrapped for tmux where that is between; None if the text is too long.

    Args:
        text: Raw text; it travels encoded, so that nothing in it can act.
        env: The environment.
    """
    data = replace_surrogates(text).encode()
    if len(data) > MAX_BYTES:
        return None
    sequence = f"\x1b]52;c;{base64.b64encode(data).decode('ascii')}\x07"
    if "TMUX" in env:
        escaped = sequence.replace("\x1b", "\x1b\x1b")
        return f"\x1bPtmux;{escaped}\x1b\\"
    return sequence
