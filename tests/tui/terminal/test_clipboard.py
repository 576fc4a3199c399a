"""The clipboard sequence: encoded, capped, wrapped for tmux."""

from __future__ import annotations

import base64

from batchtui.tui.terminal.clipboard import MAX_BYTES, clipboard_sequence


def test_text_travels_encoded() -> None:
    text = "\x1b]52;c;evil\x07 é 😀"
    sequence = clipboard_sequence(text, {})
    assert sequence is not None
    assert sequence.startswith("\x1b]52;c;")
    assert base64.b64decode(sequence[7:-1]).decode() == text
    assert sequence[7:-1].isalnum() or set(sequence[7:-1]) <= set(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="
    )


def test_tmux_passes_it_on() -> None:
    assert clipboard_sequence("a", {"TMUX": "x"}) == "\x1bPtmux;\x1b\x1b]52;c;YQ==\x07\x1b\\"


def test_what_no_terminal_takes_is_refused() -> None:
    assert clipboard_sequence("a" * MAX_BYTES, {}) is not None
    assert clipboard_sequence("a" * (MAX_BYTES + 1), {}) is None
