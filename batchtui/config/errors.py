"""What is wrong with the configuration, and where: one sentence for a person, never a secret's value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class Source:
    """Where a value was read.

    Attributes:
        key: Name of the variable, option or dotted key in config.toml; None for a file as a whole.
        path: The configuration file; None for a variable or an option.
        line: Line of the key in that file, counted from 1; None where it is not known.
    """

    key: str | None
    path: Path | None = None
    line: int | None = None

    def __str__(self) -> str:
        place = [str(self.path)] if self.path else []
        place += [f"line {self.line}"] if self.line else []
        place += [self.key] if self.key else []
        return ", ".join(place)

    def error(self, message: str) -> ConfigError:
        """A `ConfigError` about this value; `message` says what is wrong and what is allowed."""
        return ConfigError(message, self)


class ConfigError(Exception):
    """A setting, profile, key or private folder cannot be used as it is.

    Args:
        message: What is wrong and what to do, without the place.
        source: Where the value was read; None where the message says it all.
    """

    def __init__(self, message: str, source: Source | None = None) -> None:
        super().__init__(f"{source}: {message}" if source else message)
        self.message = message
        self.source = source


class MissingKey(ConfigError):
    """No API key was found anywhere."""

    def __init__(self) -> None:
        super().__init__("No API key: set ANTHROPIC_API_KEY, or try the demo with `batchtui --demo`.")
