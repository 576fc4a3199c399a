"""The table of keys as Textual's bindings."""

from __future__ import annotations

from textual.binding import Binding, BindingType

from batchtui.config.keys import Group, keys_of


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
