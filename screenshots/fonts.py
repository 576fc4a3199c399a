"""Whether this machine's fonts have a glyph for each character of a picture."""

from __future__ import annotations

import unicodedata
from functools import cache
from html import escape

import resvg_py

FONT = "DejaVu Sans Mono"
NOWHERE = "\U0010fffd"
"""For private use: no font has it, so it is drawn as an empty box."""
ATTACHED = ("M", "Sk", "Cc", "Cf", "Z")
"""Categories of what has no glyph of its own: marks, skin tones, joiners, spaces."""


def render(svg: str) -> bytes:
    """Return an SVG as PNG, in our font, or in others where it has no glyph."""
    return bytes(resvg_py.svg_to_bytes(svg_string=svg, font_family=FONT, monospace_family=FONT))


def missing(text: str) -> str:
    """Return the characters of a text that would be drawn as empty boxes."""
    return "".join(sorted(char for char in set(text) if not (char.isascii() or _is_drawn(char))))


@cache
def _is_drawn(char: str) -> bool:
    return unicodedata.category(char).startswith(ATTACHED) or _drawing(char) != _drawing(NOWHERE)


@cache
def _drawing(char: str) -> bytes:
    text = f'<text y="16" font-family="{FONT}" font-size="16">{escape(char)}</text>'
    return render(f'<svg xmlns="http://www.w3.org/2000/svg" width="24" height="24">{text}</svg>')
