"""Draws cells by escape sequences, in the colors that Textual will use for them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache

from rich.color import Color, ColorSystem

from batchtui.tui.colors import Palette
from batchtui.tui.format.cells import CONTENT_STYLES, Cell, Tone


class Brush:
    """Renders lines of cells as escape sequences.

    Args:
        palette: The colors of the theme.
        env: The environment; `TERM`, `COLORTERM` and `NO_COLOR` say which colors the terminal supports.
    """

    def __init__(self, palette: Palette, env: Mapping[str, str]) -> None:
        self._colors = {"foreground": palette["foreground"], "background": palette["background"]}
        self._colors |= {tone: palette[tone] for tone in ("accent", "success", "warning", "error")}
        self._colors |= {"text": palette["foreground"]} | palette["variables"]
        self._lit_has_one_color = palette.get("ansi", False)
        self._system = _color_system(env)
        self._style = cache(self._make_style)

    def screen(self, lines: Iterable[str]) -> str:
        """Return a whole screen of lines, each as wide as the terminal."""
        placed = (f"\x1b[{y};1H{line}" for y, line in enumerate(lines, 1))
        return self._background("background") + "".join(placed)

    def line(self, cells: Iterable[Cell], *, lit: bool = False) -> str:
        """Return a line of clean cells.

        Args:
            cells: The content.
            lit: Whether it is highlighted, as under a cursor.
        """
        drawn, last = "", ""
        for text, tone in cells:
            style = self._style(tone, lit=lit)
            if style != last and not text.isspace():
                drawn, last = drawn + style, style
            drawn += text
        return (
            self._background("block-cursor-background") + drawn + self._background("background")
            if lit
            else drawn
        )

    def _make_style(self, tone: Tone, *, lit: bool) -> str:
        """Return the sequence before a text. It always sets a color, as lines are joined side by side."""
        if self._system is None:
            return ""
        color = "text" if tone in ("", "strong") else CONTENT_STYLES[tone].removeprefix("$")
        if lit and self._lit_has_one_color:
            color = "block-cursor-foreground"
        weight = "1" if tone == "strong" else "22"
        return _sequence(weight, *_codes(self._colors[color], self._system, foreground=True))

    def _background(self, name: str) -> str:
        if self._system is None:
            return ""
        return _sequence(*_codes(self._colors[name], self._system, foreground=False))


def _sequence(*codes: str) -> str:
    return f"\x1b[{';'.join(codes)}m"


def _codes(color: str, system: ColorSystem, *, foreground: bool) -> tuple[str, ...]:
    parsed = Color.parse(color.removeprefix("ansi_")).downgrade(system)
    return parsed.get_ansi_codes(foreground=foreground)


def _color_system(env: Mapping[str, str]) -> ColorSystem | None:
    """Return the supported colors by the rules of Rich; None for none."""
    if "NO_COLOR" in env:
        return None
    if env.get("COLORTERM", "").strip().lower() in ("truecolor", "24bit"):
        return ColorSystem.TRUECOLOR
    has_256 = env.get("TERM", "").endswith(("256color", "kitty"))
    return ColorSystem.EIGHT_BIT if has_256 else ColorSystem.STANDARD
