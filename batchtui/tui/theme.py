"""The palettes as Textual's themes, and Rich's Markdown in them."""

from rich.theme import Theme as RichTheme
from textual.theme import Theme

from batchtui.tui.palette import PALETTES

DARK, LIGHT, ANSI = THEMES = [Theme(**palette) for palette in PALETTES]
"""All of them, for `App.register_theme`."""

MARKDOWN_THEME = RichTheme(
    {
        "markdown.code": "bold",
        "markdown.code_block": "none",
        "markdown.block_quote": "italic",
        "markdown.list": "none",
        "markdown.item.number": "bold",
        "markdown.link": "underline",
        "markdown.link_url": "dim",
        "markdown.table.border": "dim",
        "markdown.table.header": "bold",
    }
)
"""Rich's Markdown without its many colours: ours has one accent, and an answer does not get it."""
