"""Everything about one batch."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from textual.content import Content

from batchtui.cache import Batch, Counts
from batchtui.text import (
    ago,
    clean_line,
    count,
    long_duration,
    shorten_id,
    shown_path,
    size,
    until_longer,
    until_shorter,
)
from batchtui.tui.format.batch import Price, pace_of, pace_words, price_words, status_of, steps_of, tally
from batchtui.tui.format.styled import Part
from batchtui.tui.widgets.count_bar import CountBar, sparkline
from batchtui.tui.widgets.document import Document

if TYPE_CHECKING:
    from batchtui.submissions import Origin
    from batchtui.workspace import Details

SPARK_COLUMNS = 40
NAME_COLUMNS = 11
"""Room for the names of fields, where each has a line of its own."""
LOW_LINES = 14
"""With fewer lines than this, what belongs together shares one."""
_TONES = {"": "$text", "muted": "$text-muted", "accent": "$accent"}
_COUNT_TONES = {"succeeded": "$success", "errored": "$error", "expired": "$warning"}


class _Shown(NamedTuple):
    batch: Batch
    details: Details
    price: Price | None


class BatchDetail(Document):
    """The fields of one batch, its counts as a bar, and how fast they move.

    Where there are few lines, what belongs together shares one.
    """

    def __init__(self) -> None:
        super().__init__()
        self._shown: _Shown | None = None
        self._why_nothing = ""

    def show_batch(self, batch: Batch, details: Details, price: Price | None) -> None:
        """Show a batch, with its cost or estimate if known."""
        self._shown = _Shown(batch, details, price)
        self._draw()

    def show_nothing(self, why: str) -> None:
        """Show that there is no batch to show."""
        self._shown, self._why_nothing = None, why
        self._draw()

    def show_ages(self) -> None:
        """Show how old everything is now."""
        if self._shown:
            self._draw()

    def until_ages_change(self) -> float:
        """Seconds until one of the times reads differently."""
        if self._shown is None:
            return inf
        batch, now = self._shown.batch, time.time()
        past = (batch.created_at, batch.cancel_initiated_at, batch.ended_at)
        until = batch.results_until if batch.is_ended else batch.expires_at
        ages = [until_longer(now - at, is_fine=True) for at in past if at is not None]
        return min(*ages, until_shorter(until - now, is_fine=True))

    def on_resize(self) -> None:
        """Spread out, or not any more."""
        self._draw()

    def _draw(self) -> None:
        if self._shown is None:
            self.show([Content.styled(self._why_nothing, "$text-muted")] if self._why_nothing else ())
            return
        is_low = self.size.height < LOW_LINES
        groups = _groups(self._shown, time.time(), 0 if is_low else NAME_COLUMNS)
        self.show(_together(groups) if is_low else _apart(groups), keep_place=True)


Group = Sequence[Part]
"""What belongs together."""


def _apart(groups: Iterable[Group]) -> Iterator[Part]:
    """Each part on its line, with a blank one between groups."""
    for number, group in enumerate(groups):
        if number:
            yield Content("")
        yield from group


def _together(groups: Iterable[Group]) -> Iterator[Part]:
    """The texts of each group on one line."""
    for group in groups:
        yield from (part for part in group if not isinstance(part, Content))
        yield Content("   ").join(part for part in group if isinstance(part, Content))


def _groups(shown: _Shown, now: float, name_columns: int) -> Iterator[Group]:
    batch, details, price = shown
    status = status_of(batch)
    tone = _TONES.get(status.tone, f"${status.tone}")
    yield Content.assemble((f"{status.sign} {status.words}", tone)), Content(clean_line(batch.id))
    if details.is_missing:
        yield (Content.assemble(("Not found on the server. Checking again.", "$warning")),)
    field = partial(_field, columns=name_columns)
    yield [field(name, value) for name, value in _times(batch, now)]
    if not batch.is_ended and batch.counts.done == 0:
        yield [field("requests", count(batch.counts.total))]
        left = long_duration(batch.expires_at - now)
        yield [Content(f"Counts may arrive only when it ends, in at most {left}.")]
    else:
        yield CountBar(*batch.counts), *_counts(batch.counts, name_columns)
    pace = None if batch.is_ended else pace_of(details.history)
    if pace:
        spark = sparkline(steps_of(details.history), SPARK_COLUMNS)
        yield Content.assemble((spark, "$accent")), Content(pace_words(pace))
    cost = clean_line(price_words(batch, price, is_saved=details.saved_size is not None))
    yield field("results", _results(batch, details.saved_size, now)), field("cost", cost)
    if details.origin:
        yield [field(name, value) for name, value in _origin(details.origin)]


def _times(batch: Batch, now: float) -> Iterator[tuple[str, str]]:
    yield "created", f"{ago(now - batch.created_at)}, {_date(batch.created_at)}"
    if batch.cancel_initiated_at is not None:
        yield "canceled", f"{ago(now - batch.cancel_initiated_at)}, {_date(batch.cancel_initiated_at)}"
    if batch.ended_at is not None:
        took = long_duration(batch.ended_at - batch.created_at)
        yield "ended", f"{ago(now - batch.ended_at)}, after {took}"
    elif not batch.is_ended:
        yield "expires", f"in {long_duration(batch.expires_at - now)}"


def _counts(counts: Counts, columns: int) -> Iterator[Content]:
    for name, number in counts._asdict().items():
        tone = _COUNT_TONES.get(name, "$text") if number else "$text-muted"
        yield Content.assemble(
            (f"{name} ".ljust(columns), "$text-muted"), (tally(number).rjust(9 if columns else 0), tone)
        )


def _results(batch: Batch, saved_size: int | None, now: float) -> str:
    if saved_size is not None:
        return f"saved here, {size(saved_size)}"
    if batch.has_results:
        return f"on the server for {long_duration(batch.results_until - now)} more"
    if batch.is_archived:
        return "removed by the server, and not saved here"
    return "none" if batch.is_ended else "when it ends"


def _origin(origin: Origin) -> Iterator[tuple[str, str]]:
    """Where it came from, and which batches have taken over what failed."""
    if origin.parent:
        yield "again", f"failed requests of {shorten_id(clean_line(origin.parent))}"
    elif origin.source:
        part = f", part {origin.part + 1} of {origin.parts}" if origin.parts > 1 else ""
        yield "from", clean_line(shown_path(Path(origin.source))) + part
    for child in origin.again:
        yield "failed", f"submitted again as {shorten_id(clean_line(child))}"


def _field(name: str, value: str, columns: int) -> Content:
    return Content.assemble((f"{name} ".ljust(columns), "$text-muted"), value)


def _date(at: float) -> str:
    return time.strftime("%d %b %H:%M", time.localtime(at))
