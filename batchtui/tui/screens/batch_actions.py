"""Cancelling and deleting from the list of batches: one, or all that are marked, after asking."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable, Sequence
from functools import partial
from typing import Any, ClassVar

from textual import work
from textual.binding import BindingType

from batchtui.api import ApiError
from batchtui.cache import Batch
from batchtui.text import count, plural, shorten_id
from batchtui.tui.dialogs.confirm import Confirm
from batchtui.tui.format.batch import status_of
from batchtui.tui.keys import bindings
from batchtui.tui.screens.base import SHORT_ID, BaseScreen
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
        chosen = self._chosen() if action in ("cancel", "delete") else []
        marks = f" {self._list.marks_words()}." if chosen and self._list.marked else ""
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
        unsaved = [b for b in ended if b.has_results and not self._workspace.has_saved_results(b.id)]
        consequences = [_what_is_lost(ended, unsaved), *self._about_others(chosen, ended, "still running")]
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
        """Does it to one batch after the other; the first failure ends it, and says how far it came."""
        for number, batch in enumerate(batches):
            try:
                self.show_changes(await self._network.call(partial(work, batch.id)))
            except (ApiError, WorkspaceError) as error:
                so_far = f"{done} {count(number)} of {count(len(batches))}; then: " if number else ""
                self.batchtui.tell(f"{so_far}{error}", failed=True)
                return
            self._list.marked.discard(batch.id)
            self.show_marks()
        self._list.refresh_rows()
        self.batchtui.tell(f"{done} {_named(batches)}.")


def _running(batches: Sequence[Batch]) -> list[Batch]:
    """Those that can be cancelled."""
    return [batch for batch in batches if batch.status == "in_progress" and batch.gone_at is None]


def _ended(batches: Sequence[Batch]) -> list[Batch]:
    """Those that can be deleted."""
    return [batch for batch in batches if batch.is_ended and batch.gone_at is None]


def _states(batches: Sequence[Batch]) -> str:
    if not batches:
        return "there is no batch"
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
        return shorten_id(batches[0].id, SHORT_ID)
    return plural(len(batches), "batch", "batches")


def _how_many(batches: Sequence[Batch]) -> str:
    return "it" if len(batches) == 1 else count(len(batches))


def _what_is_lost(batches: Sequence[Batch], unsaved: Sequence[Batch]) -> str:
    if unsaved:
        results = sum(batch.counts.total for batch in unsaved)
        return f"{plural(results, 'result', 'results')} that are saved nowhere else will be gone for good."
    them, whose = ("it", "Its") if len(batches) == 1 else ("them", "Their")
    return f"The server forgets {them}. {whose} results, if saved here, stay here."
