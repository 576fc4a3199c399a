"""The themes: texts can be read on their backgrounds, and there is one accent."""

from __future__ import annotations

import pytest
from textual.color import Color
from textual.theme import Theme

from batchtui.config.settings import THEMES as THEME_SETTINGS
from batchtui.tui.theme import ANSI, DARK, LIGHT, THEMES

READABLE = 4.5  # WCAG 2.2, contrast (minimum)
TEXTS = ("text", "text-muted", "accent", "success", "warning", "error")
BACKGROUNDS = ("background", "block-cursor-background", "block-cursor-blurred-background")


def contrast(one: Color, other: Color) -> float:
    """The contrast ratio of WCAG 2.2."""
    low, high = sorted(_luminance(color) for color in (one, other))
    return (high + 0.05) / (low + 0.05)


def _luminance(color: Color) -> float:
    parts = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in color.normalized]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


@pytest.mark.parametrize("theme", [DARK, LIGHT], ids=lambda theme: theme.name)
@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("background", BACKGROUNDS)
def test_every_text_can_be_read_on_every_background(theme: Theme, text: str, background: str) -> None:
    colors = theme.to_color_system().generate()
    assert contrast(Color.parse(colors[text]), Color.parse(colors[background])) >= READABLE


@pytest.mark.parametrize("theme", THEMES, ids=lambda theme: theme.name)
def test_there_is_one_accent(theme: Theme) -> None:
    assert theme.primary == theme.secondary == theme.accent


def test_sixteen_colors_are_the_terminals_own() -> None:
    colors = ANSI.to_color_system().generate()
    assert all(colors[name].startswith("ansi_") for name in (*TEXTS, "background", "border"))


def test_the_setting_names_the_themes_there_are() -> None:
    assert [theme.name.removeprefix("batchtui-") for theme in THEMES] == list(THEME_SETTINGS)
