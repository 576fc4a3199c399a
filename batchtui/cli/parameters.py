"""Types of the commands' parameters."""

from __future__ import annotations

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
