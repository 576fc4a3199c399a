"""Going through results one by one: ways to show them, places that are found, copies."""

from __future__ import annotations

from batchtui.results import Flag
from batchtui.text import clean_line
from batchtui.tui.screens.resubmitting import ResubmittingScreen
from batchtui.tui.widgets.result_pane import ResultPane


class ReadingScreen(ResubmittingScreen):
    """The part of the results screen that reads."""

    _pane: ResultPane

    def action_next_result(self) -> None:
        """Opens the next result, wherever the focus is."""
        self._list.action_cursor_down()

    def action_previous_result(self) -> None:
        """Opens the previous result, wherever the focus is."""
        self._list.action_cursor_up()

    def action_next_match(self) -> None:
        """To the next place that is found, in this result or in the next one."""
        self._go_to_match(1)

    def action_previous_match(self) -> None:
        """To the place found before."""
        self._go_to_match(-1)

    def _go_to_match(self, step: int) -> None:
        self.show_current()  # the cursor may not have rested yet
        if not self._pane.next_match(step):
            row = self._list.cursor_row or 0
            self._list.move_to(row + step)
            if self._list.cursor_row == row:
                self.batchtui.tell("There is no other place." if step > 0 else "There is no place before.")
                return
            self.show_current()
            self._pane.next_match(step)

    def action_next_tab(self) -> None:
        """Shows the result in the next way."""
        self._turn(1)

    def action_previous_tab(self) -> None:
        """Shows the result in the way before."""
        self._turn(-1)

    def _turn(self, step: int) -> None:
        self._pane.turn(step)
        self.pane_panel.show_title(self._pane.title)

    def action_whole(self) -> None:
        """Shows long texts to their end."""
        self._pane.show_whole()

    def action_thinking(self) -> None:
        """Unfolds what the model thought, or folds it again."""
        self._pane.toggle_thinking()

    def action_copy_id(self) -> None:
        """Copies the custom_id, raw."""
        if row := self._list.current:
            # The index cuts long ones.
            custom_id = row.custom_id if row.flag == Flag.TOO_LONG else self._results.open(row).custom_id
            self.copy(custom_id, f"the custom_id {clean_line(row.custom_id)}")

    def action_copy_json(self) -> None:
        """Copies the line as it came."""
        if row := self._list.current:
            self.copy(self._results.raw(row).decode("utf-8", "replace"), "the JSON line")

    def action_copy_reply(self) -> None:
        """Copies the text of the reply, raw."""
        if row := self._list.current:
            self.copy(self._results.open(row).reply, "the reply")
