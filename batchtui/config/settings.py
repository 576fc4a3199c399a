"""What a person may set in config.toml besides profiles: theme, polling, notifications, mouse, keys."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Literal

from batchtui.config.document import Document, Given, Rule, read_document, suggestion
from batchtui.config.keys import KEYS, clash, key_name

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


@dataclass(frozen=True)
class Settings:
    """How the screens behave.

    Attributes:
        theme: Name of the theme.
        poll_selected: Seconds between two looks at the selected batch while it runs.
        poll_list: Seconds between two looks at the list.
        notify_osc9: Whether the end of a batch is also sent as an OSC 9 notification of the terminal.
        mouse: Whether the screens take the mouse; if not, selecting text is left to the terminal.
        results: Whether opened results are fetched only as far as needed (`lazy`) or at once (`whole`).
        keys: Keys by the id of their binding, several joined by commas.
    """

    theme: str = "dark"
    poll_selected: float = 5.0
    poll_list: float = 30.0
    notify_osc9: bool = False
    mouse: bool = True
    results: Literal["lazy", "whole"] = "lazy"
    keys: Mapping[str, str] = field(default_factory=dict)


def _is_name(value: object) -> bool:
    return isinstance(value, str) and bool(value)


def _is_interval(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 1 <= value <= 3600


def _is_switch(value: object) -> bool:
    return isinstance(value, bool)


def _are_keys(value: object) -> bool:
    return isinstance(value, str) and all(key and key_name(key) for key in _split(value))


def _split(keys: str) -> list[str]:
    return [key.strip() for key in keys.split(",")]


_RULES = {
    "theme": Rule(_is_name, "the name of a theme in quotes"),
    "poll_selected": Rule(_is_interval, "a number of seconds from 1 to 3600"),
    "poll_list": Rule(_is_interval, "a number of seconds from 1 to 3600"),
    "notify_osc9": Rule(_is_switch, "true or false"),
    "mouse": Rule(_is_switch, "true or false"),
    "results": Rule(lambda value: value in ("lazy", "whole"), '"lazy" or "whole"'),
}
# These stand beside the settings and are read by themselves.
_BESIDE = {
    "keys": Rule(lambda value: isinstance(value, dict), "a table of binding ids and keys"),
    "profile": Rule(_is_name, "the name of a profile in quotes"),
    "profiles": Rule(lambda value: isinstance(value, dict), "a table of profiles"),
}
_KEYS = Rule(_are_keys, 'known keys joined by commas, like "x,ctrl+x,delete"')
THEMES = ("dark", "light", "ansi")
"""What `theme` may be."""


def load_settings(path: Path) -> Settings:
    """Read the settings; what the file does not set, and a file that is not there, is left at the defaults.

    Args:
        path: Path of config.toml.

    Raises:
        ConfigError: The file cannot be used, or a key in it is unknown or not as allowed.
    """
    document = read_document(path)
    document.check(document.data, _RULES | _BESIDE)
    values = {key: value for key, value in document.data.items() if key in _RULES}
    if "theme" in values and values["theme"] not in THEMES:
        raise document.source("theme").error(f"no such theme; {suggestion(values['theme'], THEMES)}")
    return Settings(**values, keys=_keymap(document))


def _keymap(document: Document) -> dict[str, str]:
    keys = document.table("keys")
    document.check(keys, dict.fromkeys((key.id for key in KEYS), _KEYS), "keys")
    keymap = {name: ",".join(_split(text)) for name, text in keys.items()}
    if found := clash(keymap):
        name, key, other = found
        raise document.source("keys", name).error(f'"{key}" is also the key of {other}; choose another one')
    return keymap


def given_settings(path: Path) -> dict[str, Given]:
    """Every setting by its dotted name, with the place where it was read.

    Raises:
        ConfigError: As `load_settings` does.
    """
    settings, document = load_settings(path), read_document(path)
    given = {
        name: Given(getattr(settings, name), document.source(name) if name in document.data else None)
        for name in (field.name for field in fields(Settings))
        if name != "keys"
    }
    keys = {
        f"keys.{name}": Given(value, document.source("keys", name)) for name, value in settings.keys.items()
    }
    return given | keys
