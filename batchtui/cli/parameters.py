"""Types of the commands' parameters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click


class Text(click.ParamType):  # type: ignore[type-arg]  # generic only in newer versions
    """Words to look for: bytes of an argument that are no text would break the query that they go into."""

    name = "text"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the text, or fail as wrong usage."""
        try:
            value.encode()
        except UnicodeEncodeError:
            self.fail("is not text in this locale.", param, ctx)
        return value


TEXT = Text()


class AliasedOption(click.Option):
    """An option with former names that still work but are not shown in help.

    Args:
        aliases: The former names, with dashes.
    """

    def __init__(self, *args: Any, aliases: Sequence[str], **attributes: Any) -> None:  # noqa: ANN401
        super().__init__(*args, **attributes)
        self._aliases = aliases

    def add_to_parser(self, parser: Any, ctx: click.Context) -> None:  # noqa: ANN401 - private to click
        """Register all names, of which help shows the first ones."""
        shown = self.opts
        self.opts = [*shown, *self._aliases]
        try:
            super().add_to_parser(parser, ctx)
        finally:
            self.opts = shown
