"""The table of keys as Textual's bindings."""

from __future__ import annotations

from textual.binding import Binding, BindingType

from batchtui.config.keys import Group, keys_of


def read_only_refusal(group: Group, action: str) -> str:
    """Return why a key does nothing in a read-only session; empty if it changes nothing and so is allowed.

    Args:
        group: The group of the key.
        action: Its action.
    """
    labels = [key.label for key in keys_of(group) if key.destructive and key.action == action]
    if not labels:
        return ""
    label = "submitting" if action == "new" else labels[0]
    return f"Read-only: {label} is off. The profile or --read-only says so."


def bindings(group: Group, read_only: bool = False) -> list[BindingType]:
    """The keys of one group as Textual bindings, whose ids a keymap can refer to.

    Args:
        group: Which group; its actions are methods of the class that binds it.
        read_only: Leave out the destructive keys.
    """
    return [
        Binding(",".join(key.keys), key.action, key.label, show=key.show, tooltip=key.help, id=key.id)
        for key in keys_of(group, read_only=read_only)
    ]
