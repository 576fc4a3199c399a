"""Copies text to the clipboard of the local terminal, also over SSH (OSC 52)."""

from __future__ import annotations

import base64
from collections.abc import Mapping

from batchtui.text import replace_surrogates

MAX_BYTES = 74_000
"""Terminals drop longer sequences. The lowest common limit is that of xterm: 100,000 base64 characters."""


def clipboard_sequence(text: str, env: Mapping[str, str]) -> str | None:
    """Return the sequence that copies text, wrapped for tmux if needed; None if the text is too long.

    Args:
        text: Raw text. It is sent in base64, so the terminal interprets nothing in it.
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
