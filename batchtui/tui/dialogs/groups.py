"""What failed, like errors together, of which one group can be shown or submitted again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.binding import BindingType

from batchtui.tui.dialogs.choose import Choose
from batchtui.tui.format.cells import Cell
from batchtui.tui.format.columns import Column
from batchtui.tui.keys import bindings, read_only_refusal

WIDTH = 110


class Groups(Choose):
    """A choice of groups.

    Args:
        title: What they are.
        columns: The columns of the list.
        rows: The groups.
        can_resubmit: Whether anything may be submitted in this session.
    """

    BINDINGS: ClassVar[list[BindingType]] = bindings("groups")
    """Beside what every choice can do."""

    def __init__(
        self,
        title: str,
        columns: Sequence[Column],
        rows: Sequence[Sequence[Cell]],
        *,
        can_resubmit: bool,
    ) -> None:
        super().__init__(title, columns, rows, width=WIDTH)
        self._can_resubmit = can_resubmit
        self.is_resubmit_wanted = False
        """Whether the group that was chosen is to be submitted again."""

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Leaves out what sends something, when read-only; called by Textual."""
        return action != "resubmit" or self._can_resubmit

    def refusal(self, action: str) -> str:
        """Return why an action cannot be done in a read-only session."""
        return "" if self._can_resubmit else read_only_refusal("groups", action)

    def action_resubmit(self) -> None:
        """Chooses the group to be submitted again."""
        self.is_resubmit_wanted = True
        self.dismiss(self.table.cursor_row)
