"""Three palettes of one design: dim borders, no filled bars, one accent, color for status only.

Without Textual, because the first frame is drawn before that is imported; `theme` makes them its themes.
"""

from typing import NotRequired, TypedDict


class Palette(TypedDict):
    """The colors of a theme, by the names of Textual's `Theme`."""

    name: str
    primary: str
    secondary: str
    accent: str
    success: str
    warning: str
    error: str
    foreground: str
    background: str
    surface: str
    panel: str
    boost: NotRequired[str]
    dark: NotRequired[bool]
    ansi: NotRequired[bool]
    variables: dict[str, str]


DARK = Palette(
    name="batchtui-dark",
    primary="#6cb6ff",
    secondary="#6cb6ff",
    accent="#6cb6ff",
    success="#7ccf8a",
    warning="#e3b341",
    error="#ff7b72",
    foreground="#d8dee6",
    background="#0f1318",
    surface="#0f1318",
    panel="#161c24",
    dark=True,
    variables={
        "text": "#d8dee6",
        "text-muted": "#8d98a6",
        "text-disabled": "#647080",
        "border": "#39434f",
        "border-blurred": "#39434f",
        "block-cursor-background": "#1d2f45",
        "block-cursor-foreground": "#f2f6fa",
        "block-cursor-text-style": "none",
        "block-cursor-blurred-background": "#1a212a",
        "block-cursor-blurred-foreground": "#d8dee6",
        "input-selection-background": "#2b4a6b",
        "screen-selection-background": "#2b4a6b",
        "scrollbar": "#4a5663",
        "scrollbar-hover": "#6cb6ff",
        "scrollbar-active": "#6cb6ff",
        "scrollbar-background": "#0f1318",
        "scrollbar-background-hover": "#0f1318",
        "scrollbar-background-active": "#0f1318",
    },
)
"""For dark terminals, and the default."""

LIGHT = Palette(
    name="batchtui-light",
    primary="#0a5dc2",
    secondary="#0a5dc2",
    accent="#0a5dc2",
    success="#17722f",
    warning="#8a5a00",
    error="#b8232f",
    foreground="#1d232b",
    background="#fbfbfa",
    surface="#fbfbfa",
    panel="#f0f1f2",
    dark=False,
    variables={
        "text": "#1d232b",
        "text-muted": "#5b6571",
        "text-disabled": "#8a929c",
        "border": "#c3c9d0",
        "border-blurred": "#c3c9d0",
        "block-cursor-background": "#dbe8f8",
        "block-cursor-foreground": "#0d1117",
        "block-cursor-text-style": "none",
        "block-cursor-blurred-background": "#eceef0",
        "block-cursor-blurred-foreground": "#1d232b",
        "input-selection-background": "#b9d4f5",
        "screen-selection-background": "#b9d4f5",
        "scrollbar": "#aab2bc",
        "scrollbar-hover": "#0a5dc2",
        "scrollbar-active": "#0a5dc2",
        "scrollbar-background": "#fbfbfa",
        "scrollbar-background-hover": "#fbfbfa",
        "scrollbar-background-active": "#fbfbfa",
    },
)
"""For light terminals."""

ANSI = Palette(
    name="batchtui-ansi",
    ansi=True,
    primary="ansi_cyan",
    secondary="ansi_cyan",
    accent="ansi_cyan",
    success="ansi_green",
    warning="ansi_yellow",
    error="ansi_red",
    foreground="ansi_default",
    background="ansi_default",
    surface="ansi_default",
    panel="ansi_default",
    boost="ansi_default",
    variables={
        "ansi-background": "ansi_black",
        "ansi-foreground": "ansi_white",
        "text-muted": "ansi_bright_black",
        "text-disabled": "ansi_bright_black",
        "border": "ansi_bright_black",
        "border-blurred": "ansi_bright_black",
        "block-cursor-background": "ansi_cyan",
        "block-cursor-foreground": "ansi_black",
        "block-cursor-text-style": "none",
        "block-cursor-blurred-background": "ansi_default",
        "block-cursor-blurred-foreground": "ansi_default",
        "scrollbar": "ansi_bright_black",
        "scrollbar-hover": "ansi_cyan",
        "scrollbar-active": "ansi_cyan",
        "scrollbar-background": "ansi_default",
        "scrollbar-background-hover": "ansi_default",
        "scrollbar-background-active": "ansi_default",
    },
)
"""For terminals of 16 colors: the terminal's own palette and background."""

PALETTES = (DARK, LIGHT, ANSI)
"""All of them; the first is the default."""
