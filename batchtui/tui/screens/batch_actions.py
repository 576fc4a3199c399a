"""Cancelling and deleting from the list of batches: one, or all that are marked, after asking."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable, Sequence
from functools import partial
from typing import Any, ClassVar

from textual import work
from textual.binding import BindingType

from batchtui.api import ApiError, NotAuthorized, NotReachable
from batchtui.cache import Batch
from batchtui.text import count, plural, shorten_id
from batchtui.tui.dialogs.confirm import Confirm
from batchtui.tui.format.batch import status_of
from batchtui.tui.keys import bindings
from batchtui.tui.screens.base import BaseScreen
from batchtui.tui.services.network import Network
from batchtui.tui.widgets.batch_table import BatchTable
from batchtui.workspace import Changes, Workspace, WorkspaceError

TYPED_FROM = 11
"""Deleting so many batches at once wants their number typed."""


class BatchActionsScreen(BaseScreen):
    """The part of the batches screen that changes something on the server."""

    BINDINGS: ClassVar[list[BindingType]] = bindings("batches")
    """What can be done to a batch."""

    _list: BatchTable
    _workspace: Workspace
    _network: Network
    _batches: dict[str, Batch]

    def show_changes(self, changes: Changes) -> None:
        """Takes over what a call found out."""
        raise NotImplementedError

    def show_marks(self) -> None:
        """Show which batches are marked."""
        raise NotImplementedError

    def _chosen(self) -> list[Batch]:
        """The marked batches, or the one under the cursor."""
        if self._list.marked:
            return [batch for batch in self._batches.values() if batch.id in self._list.marked]
        return [self._list.current] if self._list.current else []

    def why_not(self, action: str) -> str:
        """Why what is chosen cannot be cancelled or deleted."""
        if action not in ("cancel", "delete"):
            return ""
        chosen = self._chosen()
        if not chosen:
            return "No batch selected."
        marks = f" {self._list.marks_words()}." if self._list.marked else ""
        if action == "cancel" and not _running(chosen):
            return f"Nothing to cancel: {_states(chosen)}.{marks}"
        if action == "delete" and not _ended(chosen):
            return f"{_why_not_deleted(chosen)}.{marks}"
        return ""

    async def action_cancel(self) -> None:
        """Cancels what is chosen, after asking."""
        chosen = self._chosen()
        running = _running(chosen)
        left = sum(batch.counts.processing for batch in running)
        consequences = [
            f"{plural(left, 'request', 'requests')} without an outcome yet will be canceled;",
            "what has begun may still finish, and is billed.",
            *self._about_others(chosen, running, "not running"),
        ]
        about = {batch.id for batch in running}
        question = Confirm(
            f"Cancel {self._meant(running)}?", consequences, f"Cancel {_how_many(running)}", about=about
        )
        await self._ask(question, partial(self._do_to, running, self._workspace.cancel, "Canceling"))

    async def action_delete(self) -> None:
        """Deletes what is chosen, after asking."""
        chosen = [batch for batch in self._chosen() if batch.gone_at is None]
        ended = _ended(chosen)
        saved = [batch for batch in ended if self._workspace.has_saved_results(batch.id)]
        unsaved = [batch for batch in ended if batch.has_results and batch not in saved]
        others = self._about_others(chosen, ended, "still running")
        consequences = [_what_is_lost(ended, unsaved, saved), *others]
        number = len(ended) if unsaved or len(ended) >= TYPED_FROM else None
        question = Confirm(
            f"Delete {self._meant(ended)} for good?",
            consequences,
            f"Delete {_how_many(ended)}",
            number,
            about={batch.id for batch in ended},
        )
        await self._ask(question, partial(self._do_to, ended, self._workspace.delete, "Deleted"))

    async def _ask(self, question: Confirm, go: Callable[[], object]) -> None:
        """Does what is asked about if the answer is Yes."""

        def answered(yes: bool | None) -> None:
            if yes:
                go()

        await self.app.push_screen(question, answered)

    def _meant(self, batches: Sequence[Batch]) -> str:
        """Which batches a question is about, and that they are the marked ones."""
        if not self._list.marked:
            return _named(batches)
        if len(batches) == 1:
            return f"the marked batch {_named(batches)}"
        return f"{count(len(batches))} marked batches"

    def _about_others(self, chosen: Sequence[Batch], meant: Sequence[Batch], why: str) -> Iterable[str]:
        """What a person should know who marked some batches and cannot see them all."""
        if hidden := len({batch.id for batch in meant} - self._list.shown_ids):
            of_them = "It" if len(meant) == 1 else f"{count(hidden)} of them"
            yield f"{of_them} {'is' if hidden == 1 else 'are'} hidden by the filter."
        if left := len(chosen) - len(meant):
            yield f"{count(left)} more {'is' if left == 1 else 'are'} marked, but {why}: not touched."

    @work
    async def _do_to(
        self,
        batches: Sequence[Batch],
        work: Callable[[str], Coroutine[Any, Any, Changes]],
        done: str,
    ) -> None:
        """Act on each batch, then report the failures; only errors that all would meet end it early."""
        completed, failures = list[Batch](), list[str]()
        for batch in batches:
            try:
                self.show_changes(await self._network.call(partial(work, batch.id)))
            except (ApiError, WorkspaceError) as error:
                failures.append(f"{error}" if batch.id in str(error) else f"{batch.id}: {error}")
                if isinstance(error, (NotAuthorized, NotReachable)):
                    break
            else:
                completed.append(batch)
                self._list.marked.discard(batch.id)
                self.show_marks()
        self._list.refresh_rows()
        if failures:
            self.batchtui.tell(_failed(done, len(completed), len(batches), failures), failed=True)
        else:
            self.batchtui.tell(f"{done} {_named(batches)}.")


SHOWN_FAILURES = 3
"""Failures named in one notice."""


def _failed(done: str, completed: int, total: int, failures: Sequence[str]) -> str:
    """Return what a notice says after failures: how many succeeded, and what failed."""
    if total == 1:
        return failures[0]
    more = len(failures) - SHOWN_FAILURES
    others = [f"and {plural(more, 'other failure', 'other failures')}"] if more > 0 else []
    return "\n".join([f"{done} {count(completed)} of {count(total)}.", *failures[:SHOWN_FAILURES], *others])


def _running(batches: Sequence[Batch]) -> list[Batch]:
    """Those that can be cancelled."""
    return [batch for batch in batches if batch.status == "in_progress" and batch.gone_at is None]


def _ended(batches: Sequence[Batch]) -> list[Batch]:
    """Those that can be deleted."""
    return [batch for batch in batches if batch.is_ended and batch.gone_at is None]


def _states(batches: Sequence[Batch]) -> str:
    states = " or ".join(sorted({status_of(batch).words for batch in batches}))
    return f"{'it is' if len(batches) == 1 else 'they are'} {states}"


def _why_not_deleted(batches: Sequence[Batch]) -> str:
    states = {batch.status for batch in batches if batch.gone_at is None}
    if "in_progress" in states:
        return "Nothing to delete: a batch that runs must be canceled first (c)"
    if "canceling" in states:
        return "Canceling; can be deleted when it has ended"
    return f"Nothing to delete: {_states(batches)}"


def _named(batches: Sequence[Batch]) -> str:
    if len(batches) == 1:
        return shorten_id(batches[0].id)
    return plural(len(batches), "batch", "batches")


def _how_many(batches: Sequence[Batch]) -> str:
    return "it" if len(batches) == 1 else count(len(batches))


def _what_is_lost(batches: Sequence[Batch], unsaved: Sequence[Batch], saved: Sequence[Batch]) -> str:
    if unsaved:
        results = sum(batch.counts.total for batch in unsaved)
        return f"{plural(results, 'result', 'results')} that are saved nowhere else will be gone for good."
    if len(saved) == len(batches):
        return f"Deleted on the server. Your saved {'copy stays' if len(batches) == 1 else 'copies stay'}."
    if saved:
        return f"Saved results of {count(len(saved))} stay. The others have no results any more."
    if len(batches) > 1:
        return "They have no results any more."
    return "Its results are gone already." if batches[0].is_archived else "It has no results."
