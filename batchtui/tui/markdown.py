"""Markdown from outside as quiet, safe text: nothing can be clicked, nothing is left out."""

from __future__ import annotations

from typing import ClassVar

from markdown_it import MarkdownIt
from rich.console import Console, ConsoleOptions, RenderResult
from rich.markdown import Heading, Markdown, MarkdownElement

from batchtui.text import clean_text


class _Heading(Heading):
    """A heading that stays at the left; Rich centres it in a box."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        text = self.text.copy()
        text.justify = "left"
        text.stylize("bold")
        yield text


class _QuietMarkdown(Markdown):
    elements: ClassVar[dict[str, type[MarkdownElement]]] = {**Markdown.elements, "heading_open": _Heading}


def markdown(text: str) -> Markdown:
    """Renders Markdown. HTML stays visible as text, and a link shows its real target behind its words."""
    cleaned = clean_text(text)
    rendered = _QuietMarkdown("", code_theme="ansi_dark", hyperlinks=False)
    parser = MarkdownIt("commonmark", {"html": False}).enable("strikethrough").enable("table")
    rendered.parsed = parser.parse(cleaned)
    rendered.markup = cleaned
    return rendered
