"""The results of one batch: a list, and the one under the cursor to read."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace
from functools import cached_property, partial
from typing import ClassVar, TypeVar

from textual import on, work
from textual.binding import BindingType
from textual.widget import Widget
from textual.worker import get_current_worker

from batchtui.cache import Batch
from batchtui.config.keys import Group, Key
from batchtui.cost import Cost
from batchtui.results import (
    EVERYTHING,
    OUTCOMES,
    Pattern,
    Progress,
    Query,
    Results,
    Sort,
    State,
    View,
    check_again,
)
from batchtui.text import count, shorten_id
from batchtui.tui.dialogs.choose import Choose
from batchtui.tui.dialogs.groups import Groups
from batchtui.tui.format.cells import Cell
from batchtui.tui.format.result import (
    SORT_COLUMNS,
    SORTS,
    here_words,
    outcome_counts,
    state_words,
    used_words,
    why_empty,
)
from batchtui.tui.keys import bindings
from batchtui.tui.screens.reading import ReadingScreen
from batchtui.tui.services.network import Network
from batchtui.tui.services.search import Found
from batchtui.tui.widgets.line_table import LineTable
from batchtui.tui.widgets.panel import Panel
from batchtui.tui.widgets.result_pane import ResultPane
from batchtui.tui.widgets.result_table import ResultTable, Rows
from batchtui.tui.widgets.title_bar import TitleBar
from batchtui.workspace import Workspace

T = TypeVar("T")

NEED_A_RESULT = {
    *("mark", "mark_all", "next_result", "previous_result", "next_tab"),
    *("previous_tab", "copy_id", "copy_json", "copy_reply", "thinking", "whole"),
}
"""Actions that are for nothing while no result is shown."""
RETRIED = (State.FAILED, State.INCOMPLETE, State.OPENING, State.RESUMING)
"""States from which a download is started again on request."""
ASK_SECONDS = 1.0
"""How often a list that is filtered or sorted takes in what has come; each time all of it is asked again."""

FOLLOW_SECONDS = 0.5
"""How often the pane shows the last result while the cursor follows the end."""


class ResultsScreen(ReadingScreen):
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
    ResultsScreen.-medium.-high #pane { height: 13; }
    """
    """Reading takes as much room as the list."""

    def __init__(self, workspace: Workspace, network: Network, batch: Batch) -> None:
        self._list = ResultTable()
        self._pane = ResultPane(batch.created_at, self._request_of(workspace, batch))
        title = TitleBar(("batchtui", shorten_id(batch.id), "results"))
        super().__init__(self._list, self._pane, title, read_only=workspace.profile.read_only)
        self._batch = batch
        self._workspace = workspace
        self._network = network
        self._fetcher = workspace.fetcher(batch, on_progress=self._progress_came)
        self._results = Results(self._fetcher.files)
        self._query = EVERYTHING
        self._sought = ""
        self._has_bad_pattern = False
        self._rows: Rows = View(self._results)
        self._fetch: Future[Progress] | None = None
        self._told = Progress()
        self._is_told = True
        self._is_paused = False
        self._asked_at = 0.0
        self._is_answered = False
        self._odd_found: int | None = None
        self._used = ""
        self._is_priced = False
        self._shown_at = 0.0
        self._exports = set()

    @staticmethod
    def _request_of(workspace: Workspace, batch: Batch) -> Callable[[str], bytes | None] | None:
        """Gives the request of a custom_id, if the requests of the batch are kept here."""
        submissions = workspace.submissions
        return partial(submissions.request, batch.id) if submissions.has_requests(batch.id) else None

    def on_mount(self) -> None:
        """Shows what is here, and fetches the rest as it is wanted."""
        self._show_rows()
        self.set_focus(self.table)
        if self.batchtui.settings.results == "whole":
            self._fetcher.want_all()
        self._begin()

    def on_unmount(self) -> None:
        """Stops fetching; what is here stays, and the next time goes on from it."""
        if self._fetch:
            self._fetch.cancel()
        self._results.close()
        self.batchtui.free_memory_soon()

    # Fetching

    def _begin(self) -> None:
        self._fetch = self._network.start(self._fetcher.run)

    def _progress_came(self, _: Progress) -> None:
        """On the network thread: at most one look is on its way to the screen."""
        if self._is_told:
            self._is_told = False
            self.call_later(self._look)

    @property
    def is_settled(self) -> bool:
        """As much is here as was wanted, all of it has its price, and nothing is looked for."""
        is_priced = self._is_priced or self._fetcher.progress.state is not State.COMPLETE
        # What resubmits waits for the choice in its dialog.
        workers = (worker for worker in self.workers if worker.node is self and worker.group != "resubmit")
        is_looking = any(not worker.is_finished for worker in workers)
        return self._is_at_rest and is_priced and self._pane.is_settled and not is_looking

    @property
    def _is_at_rest(self) -> bool:
        progress = self._fetcher.progress
        return progress.is_final or progress.state in (State.AHEAD, State.PAUSED)

    @work(thread=True, group="cost")
    def _work_out_cost(self) -> None:
        self.call_later(self._take_cost, self._workspace.cost(self._batch.id))
        if check_again(self._fetcher.files):
            self.call_later(self._begin)  # which sets the damaged results aside, if it can have others

    def _take_cost(self, cost: Cost | None) -> None:
        self._used = used_words(cost) if cost else ""
        self._is_priced = True
        self._show_titles()

    def _look(self) -> None:
        self._is_told = True
        if self._sought or self._query == EVERYTHING:
            self._rows.refresh()
            self._take_in(self._rows)
        elif self._is_at_rest or time.monotonic() - self._asked_at > ASK_SECONDS:
            self._ask_index()
        self._show_progress()

    def _take_in(self, rows: Rows) -> None:
        """Shows the same rows with those that have come since; cursor and window stay on theirs."""
        had_none, had_marks = not self._list.row_count, bool(self._list.marked)
        self._rows = rows
        self._list.grow(rows)
        if had_marks and not self._list.marked:
            self.batchtui.tell("The results are downloaded again. Marks were cleared.")
        if had_none and self._list.row_count:
            self.show_current()

    def _show_progress(self) -> None:
        progress = self._fetcher.progress
        counts = self._batch.counts
        told = [Cell(f"{count(counts.succeeded)} ✓", "success")]
        told += outcome_counts(counts)
        if odd := self._odd_lines(progress):
            told.append(Cell(f"  {count(odd)} odd", "warning"))
        is_bad = progress.state in (State.INCOMPLETE, State.FAILED)
        told.append(Cell(f"   {state_words(progress)}", "error" if is_bad else "muted"))
        self.title_bar.show_status(told)
        self._show_titles()
        # What passes by itself is in the title line; a toast for each break would bury the screen.
        if progress.is_final and progress.error and not self._told.is_final:
            self.batchtui.tell(f"{progress.error} Press r to try again.", failed=True)
        if progress.state is State.COMPLETE and self._told.state is not State.COMPLETE:
            self._work_out_cost()
        if progress.notice != self._told.notice:
            self.batchtui.tell(progress.notice)
        self._list.placeholder = self._why_empty(progress)
        self._told = progress
        self.show_asleep()

    def _why_empty(self, progress: Progress) -> str:
        found = self._rows if isinstance(self._rows, Found) else None
        if found is not None and found.problem:  # an empty one is falsy
            return found.problem
        searched = found.searched if found is not None and not found.is_over else None
        return why_empty(progress, is_filtered=self._is_filtered, searched=searched)

    def _odd_lines(self, progress: Progress) -> int:
        """How many lines are flagged; counted once all are here."""
        if progress.is_final and self._odd_found is None:
            self._odd_found = 0
            self._count_odd()
        return self._odd_found or 0

    @work
    async def _count_odd(self) -> None:
        self._odd_found = sum((await self._read(lambda results: results.counts("flag"))).values())
        self._show_progress()

    def _show_titles(self) -> None:
        progress = self._fetcher.progress
        whole = max(progress.rows_expected or 0, progress.rows_here)
        number = f"{count(len(self._rows))} of {count(whole)}" if self._is_filtered else count(whole)
        title = [Cell("Results", "strong"), Cell(f"  {number}", "muted")]
        if marks := self._list.marks_words("hidden"):
            title.append(Cell(f"  {marks}", "accent"))
        kind = (self._query.error_type or "").removesuffix("_error")
        asked = (self._query.outcome, kind, self._order_words())
        title += [Cell(f"  {words}", "accent") for words in asked if words]
        if self._sought:
            title.append(Cell(f"  /{self._sought}", "accent"))
        if isinstance(self._rows, Found) and self._rows.problem:
            title.append(Cell("  given up", "error"))
        elif isinstance(self._rows, Found) and not self._rows.is_over:
            title.append(Cell(f"  searched {count(self._rows.searched)}", "muted"))
        self.list_panel.show_title(title)
        here = here_words(progress) or self._used
        self.list_panel.show_note([Cell(here, "muted")] if here else "")

    def _order_words(self) -> str:
        query, shown = self._query, self._rows.query
        if query.sort is Sort.FILE:
            return ""
        words = f"by {dict(SORTS)[query.sort]}"
        is_sorted = (shown.sort, shown.descending) == (query.sort, query.descending)
        return words if is_sorted else f"sorting {words}…"

    # What is shown

    def _show_rows(self) -> None:
        """Shows what the query and the search find, from its beginning."""
        self.workers.cancel_group(self, "search")
        self.workers.cancel_group(self, "query")
        pattern = self._pattern()
        if pattern or self._query != EVERYTHING:
            self._fetcher.want_all()
        self._is_answered = False
        self._pane.mark(pattern)
        if pattern:
            found = Found(self._results, self._query.unsorted)
            self._show_first(found)
            self._search(found, pattern)
        elif self._query == EVERYTHING:
            self._show_first(View(self._results))
        else:
            self._ask_index()
            self._show_titles()

    def _show_first(self, rows: Rows) -> None:
        """Shows other rows, from their beginning."""
        self._is_answered = True
        self._rows = rows
        self._list.show(rows, appends=bool(self._sought) or self._query.sort is Sort.FILE)
        self._show_progress()
        self.show_current()

    @work(exclusive=True, group="query")
    async def _ask_index(self) -> None:
        """Shows what the query finds, unless something else is asked before; till then the list stays."""
        self._asked_at = time.monotonic()
        rows = await self._read(partial(View, query=self._query))
        rows.results = self._results
        (self._take_in if self._is_answered else self._show_first)(rows)
        self._show_progress()

    async def _read(self, read: Callable[[Results], T]) -> T:
        """Asks the index on another thread: of hundreds of thousands of results that takes its time.

        It has a reader of its own: the screen closes its one when it is left.
        """

        def ask() -> T:
            with Results(self._results.files) as results:
                return read(results)

        return await asyncio.to_thread(ask)

    def _pattern(self) -> Pattern | None:
        try:
            pattern = Pattern.typed(self._sought) if self._sought else None
        except ValueError as error:
            self.batchtui.tell(str(error), failed=True)
            self._sought, self._has_bad_pattern = "", True
            return None
        if self._has_bad_pattern:  # what was wrong with the pattern before does not hold any more
            self.app.clear_notifications()
            self._has_bad_pattern = False
        return pattern

    @work(thread=True, exclusive=True, group="search")
    def _search(self, found: Found, pattern: Pattern) -> None:
        worker = get_current_worker()
        found.look(
            pattern,
            progress=lambda: self._fetcher.progress,
            tell=lambda: self.call_later(self._look),
            is_cancelled=lambda: worker.is_cancelled,
        )
        if found.problem:
            self.call_later(self.batchtui.tell, found.problem, failed=True)
        if found.is_over and found.query != self._query:
            self.call_later(self._sort_found, found, keep_cursor=True)

    @work(exclusive=True, group="query")
    async def _sort_found(self, found: Found, *, keep_cursor: bool = False) -> None:
        """Sort what a finished search found."""
        if found is not self._rows or found.query == self._query:
            return
        query = self._query
        found.sort(await self._read(partial(found.sorted_numbers, query=query)), query)
        current = self._list.current if keep_cursor and self._list.cursor_row else None
        self._show_first(found)
        if current:
            self._list.move_to(found.place(current.n) or 0)

    @property
    def reading_view(self) -> Widget:
        """What the focus goes to in the pane."""
        return self._pane.view

    def show_current(self) -> None:
        """Opens the result under the cursor."""
        self._shown_at = time.monotonic()
        self._pane.show(self._list.current, self._results)
        self.pane_panel.show_title(self._pane.title)

    @on(Panel.TitleClicked, "#pane")
    def _title_clicked(self, event: Panel.TitleClicked) -> None:
        self._pane.click_title(event.place)
        self.pane_panel.show_title(self._pane.title)

    @on(LineTable.CursorMoved)
    def _cursor_moved(self, event: LineTable.CursorMoved) -> None:
        if event.table is self._list:
            self._fetcher.want(event.row)
            if self._list.follows_end and time.monotonic() - self._shown_at > FOLLOW_SECONDS:
                self.show_current()  # the cursor does not rest while it follows
            else:
                self.show_soon()

    @on(ResultTable.EndWanted)
    def _end_wanted(self) -> None:
        self._fetcher.want_all()

    @on(LineTable.EndNeared)
    def _end_neared(self, event: LineTable.EndNeared) -> None:
        if event.table is self._list:
            self._fetcher.want(event.row + self.size.height)

    @on(LineTable.RowOpened)
    def _row_opened(self, event: LineTable.RowOpened) -> None:
        if event.table is self._list:
            self.action_focus_next()

    # Keys: what to show

    @cached_property
    def keys(self) -> list[Key]:
        """The keys that act here; q closes this screen only."""
        return [replace(key, label="close") if key.action == "quit" else key for key in super().keys]

    def why_not(self, action: str) -> str:
        """Why something cannot be done with what is here."""
        progress = self._fetcher.progress
        if action in NEED_A_RESULT and self._list.cursor_row is None:
            return "There is no result here."
        if action == "export" and progress.is_final and not len(self._rows) and not self._list.marked:
            return "There is no result here that could be written."
        if action == "outcome" and len(self._outcomes) == 1:
            return "All results of this batch have the same outcome."
        if action in ("next_match", "previous_match") and not self._sought:
            return "Nothing is searched for: / begins a search."
        if action == "refresh" and progress.state not in RETRIED:
            return "Nothing has failed that could be tried again."
        if action == "pause" and progress.is_final:
            return "Nothing is being fetched that could pause."
        return super().why_not(action)

    @property
    def _outcomes(self) -> list[str]:
        """The outcomes that the results of this batch have."""
        counts = self._batch.counts._asdict()
        return [outcome for outcome in OUTCOMES if counts.get(outcome)]

    @property
    def filter_text(self) -> str:
        """What is searched for."""
        return self._sought

    def set_filter(self, text: str) -> None:
        """Shows only results that say this, or whose custom_id does."""
        if text != self._sought:
            self._sought = text
            self._show_rows()

    def _ask_for(self, query: Query) -> None:
        if query == self._query:
            return
        is_order = query.unsorted == self._query.unsorted
        self._query = query
        if not (is_order and isinstance(self._rows, Found)):
            self._show_rows()
        elif self._rows.is_over:
            self._sort_found(self._rows)
        self._show_titles()

    def step_back(self) -> bool:
        """Clear the marks, the search or the filter, in this order. Return whether there was any."""
        if self._list.marked:
            self._list.clear_marks()
            self._show_titles()
        elif self._sought:
            self.set_filter("")
        elif self._query.unsorted != EVERYTHING:
            self._ask_for(Query(sort=self._query.sort, descending=self._query.descending))
        else:
            return False
        return True

    def action_outcome(self) -> None:
        """Shows the results of the next outcome that there is, and all of them after the last."""
        choices = [None, *self._outcomes]
        now = choices.index(self._query.outcome) if self._query.outcome in choices else 0
        following = choices[(now + 1) % len(choices)]
        self._ask_for(replace(self._query, outcome=following, error_type=None, error_pattern=None))

    async def action_groups(self) -> None:
        """Show failures grouped by error; the chosen group becomes the filter."""
        self._fetcher.want_all()
        groups = Groups(can_resubmit=not self._read_only)

        def answered(_: int | None) -> None:
            self.workers.cancel_group(self, "groups")
            if group := groups.chosen:
                query = Query(
                    outcome=group.outcome,
                    error_type=group.error_type,
                    error_pattern=group.pattern,
                    flag=group.flag,
                )
                self._ask_for(query)
                if groups.is_resubmit_wanted:
                    self.resubmit_group(query)

        await self.app.push_screen(groups, answered)
        self._fill_groups(groups)

    @work(exclusive=True, group="groups")
    async def _fill_groups(self, groups: Groups) -> None:
        """Count the failures, and again while results arrive."""
        counted: int | None = None
        is_final = False
        while groups.is_attached and not is_final:
            progress = self._fetcher.progress
            is_final = progress.is_final
            if is_final or progress.rows_here != counted:
                counted = progress.rows_here
                found = await self._read(Results.errors)
                if groups.is_attached:
                    groups.show_groups(found, is_final=is_final)
            if not is_final:
                await asyncio.sleep(ASK_SECONDS)

    async def action_sort(self) -> None:
        """Orders the list; the same order again turns it round."""
        rows = [[Cell(words)] for _, words in SORTS]
        now = [sort for sort, _ in SORTS].index(self._query.sort)
        choose = Choose("Order by", SORT_COLUMNS, rows, width=36, start=now)
        await self.app.push_screen(choose, self._sort_by)

    def _sort_by(self, chosen: int | None) -> None:
        if chosen is not None:
            sort = SORTS[chosen][0]
            descending = not self._query.descending if sort == self._query.sort else sort.is_largest_first
            self._ask_for(replace(self._query, sort=sort, descending=descending))

    def action_mark(self) -> None:
        """Marks the row, and goes on to the next."""
        self._list.toggle_mark()
        self._show_titles()

    def action_mark_all(self) -> None:
        """Marks all that are shown."""
        self._list.toggle_all()
        self._show_titles()

    # Keys: fetching

    def action_refresh(self) -> None:
        """Tries again after a failure, or instead of what hangs."""
        if self._fetch:
            self._fetch.cancel()
        self._begin()

    def action_pause(self) -> None:
        """Stops fetching, or goes on."""
        self._is_paused = not self._is_paused
        if self._is_paused:
            self._fetcher.pause()
        else:
            self._fetcher.resume()
        self.batchtui.tell("Fetching is paused; P goes on." if self._is_paused else "Fetching goes on.")
