"""Reads config.toml and says for each key on which line it stands."""

from __future__ import annotations

import os
import re
import stat
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from batchtui.config.errors import Source

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

# Compiled by `re` when first needed: without a file, never.
_HEADER = r"\s*\[([^\[\]]+)\]"
_ASSIGNMENT = r"""\s*((?:"[^"]*"|'[^']*'|[\w.\s-])+?)\s*="""
_NAME = r""""([^"]*)"|'([^']*)'|([\w-]+)"""


@dataclass(frozen=True)
class Rule:
    """What one key of config.toml may hold.

    Attributes:
        accepts: Tells whether a value, as TOML gave it, is allowed.
        allowed: Completes the sentence "must be …".
    """

    accepts: Callable[[Any], bool]
    allowed: str


class Given(NamedTuple):
    """A value as it will be used, and where it was read; None for a default."""

    value: Any
    source: Source | None = None


@dataclass(frozen=True)
class Document:
    """One configuration file, parsed.

    Attributes:
        path: Where it was read from.
        text: Its text, kept for the lines of its keys.
        data: Its tables and values.
    """

    path: Path
    text: str = field(default="", repr=False)
    data: dict[str, Any] = field(default_factory=dict, repr=False)

    def source(self, *keys: str) -> Source:
        """Where a key stands; a key that is not in the file gets the line of the table around it."""
        return Source(".".join(keys), self.path, _line_of(self.text, keys))

    def table(self, *keys: str) -> dict[str, Any]:
        """One table, empty if it is not there.

        Raises:
            ConfigError: Something else stands in its place.
        """
        found: Any = self.data
        for depth, key in enumerate(keys, 1):
            found = found.get(key, {})
            if not isinstance(found, dict):
                raise self.source(*keys[:depth]).error("must be a table")
        return dict(found)

    def check(self, table: Mapping[str, Any], rules: Mapping[str, Rule], *where: str) -> None:
        """Holds every key of one table against its rule.

        Args:
            table: The keys and values to check.
            rules: The keys that are known here, each with its rule.
            where: Keys that lead to the table.

        Raises:
            ConfigError: A key is unknown or its value is not allowed. The value itself is not shown.
        """
        for key, value in table.items():
            if key not in rules:
                raise self.source(*where, key).error(f"unknown key; {suggestion(key, rules)}")
            if not rules[key].accepts(value):
                raise self.source(*where, key).error(f"must be {rules[key].allowed}")


def suggestion(name: str, known: Iterable[str]) -> str:
    """Answers `did you mean "…"?`, or every known name when none is near."""
    import difflib  # ~7 ms to import, so only for a mistake

    names = sorted(known)
    near = difflib.get_close_matches(name, names, n=1)
    return f'did you mean "{near[0]}"?' if near else f"known are: {', '.join(names) or 'none'}"


def read_document(path: Path) -> Document:
    """Reads a configuration file; a file that is not there is an empty one.

    Raises:
        ConfigError: The file cannot be read, is not TOML, or could be changed by somebody else, who
            could then send the key elsewhere or run a command.
    """
    try:
        with path.open("rb") as file:
            _refuse_foreign(os.fstat(file.fileno()), path)
            text = file.read().decode()
    except FileNotFoundError:
        return Document(path)
    except UnicodeDecodeError:
        raise Source(None, path).error("is not UTF-8 text") from None
    except OSError as error:
        raise Source(None, path).error(f"cannot be read: {error.strerror}") from None
    return Document(path, text, _parsed(text, path))


def _parsed(text: str, path: Path) -> dict[str, Any]:
    import tomllib  # ~10 ms to import, so only where there is a file

    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        message, _, place = str(error).partition(" (at ")
        line = re.match(r"line (\d+)", place)
        where = Source(None, path, int(line[1]) if line else len(text.splitlines()))
        raise where.error(f"is not valid TOML: {message}") from None


def _refuse_foreign(status: os.stat_result, path: Path) -> None:
    if status.st_uid not in (0, os.geteuid()):
        raise Source(None, path).error("belongs to somebody else; use a file of your own")
    if status.st_mode & stat.S_IWOTH:
        raise Source(None, path).error(f"can be changed by anyone; run: chmod o-w {path}")


def _names(dotted: str) -> tuple[str, ...]:
    return tuple("".join(parts) for parts in re.findall(_NAME, dotted))


def _line_of(text: str, keys: tuple[str, ...]) -> int | None:
    """Finds the line of the longest part of `keys` that the text spells out."""
    table: tuple[str, ...] = ()
    best: tuple[int, int | None] = (0, None)
    for number, line in enumerate(text.splitlines(), 1):
        if header := re.match(_HEADER, line):
            name = table = _names(header[1])
        elif assignment := re.match(_ASSIGNMENT, line):
            name = table + _names(assignment[1])
        else:
            continue
        if len(name) > best[0] and name == keys[: len(name)]:
            best = (len(name), number)
    return best[1]
