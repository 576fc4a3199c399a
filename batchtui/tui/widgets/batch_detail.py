"""Everything about one batch."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from textual.content import Content

from batchtui.cache import Batch, Counts
from batchtui.text import ago, clean_line, count, long_duration, shorten_id
from batchtui.tui.batch_text import cost_words, pace_of, pace_words, status_of, steps_of, tally
from batchtui.tui.widgets.count_bar import CountBar, sparkline
from batchtui.tui.widgets.document import Document, Part

if TYPE_CHECKING:
    from batchtui.cost import Cost
    from batchtui.submissions import Origin

SPARK_COLUMNS = 40
SHORT_ID = 14
_TONES = {"": "$text", "muted": "$text-muted", "accent": "$accent"}
_COUNT_TONES = {"succeeded": "$success", "errored": "$error", "expired": "$warning"}


class BatchDetail(Document):
    """The fields of one batch, its counts as a bar, and how fast they move."""

    def show_batch(
        self,
        batch: Batch,
        history: Sequence[tuple[float, Counts]],
        saved: str | None,
        cost: Cost | None,
        origin: Origin | None,
    ) -> None:
        """Shows a batch.

        Args:
            batch: The batch.
            history: When its counts were seen to change, oldest first.
            saved: What of its results is on this disk, in words; None for nothing.
            cost: What it cost, if known.
            origin: Where it came from, as far as that was here.
        """
        parts = _parts(batch, history, saved, time.time())
        words = clean_line(cost_words(batch, cost, is_saved=saved is not None))
        self.show([*parts, _field("cost", words), *_origin(origin)], keep_place=True)

    def show_nothing(self) -> None:
        """Shows an empty pane."""
        self.show(())


def _parts(
    batch: Batch, history: Sequence[tuple[float, Counts]], saved: str | None, now: float
) -> Iterator[Part]:
    status = status_of(batch)
    tone = _TONES.get(status.tone, f"${status.tone}")
    yield Content.assemble((f"{status.sign} {status.words}", tone))
    yield Content(clean_line(batch.id))
    yield Content("")
    yield from _times(batch, now)
    yield Content("")
    yield from _progress(batch, history, now)
    yield Content("")
    yield _results(batch, saved, now)


def _times(batch: Batch, now: float) -> Iterator[Content]:
    yield _field("created", f"{ago(now - batch.created_at)}, {_date(batch.created_at)}")
    if batch.cancel_initiated_at is not None:
        yield _field(
            "cancelled", f"{ago(now - batch.cancel_initiated_at)}, {_date(batch.cancel_initiated_at)}"
        )
    if batch.ended_at is not None:
        took = long_duration(batch.ended_at - batch.created_at)
        yield _field("ended", f"{ago(now - batch.ended_at)}, after {took}")
    elif not batch.is_ended:
        yield _field("expires", f"in {long_duration(batch.expires_at - now)}")


def _progress(batch: Batch, history: Sequence[tuple[float, Counts]], now: float) -> Iterator[Part]:
    counts = batch.counts
    if not batch.is_ended and counts.done == 0:
        yield _field("requests", count(counts.total))
        yield Content("")
        left = long_duration(batch.expires_at - now)
        yield Content(f"Counts may arrive only when it ends, in at most {left}.")
        return
    yield CountBar(*counts)
    for name, number in counts._asdict().items():
        tone = _COUNT_TONES.get(name, "$text") if number else "$text-muted"
        yield Content.assemble((f"{name:<11}", "$text-muted"), (f"{tally(number):>9}", tone))
    pace = None if batch.is_ended else pace_of(history)
    if pace:
        yield Content("")
        yield Content.assemble((sparkline(steps_of(history), SPARK_COLUMNS), "$accent"))
        yield Content(pace_words(pace))


def _results(batch: Batch, saved: str | None, now: float) -> Content:
    if saved:
        return _field("results", saved)
    if batch.has_results:
        return _field("results", f"on the server for {long_duration(batch.results_until - now)} more")
    if batch.is_archived:
        return _field("results", "removed by the server, and not saved here")
    return _field("results", "none" if batch.is_ended else "when it ends")


def _origin(origin: Origin | None) -> Iterator[Content]:
    """Where it came from, and which batches have taken over what failed."""
    if origin is None:
        return
    if origin.parent:
        yield _field("again", f"what failed of {shorten_id(clean_line(origin.parent), SHORT_ID)}")
    elif origin.source:
        part = f", part {origin.part + 1} of {origin.parts}" if origin.parts > 1 else ""
        yield _field("from", clean_line(origin.source) + part)
    for child in origin.again:
        yield _field("failed", f"submitted again as {shorten_id(clean_line(child), SHORT_ID)}")


def _field(name: str, value: str) -> Content:
    return Content.assemble((f"{name:<11}", "$text-muted"), value)


def _date(at: float) -> str:
    return time.strftime("%d %b %H:%M", time.localtime(at))
