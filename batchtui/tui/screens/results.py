"""The results of one batch: a list, and the one under the cursor to read."""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import replace
from typing import ClassVar, Literal

from textual import on
from textual.binding import BindingType

from batchtui.cache import Batch
from batchtui.results import EVERYTHING, OUTCOMES, Progress, Query, Results, State, View
from batchtui.text import count, shorten_id, size
from batchtui.tui.keys import Group, bindings
from batchtui.tui.network import Network
from batchtui.tui.result_text import json_parts, reply_parts, usage_parts
from batchtui.tui.screens.base import SHORT_ID, BaseScreen
from batchtui.tui.widgets.cells import Cell
from batchtui.tui.widgets.document import Document
from batchtui.tui.widgets.line_table import LineTable
from batchtui.tui.widgets.result_table import ResultTable
from batchtui.tui.widgets.title_bar import TitleBar
from batchtui.workspace import Workspace

Tab = Literal["Reply", "JSON", "Usage"]
TABS: tuple[Tab, ...] = ("Reply", "JSON", "Usage")


class ResultsScreen(BaseScreen):
    """Reads results while they come, and asks for more of them as the cursor goes on.

    Args:
        workspace: Where the batch is.
        network: Where the fetching runs.
        batch: The batch, which has ended.

    Raises:
        WorkspaceError: There are no results to be had.
    """

    BINDINGS: ClassVar[list[BindingType]] = bindings("results")
    """What can be done with results."""

    GROUP: ClassVar[Group] = "results"

    DEFAULT_CSS = """
    ResultsScreen.-wide #pane { width: 1fr; }
    """
    """Reading takes as much room as the list."""

    def __init__(self, workspace: Workspace, network: Network, batch: Batch) -> None:
        self._list, self._document = ResultTable(), Document()
        title = TitleBar(("batchtui", shorten_id(batch.id, SHORT_ID), "results"))
        super().__init__(self._list, self._document, title, read_only=workspace.profile.read_only)
        self._batch = batch
        self._network = network
        self._fetcher = workspace.fetcher(batch, on_progress=self._progress_came)
        self._results = Results(self._fetcher.files)
        self._query = EVERYTHING
        self._view = View(self._results)
        self._fetch: Future[Progress] | None = None
        self._told: Progress | None = None
        self._is_told = True
        self._tab: Tab = "Reply"
        self._whole = False

    def on_mount(self) -> None:
        """Shows what is here, and fetches the rest as it is wanted."""
        self._show_view()
        self.table.focus()
        if self.batchtui.settings.results == "whole":
            self._fetcher.want_all()
        self._begin()

    def on_unmount(self) -> None:
        """Stops fetching; what is here stays, and the next time goes on from it."""
        if self._fetch:
            self._fetch.cancel()
        self._results.close()

    # Fetching

    def _begin(self) -> None:
        self._fetch = self._network.start(self._fetcher.run)

    @property
    def is_settled(self) -> bool:
        """As much is here as was wanted."""
        progress = self._fetcher.progress
        return progress.is_final or progress.state in (State.AHEAD, State.PAUSED)

    def _progress_came(self, _: Progress) -> None:
        """On the network thread: at most one look is on its way to the screen."""
        if self._is_told:
            self._is_told = False
            self.call_later(self._look)

    def _look(self) -> None:
        self._is_told = True
        self._list.grow()
        self._show_progress()

    def _show_progress(self) -> None:
        progress = self._fetcher.progress
        counts = self._batch.counts
        told = [Cell(f"{count(counts.succeeded)} ✓", "success")]
        if failed := counts.total - counts.succeeded:
            told.append(Cell(f"  {count(failed)} ✗", "error"))
        self.title_bar.show_status([*told, Cell(f"   {_state_words(progress)}", "muted")])
        self._show_titles()
        if progress.error and (self._told is None or progress.error != self._told.error):
            self.batchtui.tell(progress.error, failed=progress.is_final)
        self._list.placeholder = _why_empty(progress, self._query)
        self._told = progress

    def _show_titles(self) -> None:
        progress = self._fetcher.progress
        whole = max(progress.rows_expected or 0, progress.rows_here)
        number = count(whole) if self._query == EVERYTHING else f"{count(len(self._view))} of {count(whole)}"
        title = [Cell("Results", "strong"), Cell(f"  {number}", "muted")]
        if self._query.outcome:
            title.append(Cell(f"  {self._query.outcome}", "accent"))
        if self._query.text:
            title.append(Cell(f"  /{self._query.text}", "accent"))
        self.list_panel.show_title(title)
        here = _here_words(progress)
        self.list_panel.show_note([Cell(here, "muted")] if here else "")

    # Showing

    def _show_view(self) -> None:
        self._view = View(self._results, self._query)
        if self._query != EVERYTHING:
            self._fetcher.want_all()
        self._list.show(self._view)
        self._show_progress()
        if not len(self._view):
            self.show_current()

    def show_current(self) -> None:
        """Opens the result under the cursor."""
        row = self._list.current
        if row is None:
            self._document.show(())
            self.pane_panel.show_title("")
            return
        opened = self._results.open(row)
        if self._tab == "Reply":
            self._document.show(reply_parts(row, opened, whole=self._whole))
        elif self._tab == "JSON":
            self._document.show(json_parts(self._results.raw(row), opened, whole=self._whole))
        else:
            self._document.show(usage_parts(opened))
        tabs = [Cell(f"  {tab}", "accent" if tab == self._tab else "muted") for tab in TABS]
        self.pane_panel.show_title([Cell(shorten_id(row.custom_id, 24), "strong"), *tabs])

    @on(LineTable.CursorMoved)
    def _cursor_moved(self, event: LineTable.CursorMoved) -> None:
        self._whole = False
        self._fetcher.want(event.row)
        self.show_soon()

    @on(LineTable.EndNeared)
    def _end_neared(self, event: LineTable.EndNeared) -> None:
        self._fetcher.want(event.row + self.size.height)

    @on(LineTable.RowOpened)
    def _row_opened(self) -> None:
        self.action_focus_next()

    # Keys

    @property
    def filter_text(self) -> str:
        """The filter that holds now."""
        return self._query.text or ""

    def set_filter(self, text: str) -> None:
        """Shows only results whose custom_id or error holds the text."""
        self._ask(replace(self._query, text=text or None))

    def _ask(self, query: Query) -> None:
        if query != self._query:
            self._query = query
            self._show_view()

    def action_outcome(self) -> None:
        """Shows the results of the next outcome that there is, and all of them after the last."""
        counts = self._batch.counts._asdict()
        choices = [None, *(outcome for outcome in OUTCOMES if counts.get(outcome))]
        now = choices.index(self._query.outcome)
        self._ask(replace(self._query, outcome=choices[(now + 1) % len(choices)]))

    def action_next_result(self) -> None:
        """Opens the next result, wherever the focus is."""
        self.table.action_cursor_down()

    def action_previous_result(self) -> None:
        """Opens the previous result, wherever the focus is."""
        self.table.action_cursor_up()

    def action_next_tab(self) -> None:
        """Shows the result in the next way."""
        self._turn(1)

    def action_previous_tab(self) -> None:
        """Shows the result in the way before."""
        self._turn(-1)

    def _turn(self, step: int) -> None:
        self._tab = TABS[(TABS.index(self._tab) + step) % len(TABS)]
        self.show_current()

    def action_whole(self) -> None:
        """Shows long texts to their end."""
        self._whole = True
        self.show_current()

    def action_all_results(self) -> None:
        """Fetches everything."""
        self._fetcher.want_all()

    def action_refresh(self) -> None:
        """Tries again after a failure."""
        if self._fetch and self._fetch.done() and self._fetcher.progress.state is not State.COMPLETE:
            self._begin()

    def action_copy_id(self) -> None:
        """Copies the custom_id, raw."""
        if row := self._list.current:
            self.copy(row.custom_id, "the custom_id")


def _state_words(progress: Progress) -> str:
    if progress.state is State.COMPLETE:
        return f"saved here · {size(progress.bytes_here)}"
    if progress.state is State.READING and progress.bytes_per_second:
        return f"reading · {size(int(progress.bytes_per_second))}/s"
    if progress.state is State.AHEAD:
        return "more when you go on"
    if progress.retry_in is not None:
        return f"resuming in {progress.retry_in:.0f} s"
    return progress.state.value


def _here_words(progress: Progress) -> str:
    if progress.state is State.COMPLETE:
        return ""
    of = f" of {count(progress.rows_expected)}" if progress.rows_expected else ""
    return f"{count(progress.rows_here)}{of} here · {size(progress.bytes_here)}"


def _why_empty(progress: Progress, query: Query) -> str:
    if progress.error:
        return progress.error
    if progress.rows_here or progress.state is State.COMPLETE:
        return "No results." if query == EVERYTHING else "No result matches."
    return "Opening the results…"
