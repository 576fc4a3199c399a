"""The one table of keys: bindings, the key bar, the help and what config.toml may remap come from it."""

from __future__ import annotations

import string
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Literal

Group = Literal[
    "batches",
    "results",
    "list",
    "filter",
    "dialog",
    "choose",
    "ask",
    "pick",
    "groups",
    "help",
    "everywhere",
]
"""Where a key acts."""

GROUP_TITLES: dict[Group, str] = {
    "batches": "Batches",
    "results": "Results",
    "list": "In a list",
    "filter": "In the filter",
    "dialog": "In a dialog",
    "choose": "In a choice",
    "ask": "In a question",
    "pick": "In a choice of a file",
    "groups": "In the groups of errors",
    "help": "On this page",
    "everywhere": "Everywhere",
}
"""The heading of each group on the help screen."""

_SHOWN = {
    "escape": "esc",
    "up": "↑",
    "down": "↓",
    "left": "←",
    "right": "→",
    "pageup": "pgup",
    "pagedown": "pgdn",
}


@dataclass(frozen=True)
class Key:
    """One thing that keys do.

    Args:
        group: Where it acts.
        action: The action method of whoever binds the group, without `action_`.
        keys: Key names as Textual knows them, the one to show first.
        label: One word for the key bar.
        help: What it does, for the help screen.
        destructive: Whether it can lose something; never bound when read-only.
        show: Whether the key bar shows it.
        pinned: Whether the key bar drops other keys first where there is little room.
    """

    group: Group
    action: str
    keys: tuple[str, ...]
    label: str
    help: str
    destructive: bool = False
    show: bool = True
    pinned: bool = False

    @property
    def id(self) -> str:
        """Its stable name, by which a keymap in the settings refers to it."""
        return f"{self.group}.{self.action}"

    @property
    def shown(self) -> str:
        """The first key as people write it."""
        return _SHOWN.get(self.keys[0], self.keys[0])

    @property
    def all_shown(self) -> str:
        """Every key as people write it."""
        return "  ".join(_SHOWN.get(key, key) for key in self.keys)


KEYS = (
    Key("batches", "results", ("enter", "o"), "results", "open the results of the batch"),
    Key("batches", "cancel", ("c",), "cancel", "cancel the batch, after asking", destructive=True),
    Key("batches", "delete", ("d",), "delete", "delete the batch, after asking", destructive=True),
    Key("batches", "new", ("ctrl+n",), "new", "submit a file of requests, after asking", destructive=True),
    Key("batches", "sort", ("s",), "sort", "order by age, requests, errors, …", show=False),
    Key("batches", "mark", ("space",), "mark", "mark the batch"),
    Key("batches", "mark_all", ("*",), "mark all", "mark all batches that are shown", show=False),
    Key("batches", "profile", ("p",), "profile", "work with another profile", show=False),
    Key("results", "outcome", ("f",), "outcome", "show all results, or those of one outcome"),
    Key("results", "groups", ("e",), "errors", "what failed, like errors together"),
    Key("results", "sort", ("s",), "sort", "order by id, tokens, length, …", show=False),
    Key(
        "results", "resubmit", ("R",), "resubmit", "submit again what failed, after asking", destructive=True
    ),
    Key("results", "export", ("w",), "write", "write what is shown, or what is marked, to a file"),
    Key("results", "next_tab", ("right", "l"), "view", "as reply, request, JSON, raw line, usage"),
    Key("results", "previous_tab", ("left", "h"), "view", "the view before", show=False),
    Key("results", "next_result", ("]",), "next", "open the next result"),
    Key("results", "previous_result", ("[",), "previous", "open the previous result", show=False),
    Key("results", "next_match", ("n",), "match", "to the next place that is found", show=False),
    Key("results", "previous_match", ("N",), "match", "to the place found before", show=False),
    Key("results", "thinking", ("z",), "thinking", "unfold what the model thought", show=False),
    Key("results", "whole", ("a",), "all", "show a long text to its end", show=False),
    Key("results", "copy_json", ("Y",), "copy JSON", "copy the line as it came", show=False),
    Key("results", "copy_reply", ("ctrl+y",), "copy reply", "copy the text of the reply", show=False),
    Key("results", "pause", ("P",), "pause", "stop fetching, or go on", show=False),
    Key("results", "mark", ("space",), "mark", "mark the row", show=False),
    Key("results", "mark_all", ("*",), "mark all", "mark all rows that are shown", show=False),
    Key("list", "open", ("enter",), "open", "open the row", show=False),
    Key("list", "cursor_up", ("up", "k"), "up", "one row up", show=False),
    Key("list", "cursor_down", ("down", "j"), "down", "one row down", show=False),
    Key("list", "page_up", ("pageup", "ctrl+b"), "page up", "one page up", show=False),
    Key("list", "page_down", ("pagedown", "ctrl+f"), "page down", "one page down", show=False),
    Key("list", "first", ("home", "g"), "first", "to the first row", show=False),
    Key("list", "last", ("end", "G"), "last", "to the last row", show=False),
    Key("filter", "submit", ("enter",), "keep", "keep the filter"),
    Key("filter", "cancel", ("escape",), "clear", "clear the filter"),
    Key("dialog", "no", ("escape", "n"), "no", "close the dialog and change nothing"),
    Key("dialog", "previous", ("left", "shift+tab"), "previous", "to the button before"),
    Key("dialog", "next", ("right", "tab"), "next", "to the next button"),
    Key("dialog", "press", ("enter",), "press", "press the button with the pointer"),
    Key("choose", "close", ("escape", "q"), "close", "choose nothing"),
    Key("ask", "submit", ("enter",), "answer", "answer with what is typed"),
    Key("ask", "close", ("escape",), "close", "answer nothing"),
    Key("pick", "up", ("up",), "up", "one file up"),
    Key("pick", "down", ("down",), "down", "one file down"),
    Key("pick", "complete", ("tab",), "complete", "take the name over"),
    Key("pick", "submit", ("enter",), "open", "go into the folder, or take the file"),
    Key("pick", "close", ("escape",), "close", "take no file"),
    Key("groups", "resubmit", ("R",), "resubmit", "submit again what is in the group", destructive=True),
    Key("help", "close", ("escape", "q", "?", "enter"), "close", "close this page"),
    Key("everywhere", "filter", ("/",), "filter", "filter the list by text", pinned=True),
    Key("everywhere", "refresh", ("r",), "refresh", "ask the server now"),
    Key("everywhere", "copy_id", ("y",), "copy id", "copy the id of the row"),
    Key("everywhere", "focus_next", ("tab",), "pane", "to the next pane", show=False),
    Key(
        "everywhere", "command_palette", (":", "ctrl+p"), "command", "find a command by its name", pinned=True
    ),
    Key("everywhere", "log", ("L",), "log", "every call to the API", show=False),
    Key("everywhere", "theme", ("t",), "theme", "dark, light, the terminal's own colors", show=False),
    Key("everywhere", "repaint", ("ctrl+l",), "repaint", "repaint the whole screen", show=False),
    Key("everywhere", "suspend", ("ctrl+z",), "suspend", "back to the shell; fg returns", show=False),
    Key("everywhere", "help", ("?",), "help", "the keys of this screen", pinned=True),
    Key("everywhere", "back", ("escape",), "back", "one level back"),
    Key("everywhere", "quit", ("q",), "quit", "back, or quit from the first screen"),
)
"""Every key there is, in the order in which key bar and help show them."""

