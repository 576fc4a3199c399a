"""Submitting again, from the results screen, what failed."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import cached_property, partial
from typing import TYPE_CHECKING, cast

from textual import work

from batchtui.results import EVERYTHING, Query, Results, State
from batchtui.submissions import FAILED, Failures
from batchtui.tui.screens.exporting import ExportingScreen
from batchtui.tui.services.submit_flow import SUBMIT_ERRORS

if TYPE_CHECKING:
    from batchtui.cache import Batch
    from batchtui.tui.services.network import Network
    from batchtui.workspace import Workspace


class ResubmittingScreen(ExportingScreen):
    """The part of the results screen that submits again."""

    _batch: Batch
    _workspace: Workspace
    _query: Query
    _network: Network

    @cached_property
    def _has_requests(self) -> bool:
        return self._workspace.submissions.has_requests(self._batch.id)

    def why_not(self, action: str) -> str:
        """Why what failed cannot be submitted again."""
        if action != "resubmit":
            return super().why_not(action)
        counts = self._batch.counts
        if counts.total == counts.succeeded:
            return "Nothing to submit again: every request succeeded."
        if not self._has_requests:
            return (
                "The requests are not kept here, and the API does not give them back: "
                f"`batchtui attach {self._batch.id} FILE` ties them to the batch."
            )
        return ""

    def action_resubmit(self) -> None:
        """Submits what is marked, or shown, or else all that failed, after asking."""
        self._resubmit()

    def resubmit_group(self, query: Query) -> None:
        """Submit again what failed of a group, after asking; marks and search do not matter."""
        if why := self.why_not("resubmit"):
            self.batchtui.tell(why)
        else:
            self._resubmit(query)

    @work(group="resubmit", exclusive=True)
    async def _resubmit(self, group: Query | None = None) -> None:
        self._fetcher.want_all()
        if self._fetcher.progress.state is not State.COMPLETE:
            self.batchtui.tell("Not all results are here yet: press R again when they are.")
            return
        if not (group or self._list.marked or getattr(self._rows, "is_over", True)):
            self.batchtui.tell("The search is not over yet: press R again when it is.")
            return
        try:
            find_lost = partial(self._workspace.submissions.find_lost, self._batch.id)
            await self._network.call(find_lost)  # or what was sent again without an answer is paid for twice
            failures = await asyncio.to_thread(self._failures, group)
        except SUBMIT_ERRORS as error:
            self.batchtui.tell(str(error), failed=True)
            return
        scope = self._scope(group)
        if failures.resubmittable:
            self.batchtui.resubmit(self._batch.id, failures, scope)
        else:
            self.batchtui.tell(" ".join(["Nothing to resubmit.", *scope, *failures.notes]))

    @property
    def _is_filtered(self) -> bool:
        """Whether some of the results are not shown."""
        return bool(self.filter_text) or self._query.unsorted != EVERYTHING

    def _scope(self, group: Query | None) -> list[str]:
        """Which results are meant, if not all."""
        if group:
            return ["This group of errors only."]
        if self._list.marked:
            return [f"Marked results only: {self._list.marks_words()}."]
        return ["Results shown only."] if self._is_filtered else []

    def _failures(self, group: Query | None) -> Failures:
        """What failed of what is meant. Runs in a thread, with a reader of its own."""
        marked = sorted(cast("set[int]", self._list.marked))
        query = group or self._query
        with Results(self._results.files) as results:
            if not group and (marked or self.filter_text):
                numbers: Sequence[int] | None = marked or list(self._rows.numbers)
            else:
                numbers = results.numbers(query) if query != EVERYTHING else None
            picked = None if numbers is None else [row.custom_id for row in results.each(numbers)]
            return self._workspace.submissions.failures(
                self._batch.id, results, outcomes=FAILED, custom_ids=picked
            )
