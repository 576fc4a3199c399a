"""Failures grouped by error: a group can be shown or resubmitted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.binding import BindingType

from batchtui.results import ErrorGroup
from batchtui.text import plural
from batchtui.tui.dialogs.choose import Choose
from batchtui.tui.format.result import GROUP_COLUMNS, group_cells
from batchtui.tui.keys import bindings, read_only_refusal

WIDTH = 110


class Groups(Choose):
    """A choice of error groups, counted after it has opened.

    Args:
        can_resubmit: Whether the session may submit anything.
    """

    BINDINGS: ClassVar[list[BindingType]] = bindings("groups")
    """Beside what every choice can do."""

    def __init__(self, *, can_resubmit: bool) -> None:
        super().__init__(
            "Failures by error", GROUP_COLUMNS, [], width=WIDTH, placeholder="Counting failures…"
        )
        self._can_resubmit = can_resubmit
        self._groups: Sequence[ErrorGroup] = ()
        self.chosen: ErrorGroup | None = None
        """The chosen group, as the list showed it."""
        self.is_resubmit_wanted = False
        """Whether the chosen group is to be resubmitted."""

    def show_groups(self, groups: Sequence[ErrorGroup], *, is_final: bool) -> None:
        """Show the groups; the cursor stays on its group.

        Args:
            groups: The groups.
            is_final: Whether no more results will arrive.
        """
        row = self.table.cursor_row
        before = None if row is None else _identity(self._groups[row])
        self._groups = groups
        so_far = "" if is_final else " so far, downloading…"
        failed = f"{plural(sum(group.count for group in groups), 'request', 'requests')} failed{so_far}"
        resubmit = " · R: resubmit" if self._can_resubmit else ""
        nothing = "No failures" if is_final else "No failures so far"
        self.table.placeholder = nothing if is_final else "Downloading…"
        self.fill(f"{failed} · enter: show{resubmit}" if groups else nothing, [*map(group_cells, groups)])
        identities = [_identity(group) for group in groups]
        if before in identities:
            self.table.move_to(identities.index(before))

    def choose(self, place: int) -> None:
        """Close with the group of this line: the list may change before the answer is read."""
        if self.chosen is None:
            self.chosen = self._groups[place]
            super().choose(place)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Leaves out what sends something, when read-only; called by Textual."""
        return action != "resubmit" or self._can_resubmit

    def refusal(self, action: str) -> str:
        """Return why an action cannot be done in a read-only session."""
        return "" if self._can_resubmit else read_only_refusal("groups", action)

    def action_resubmit(self) -> None:
        """Choose the group to be resubmitted."""
        if self.table.cursor_row is not None:
            self.is_resubmit_wanted = True
            self.choose(self.table.cursor_row)


def _identity(group: ErrorGroup) -> tuple[str, str, str, str | None]:
    return group.outcome, group.error_type, group.pattern, group.flag