TOGETHER: tuple[tuple[Group, ...], ...] = (
    ("batches", "list", "everywhere"),
    ("results", "list", "everywhere"),
    ("choose", "list"),
    ("groups", "choose", "list"),
    ("help", "list"),
    *((group,) for group in ("filter", "dialog", "ask", "pick")),
)
"""Groups whose keys act at the same time."""
_NAMES = {
    *("escape", "enter", "return", "tab", "space", "backspace", "delete", "insert"),
    *("home", "end", "pageup", "pagedown", "up", "down", "left", "right"),
    *(f"f{number}" for number in range(1, 25)),
}
_NAMED_OTHERWISE = {
    "solidus": "slash",
    "reverse_solidus": "backslash",
    "commercial_at": "at",
    "hyphen_minus": "minus",
    "plus_sign": "plus",
    "low_line": "underscore",
}
"""Characters that Textual calls by another name than Unicode does."""


def key_name(key: str) -> str | None:
    """Return a key's name as Textual has it: `ctrl+x`, `slash` for `/`; None if there is no such key."""
    *modifiers, name = key.split("+") if len(key) > 1 else [key]
    if not set(modifiers) <= {"ctrl", "shift", "alt"} or len(set(modifiers)) < len(modifiers):
        return None
    name = _character_name(name) if len(name) == 1 else name
    is_known = len(name) == 1 or name in _NAMES or name in _punctuation()
    return "+".join([*modifiers, name]) if is_known else None


def _character_name(character: str) -> str:
    if character.isalnum():
        return character
    name = unicodedata.name(character, "").lower().replace("-", "_").replace(" ", "_")
    return _NAMED_OTHERWISE.get(name, name)


@cache
def _punctuation() -> frozenset[str]:
    return frozenset(_character_name(character) for character in string.punctuation)


def clash(keymap: Mapping[str, str]) -> tuple[str, str, str] | None:
    """Find a key that a keymap gives to two actions at once.

    Args:
        keymap: Keys joined by commas, by the id of what they do.

    Returns:
        The id that the keymap sets, the key, and the id that has it too; None if there is no clash.
    """
    for groups in TOGETHER:
        keys = keys_of(*groups)
        names = {key.id: _names_of(keymap.get(key.id, ",".join(key.keys))) for key in keys}
        default = {key.id: _names_of(",".join(key.keys)) for key in keys}
        for remapped in keymap.keys() & names.keys():
            for other in names.keys() - {remapped}:
                both = (names[remapped] & names[other]) - (default[remapped] & default[other])
                if both:
                    return remapped, min(both), other
    return None


def _names_of(keys: str) -> set[str]:
    return {key_name(key) or key for key in keys.split(",")}


def keys_of(*groups: Group, read_only: bool = False) -> list[Key]:
    """The keys of some groups, group by group.

    Args:
        groups: Which groups, in the order wanted.
        read_only: Leave out the destructive keys.
    """
    return [
        key for group in groups for key in KEYS if key.group == group and not (read_only and key.destructive)
    ]


def keys_on(screen: Group, read_only: bool = False, keymap: Mapping[str, str] | None = None) -> list[Key]:
    """The keys that act on a screen; those of a list only where the screen has no word of its own for them.

    Args:
        screen: The group of the screen.
        read_only: Leave out the destructive keys.
        keymap: Other keys, joined by commas, by the id of what they do.
    """
    keys = [
        replace(key, keys=tuple(keymap[key.id].split(","))) if keymap and key.id in keymap else key
        for key in keys_of(screen, "list", "everywhere", read_only=read_only)
    ]
    own = {name for key in keys if key.group == screen for name in key.keys}
    return [key for key in keys if key.group != "list" or not own.intersection(key.keys)]
