"""The first screen: the list of batches, and the one under the cursor in full."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import ClassVar

from textual import on, work
from textual.timer import Timer
from textual.worker import get_current_worker

from batchtui.api import ApiError, NotAuthorized
from batchtui.cache import Batch
from batchtui.config import Settings
from batchtui.config.keys import Group, Key
from batchtui.disk.scratch import remove_abandoned
from batchtui.submissions import Estimate
from batchtui.text import count, long_duration, shorten_id
from batchtui.tui.dialogs.choose import Choose
from batchtui.tui.dialogs.profiles import Profiles
from batchtui.tui.format.batch import (
    FILTER_TERMS,
    ORDERS,
    PACE_SECONDS,
    TERM_NAMES,
    Price,
    is_batch_id,
    matching,
    price_at_most,
    price_of,
    unknown_terms,
)
from batchtui.tui.format.cells import Cell
from batchtui.tui.format.columns import Column
from batchtui.tui.format.connection import Link, link_words, why_no_batches
from batchtui.tui.format.layout import badges, list_title, where
from batchtui.tui.screens.batch_actions import BatchActionsScreen
from batchtui.tui.services.network import Network
from batchtui.tui.services.poller import Poller
from batchtui.tui.widgets.batch_detail import BatchDetail
from batchtui.tui.widgets.batch_table import BatchTable
from batchtui.tui.widgets.line_table import LineTable
from batchtui.tui.widgets.title_bar import TitleBar
from batchtui.workspace import LARGEST_PAGE, Changes, Workspace

FETCH_AFTER_SECONDS = 0.3
AGES_SECONDS = 10.0
"""Ages are checked at least this often: rows come into sight, and clocks are set."""
TICK_SECONDS = 0.01
"""Added to the wait, so that an age has really changed when it is checked."""
OLD_SECONDS = 60.0
"""From this age on it is said how old what is shown is."""


class BatchesScreen(BatchActionsScreen):
    """All batches of the workspace, newest first, kept true by a follower.

    Args:
        workspace: What is shown.
        network: Where its calls run.
        settings: How often to ask.
        is_demo: Whether the API is the sandbox inside.
    """

    GROUP: ClassVar[Group] = "batches"
    FILTER_TERMS = FILTER_TERMS

    def __init__(self, workspace: Workspace, network: Network, settings: Settings, *, is_demo: bool) -> None:
        self._list, self._detail = BatchTable(), BatchDetail()
        profile = workspace.profile
        title = TitleBar(detail=where(profile, is_demo=is_demo), badges=badges(profile, is_demo=is_demo))
        super().__init__(self._list, self._detail, title, read_only=profile.read_only)
        self._workspace = workspace
        self._network = network
        self._poller = Poller(network, workspace, settings, self)
        self._batches: dict[str, Batch] = {}
        self._prices: dict[str, Price] = {}
        self._list.prices = self._prices
        self._is_pricing = False
        self._filter = ""
        self._before_filter: Batch | None = None
        """The batch under the cursor when the filter was opened."""
        self._order = ORDERS[0]
        self._link = Link()
        self._was_live = False
        self._live_at = 0.0
        self._notices: Sequence[str] = ()
        self._sending = ""
        self._wants_end = False
        self._aging: Timer | None = None
        self._put_aside = Changes()
        """What is not shown yet because a question about those batches is open."""

    def on_mount(self) -> None:
        """Paints what the disk knows; the first request goes out after that."""
        self._batches = {batch.id: batch for batch in self._workspace.cached_batches()}
        self._show_batches()
        self.set_focus(self._list)
        self.call_later(self.batchtui.handle_early_keys)
        self.call_after_refresh(self._follow)

    @work(group="follow")
    async def _follow(self) -> None:
        self.batchtui.find_lost()
        self.run_worker(remove_abandoned, group="clean", thread=True)
        await self._poller.run()

    # What the follower tells

    def show_changes(self, changes: Changes) -> None:
        """Show what a call found out, but not of batches that an open question is about."""
        about: Collection[str] = getattr(self.app.screen, "about", ())
        if about and changes:
            self._put_aside += changes.only(about)
            changes = changes.without(about)
        self._show_changes(changes)
        self._load_more()

    def _show_changes(self, changes: Changes) -> None:
        for batch_id in changes.removed:
            self._batches.pop(batch_id, None)
            self._list.marked.discard(batch_id)
        ended = [batch for batch in changes.changed if self._has_just_ended(batch)]
        has_new = any(batch.id not in self._batches for batch in changes.changed)
        self._batches.update((batch.id, batch) for batch in changes.changed)
        if changes.changed or changes.removed or not self._was_live:
            self._batches = dict(sorted(self._batches.items(), key=lambda item: -item[1].created_at))
            self._show_batches()
        else:
            self.show_current()
        if has_new and self._was_live:
            self._find_costs()
        if any(self._workspace.details(batch).may_be_ours for batch in ended):
            self.batchtui.find_lost()  # their custom_ids can be compared now
        for batch in ended:
            news = f"{shorten_id(batch.id)} has ended: {_outcome(batch)}."
            self.batchtui.tell(news)
            self.batchtui.ring(news)

    def show_link(self, link: Link) -> None:
        """Takes over how the connection is."""
        new_failure = link.error and str(link.error) != str(self._link.error)
        self._tell_notices()
        if new_failure or (link.live and not self._was_live):
            self._find_costs()
        self._link = link
        self._was_live = self._was_live or link.live
        self._live_at = time.time() if link.live else self._live_at
        self._show_status()
        if isinstance(link.error, NotAuthorized) and not self._batches:
            self.batchtui.leave(link.error)
        elif new_failure:
            self.batchtui.tell(str(link.error), failed=True)
        self._show_titles()

    def _tell_notices(self) -> None:
        """Says once what is wrong with the files of ours, if anything."""
        notices = self._workspace.notices
        for notice in notices:
            if notice not in self._notices:
                self.batchtui.tell(notice, failed=True)
        self._notices = notices

    @property
    def is_settled(self) -> bool:
        """The first answer is here, and what can be known of costs."""
        return self._link.live and not self._is_pricing

    def watched_batch(self) -> Batch | None:
        """The batch under the cursor."""
        return self._list.current

    def is_away(self) -> bool:
        """The terminal has lost the focus."""
        return not self.app.app_focus

    def on_app_focus(self) -> None:
        """Somebody looks again: shows what is true now."""
        self._poller.refresh_now()

    # What batches cost

    def on_screen_resume(self) -> None:
        """Back from a question, or from results, which may have been saved meanwhile."""
        put_aside, self._put_aside = self._put_aside, Changes()
        if put_aside.changed or put_aside.removed:
            self._show_changes(put_aside)
        if self._was_live:
            self._find_costs()
        if self._link.live and self._workspace.calls and self._workspace.calls[-1].error:
            self._poller.refresh_now()  # the results were not reachable

    def _find_costs(self) -> None:
        """Works out what is not known yet; never before the first paint, for which prices come too slowly."""
        self._is_pricing = True
        known = {batch_id for batch_id, price in self._prices.items() if price.is_actual}
        self._work_out([batch_id for batch_id in self._batches if batch_id not in known])

    @work(thread=True, exclusive=True, group="costs")
    def _work_out(self, ids: Sequence[str]) -> None:
        worker = get_current_worker()
        found: dict[str, Price] = {}
        for batch_id, price in self._workspace.prices(ids):
            if worker.is_cancelled:
                break
            found[batch_id] = price_at_most(price) if isinstance(price, Estimate) else price_of(price)
        self.call_later(self._take_prices, found, is_last=not worker.is_cancelled)

    def _take_prices(self, prices: Mapping[str, Price], *, is_last: bool) -> None:
        self._is_pricing = self._is_pricing and not is_last
        if prices:
            self._prices.update(prices)
            self._list.refresh_rows()
            self.show_current()

    # What is painted

    def _show_batches(self) -> None:
        self._show_list()
        self._show_status()

    def _show_list(self, keep: Batch | None = None) -> None:
        shown = matching(self._batches.values(), self._filter)
        if self._order is not ORDERS[0]:
            shown.sort(key=self._order.key, reverse=True)
        self._list.show(shown, keep)
        if self._wants_end:
            self._list.move_to(len(shown) - 1)
        self._show_titles()
        self.show_current()

    def _why_no_match(self) -> str:
        if unknown := unknown_terms(self._filter):
            return f"Unknown filter term: {' '.join(unknown)}. Use {TERM_NAMES}."
        if self._is_loading_older:
            return f"Searched {count(len(self._batches))} batches, loading older ones…"
        if self._is_searching:
            return f"No matches in the {count(len(self._batches))} batches known here. Not connected."
        return "No matches. Press / to change, esc to clear."

    @property
    def _is_searching(self) -> bool:
        """Whether older pages are wanted: to fill the filtered list, or for the end of the list."""
        is_short = bool(self._filter) and self._list.row_count < max(1, self._list.size.height)
        return (is_short or self._wants_end) and self._workspace.has_older and not unknown_terms(self._filter)

    @property
    def _is_loading_older(self) -> bool:
        """Whether older pages are on their way."""
        return self._is_searching and self._was_live and self._link.error is None

    def _load_more(self) -> None:
        """Ask for the next page while the filter finds too little, or the end is wanted."""
        if self._is_searching and self._was_live:
            self._poller.want_older(LARGEST_PAGE)
        elif self._wants_end and not self._workspace.has_older:
            self._wants_end = False

    def _show_titles(self) -> None:
        is_known = bool(self._batches) or self._was_live
        self._list.placeholder = self._why_no_match() if self._batches else why_no_batches(self._link)
        more = "+" if self._workspace.has_older else ""
        shown = count(self._list.row_count)
        number = f"{shown} of {count(len(self._batches))}" if self._filter else shown
        title = list_title(f"{number}{more}" if is_known else "")
        if marks := self._list.marks_words("hidden"):
            title.append(Cell(f"  {marks}", "accent"))
        if self._is_loading_older:
            searched = f"searched {count(len(self._batches))} …" if self._filter else "loading older batches…"
            title.append(Cell(f"  {searched}", "muted"))
        if self._filter:
            title.append(Cell(f"  /{self._filter}", "accent"))
        if self._order is not ORDERS[0]:
            title.append(Cell(f"  {self._order.name}", "accent"))
        self.list_panel.show_title(title)
        self.list_panel.show_note([Cell("↓ more", "muted")] if more and self._was_live else "")

    def _show_status(self) -> None:
        running = sum(not batch.is_ended and batch.gone_at is None for batch in self._batches.values())
        busy = [Cell(f"{count(running)} running   ", "muted")] if running else []
        seen_at = self._live_at or max((batch.seen_at for batch in self._batches.values()), default=0.0)
        age = time.time() - seen_at
        old = [Cell(f"{long_duration(age)} old, ", "warning")] if seen_at and age >= OLD_SECONDS else []
        sending = [Cell(f"{self._sending}   ", "accent")] if self._sending else []
        link = link_words(self._link)
        self.title_bar.show_status([*sending, *busy, *([] if self._link.live else old), *link])

    def go_to(self, batch_ids: Sequence[str]) -> None:
        """Shows batches that were just made, and puts the cursor on the first of them."""
        made = [batch for batch_id in batch_ids if (batch := self._workspace.last_known(batch_id))]
        self.show_changes(Changes(made))
        place = next((n for n, batch in enumerate(self._list.shown) if batch in made), None)
        if place is not None:
            self._list.move_to(place)

    def show_sending(self, words: str) -> None:
        """Says how far the sending of requests is; empty words say that nothing is sent."""
        self._sending = words
        self._show_status()

    def show_current(self) -> None:
        """Shows the batch under the cursor in full."""
        self.show_asleep()
        self.call_later(self._plan_ages)
        batch = self._list.current
        if batch is None:
            self._detail.show_nothing("No batch selected")
            self.pane_panel.show_title("")
            return
        details = self._workspace.details(batch, since=batch.seen_at - PACE_SECONDS)
        self._detail.show_batch(batch, details, self._prices.get(batch.id))
        self.pane_panel.show_title([Cell("Batch", "strong"), Cell(f"  {shorten_id(batch.id)}", "muted")])

    def _show_ages(self) -> None:
        """Show how old everything is now, and again as soon as that reads differently."""
        self._list.refresh_rows()
        self._detail.show_ages()
        self._show_status()
        self._plan_ages()

    def _plan_ages(self) -> None:
        if self._aging:
            self._aging.stop()
        wait = min(AGES_SECONDS, self._list.until_ages_change(), self._detail.until_ages_change())
        self._aging = self.set_timer(wait + TICK_SECONDS, self._show_ages)

    @on(LineTable.CursorMoved)
    def _cursor_moved(self, event: LineTable.CursorMoved) -> None:
        self._wants_end = self._wants_end and event.row == self._list.row_count - 1
        self.show_soon()

    @on(BatchTable.EndWanted)
    def _end_wanted(self) -> None:
        """Load everything, and stay at the end as it comes; any other move stops it."""
        self._wants_end = self._workspace.has_older
        self._show_titles()
        self._load_more()

    @on(LineTable.EndNeared)
    def _end_neared(self) -> None:
        if self._workspace.has_older:
            self._poller.want_older()

    # Keys

    @property
    def bar_keys(self) -> list[Key]:
        """All but escape: there is no screen to go back to."""
        return [key for key in self.keys if key.action != "back"]

    def why_not(self, action: str) -> str:
        """Why something cannot be done to what is chosen."""
        batch = self._list.current
        if action in ("results", "mark", "mark_all", "copy_id") and batch is None:
            return "No batch selected."
        if action == "results" and batch:
            return self._workspace.no_results_reason(batch)
        if action == "profile" and not self.batchtui.profile_names:
            if self.batchtui.is_demo:
                return "The demo has no other profiles."
            return "No other profile to switch to. Add one to config.toml."
        return super().why_not(action)

    @property
    def filter_text(self) -> str:
        """The filter that holds now."""
        return self._filter

    def action_filter(self) -> None:
        """Open the filter."""
        self._before_filter = self._list.current
        super().action_filter()

    def set_filter(self, text: str) -> None:
        """Show only batches that match, and load older ones until enough do."""
        self._filter = text
        self._wants_end = False
        self._show_list(keep=self._before_filter)
        self._load_more()
        if is_batch_id(text) and not self._list.row_count:
            self.fetch(text)

    @work(exclusive=True, group="fetch")
    async def fetch(self, batch_id: str) -> None:
        """Fetch a batch by its whole id, which need not be loaded, and put the cursor on it."""
        if batch_id not in self._batches:
            await asyncio.sleep(
                FETCH_AFTER_SECONDS
            )  # it may still be being typed; the next letter starts again
            try:
                await self._network.call(partial(self._workspace.update, batch_id))
            except ApiError as error:
                self.batchtui.tell(str(error), failed=True)
                return
        if self._workspace.last_known(batch_id):
            self.go_to([batch_id])
            if batch_id not in self._list.shown_ids:  # hidden by the filter
                self.set_filter("")
                self.go_to([batch_id])
        else:
            self.batchtui.tell(f"{batch_id} was not found in this workspace.", failed=True)

    def action_refresh(self) -> None:
        """Asks the server now."""
        self._poller.refresh_now()

    def action_copy_id(self) -> None:
        """Copies the whole id."""
        if batch := self._list.current:
            self.copy(batch.id, batch.id)

    async def action_results(self) -> None:
        """Opens the results."""
        from batchtui.tui.screens.results import ResultsScreen

        if batch := self._list.current:
            try:
                screen = ResultsScreen(self._workspace, self._network, batch)
            except OSError as error:  # no room even for temporary files
                self.batchtui.tell(f"The results cannot be opened: {error}", failed=True)
            else:
                await self.app.push_screen(screen)

    @property
    def loaded(self) -> Iterable[Batch]:
        """All batches that are loaded, newest first, whatever the filter."""
        return self._batches.values()

    def action_mark(self) -> None:
        """Marks the batch, and goes on to the next."""
        self._list.toggle_mark()
        self.show_marks()

    def action_mark_all(self) -> None:
        """Marks all that are shown."""
        self._list.toggle_all()
        self.show_marks()

    def show_marks(self) -> None:
        """Show how many batches are marked, and what can be done to them."""
        self._show_titles()
        self.show_asleep()

    async def action_sort(self) -> None:
        """Orders the list."""
        rows = [[Cell(order.name)] for order in ORDERS]
        now = ORDERS.index(self._order)
        columns = [Column("", 20, flexible=True)]
        await self.app.push_screen(Choose("Order", columns, rows, width=36, start=now), self._order_by)

    def _order_by(self, chosen: int | None) -> None:
        if chosen is not None:
            self._order = ORDERS[chosen]
            self._show_list()
            self._list.move_to(0)

    async def action_profile(self) -> None:
        """Goes on with another profile: another key, with a cache of its own."""
        dialog = Profiles(self.batchtui.profile_names, self._workspace.profile.name)
        await self.app.push_screen(dialog, self._use_profile)

    def _use_profile(self, chosen: int | None) -> None:
        if chosen is None:
            return
        name = self.batchtui.profile_names[chosen]
        if name == self._workspace.profile.name:
            self.batchtui.tell(f"Already on profile {name}.")
        else:
            self.batchtui.use_profile(name)

    async def action_new(self) -> None:
        """Asks for a file of requests, and submits it after asking once more."""
        from batchtui.tui.dialogs.pick_file import PickFile

        def picked(path: Path | None) -> None:
            if path:
                self.batchtui.submit_file(path)

        await self.app.push_screen(PickFile("Submit which file of requests?", Path.cwd()), picked)

    def step_back(self) -> bool:
        """Stop loading, then take the marks, then the filter away."""
        if self._wants_end:
            self._wants_end = False
            self._show_titles()
            return True
        if not self._list.marked:
            self._before_filter = None
            return super().step_back()
        self._list.clear_marks()
        self.show_marks()
        return True

    def leave(self) -> None:
        """Leaves the app; if the API was never reached, as a command would that did not reach it."""
        self.batchtui.leave(None if self._was_live else self._link.error)

    def _has_just_ended(self, batch: Batch) -> bool:
        before = self._batches.get(batch.id)
        return batch.is_ended and before is not None and not before.is_ended


def _outcome(batch: Batch) -> str:
    counts = batch.counts
    failed = counts.total - counts.succeeded
    return f"{count(counts.succeeded)} succeeded" + (f", {count(failed)} did not" if failed else "")
