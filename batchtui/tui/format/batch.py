"""A batch in words and signs: what the list and the detail pane show of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from math import inf
from typing import TYPE_CHECKING, NamedTuple

from batchtui.cache import Batch, Counts
from batchtui.text import (
    clean_line,
    count,
    duration,
    is_plain_id,
    long_duration,
    money,
    until_longer,
    until_shorter,
)
from batchtui.tui.format.cells import Cell, Tone
from batchtui.tui.format.columns import Column

if TYPE_CHECKING:
    from batchtui.cost import Cost
    from batchtui.submissions import Estimate

COLUMNS = (
    Column("status", 13),
    Column("batch", 14, align="left", flexible=True, cut="front"),
    Column("requests", 8, align="right", drop=1),
    Column("ok", 7, align="right", drop=2),
    Column("err", 7, align="right", drop=3),
    Column("age", 4, align="right", drop=4),
    Column("left", 4, align="right", drop=5),
    Column("cost", 10, align="right", drop=6),
)
"""The columns of the list, for `row_cells`; `err` counts all requests that did not succeed."""
NONE = "·"
"""What stands for zero: it is there, and takes no attention."""


class Status(NamedTuple):
    """How a batch is doing: a sign and words, so that nothing hangs on color alone."""

    sign: str
    words: str
    tone: Tone


def status_of(batch: Batch) -> Status:
    """How a batch is doing."""
    if batch.gone_at is not None:
        return Status("⌫", "deleted", "muted")
    if batch.is_archived:
        return Status("⌫", "archived", "muted")
    if batch.status == "in_progress":
        return Status("●", "in progress", "accent")
    if batch.status == "canceling":
        return Status("◐", "canceling", "warning")
    if not batch.is_ended:
        return Status("?", clean_line(batch.status).replace("_", " "), "warning")
    return _ended(batch.counts)


def _ended(counts: Counts) -> Status:
    words = "canceled" if counts.canceled else "ended"
    if counts.errored + counts.expired > counts.total // 2:
        return Status("!", words, "error")
    return Status("○", words, "muted") if counts.canceled else Status("✓", words, "success")


def tally(number: int) -> str:
    """A count in a column: zero is a dot."""
    return count(number) if number else NONE


class Price(NamedTuple):
    """What a batch cost, or may cost, in words.

    Attributes:
        short: For the list.
        words: For the detail.
        is_actual: Whether it is what was billed, not an estimate.
    """

    short: str
    words: str
    is_actual: bool


def price_of(cost: Cost) -> Price:
    """What a batch cost."""
    if cost.unknown:
        models = ", ".join(model or "a reply without a model" for model in cost.unknown)
        return Price("unknown", f"unknown: no price for {models}", is_actual=True)
    return Price(money(cost.total), money(cost.total), is_actual=True)


def price_at_most(estimate: Estimate) -> Price:
    """What a batch may cost."""
    if estimate.most is None:
        return Price("", "unknown: no price for one of its models", is_actual=False)
    sign, most = "≤" if estimate.is_bound else "~", money(estimate.most, round_up=estimate.is_bound)
    return Price(f"{sign} {most}", f"{estimate.max_text}, an estimate", is_actual=False)


def row_cells(batch: Batch, now: float, price: Price | None = None) -> Sequence[Cell]:
    """The cells of a batch in the list, in the order of the table's columns.

    Args:
        batch: The batch.
        now: Seconds since 1970.
        price: What it cost or may cost, if known.
    """
    status, counts = status_of(batch), batch.counts
    words = f"{status.sign} {status.words}"
    past: Tone = "muted" if batch.is_archived or batch.gone_at is not None else ""
    return (
        Cell(words, status.tone),
        Cell(batch.id, past),
        Cell(count(counts.total), past),
        Cell(tally(counts.succeeded), past if counts.succeeded else "muted"),
        Cell(tally(counts.unsuccessful), _err_tone(counts, past)),
        Cell(duration(now - batch.created_at), "muted"),
        Cell(time_left(batch, now), "muted"),
        Cell(price.short if price else "", "muted"),
    )


def _err_tone(counts: Counts, past: Tone) -> Tone:
    """Loud for failures, not for requests that somebody canceled."""
    if past or not counts.unsuccessful:
        return "muted"
    return "error" if counts.errored or counts.expired else ""


def price_words(batch: Batch, price: Price | None, *, is_saved: bool) -> str:
    """What a batch cost or may cost, or when that will be known.

    Args:
        batch: The batch.
        price: What it cost or may cost, if known.
        is_saved: Whether its results are on this disk.
    """
    if price and (price.is_actual or not batch.is_ended):
        return price.words
    if not batch.is_ended:
        return "unknown until it ends"
    how_to_know = "open the results to know" if is_saved or batch.has_results else ""
    estimate = price.words if price and price.short else ""
    return ", ".join(filter(None, (estimate, how_to_know))) or "unknown"


def time_left(batch: Batch, now: float) -> str:
    """Until a running batch expires, or until the results of an ended one are removed."""
    if batch.is_archived or batch.gone_at is not None:
        return "–"
    until = batch.results_until if batch.is_ended else batch.expires_at
    return duration(until - now)


def until_row_changes(batch: Batch, now: float) -> float:
    """Seconds until the age or the time left in the list reads differently."""
    until = batch.results_until if batch.is_ended else batch.expires_at
    return min(until_longer(now - batch.created_at), until_shorter(until - now))


class Pace(NamedTuple):
    """How fast counts move.

    Attributes:
        per_minute: Requests that get an outcome in a minute.
        seconds_left: Until all have one, at that pace.
    """

    per_minute: float
    seconds_left: float


PACE_SECONDS = 600.0
"""How far back the pace is measured: long enough to be steady, short enough to be current."""


def pace_of(history: Sequence[tuple[float, Counts]]) -> Pace | None:
    """The pace of a batch from its count history; None while the counts have not been seen to move."""
    if not history:
        return None
    end, counts = history[-1]
    recent = [(at, seen) for at, seen in history if at >= end - PACE_SECONDS]
    start, first = recent[0]
    done = counts.done - first.done
    if done <= 0 or end <= start or not counts.processing:
        return None
    per_second = done / (end - start)
    return Pace(per_second * 60, counts.processing / per_second)


def steps_of(history: Sequence[tuple[float, Counts]]) -> list[float]:
    """How many requests a second got an outcome between each two looks."""
    pairs = pairwise(history)
    return [max(0, late.done - early.done) / max(1.0, then - now) for (now, early), (then, late) in pairs]


def pace_words(pace: Pace) -> str:
    """The pace in a sentence: `1,084 a minute · about 54 min to go`."""
    return f"{count(round(pace.per_minute))} a minute · about {long_duration(pace.seconds_left)} to go"


STATUSES = {
    "in_progress": "running",
    "canceling": "cancel requested, not ended yet",
    "ended": "ended, no request canceled",
    "canceled": "ended, some requests canceled",
    "archived": "results removed by the server",
    "deleted": "not on the server, results saved here",
}
"""What the status column says, with underscores for blanks, and what that means."""
HAS_ERRORS = "has:errors"
FILTER_TERMS = (
    ("any word", "part of the id or the status"),
    *((f"status:{status}", meaning) for status, meaning in STATUSES.items()),
    (HAS_ERRORS, "some requests did not succeed"),
)
"""What a filter may hold, and what it finds."""
TERM_NAMES = f"{HAS_ERRORS}, or status: with {', '.join(STATUSES)}"
"""The terms with a colon, for messages."""


LONG_AS_AN_ID = 20
"""Characters; ids are opaque, and those seen have 33."""


def matching(batches: Iterable[Batch], text: str) -> list[Batch]:
    """The batches that meet every term of a filter.

    A word must be part of the id or of the status as the list shows it; `FILTER_TERMS` has all terms.
    """
    found = list(batches)
    for term in text.lower().split():
        found = [batch for batch in found if _meets(batch, term)]
    return found


def is_batch_id(text: str) -> bool:
    """Whether a filter is most likely a whole id, as when it was pasted."""
    return len(text) >= LONG_AS_AN_ID and is_plain_id(text)


def unknown_terms(text: str) -> list[str]:
    """The terms of a filter that name no status and no other property that is known."""
    return [term for term in text.lower().split() if ":" in term and not _is_known(term)]


def _is_known(term: str) -> bool:
    name, _, value = term.partition(":")
    return term == HAS_ERRORS or (name == "status" and any(status.startswith(value) for status in STATUSES))


def _meets(batch: Batch, term: str) -> bool:
    # Most filters are part of an id, and there may be thousands of batches: what is quick comes first.
    if term in batch.id.lower():
        return True
    if term == HAS_ERRORS:
        return batch.counts.unsuccessful > 0
    status = status_of(batch).words.lower().replace(" ", "_")
    # The beginning of a status is enough, since a filter holds while it is typed.
    name, colon, value = term.partition(":")
    return status.startswith(value) if (name, colon) == ("status", ":") else term in status


class Order(NamedTuple):
    """An order of the list: its name, and what is compared, largest first."""

    name: str
    key: Callable[[Batch], float]


ORDERS = (
    Order("newest first", lambda batch: batch.created_at),
    Order("oldest first", lambda batch: -batch.created_at),
    Order("running first", lambda batch: float(not batch.is_ended)),
    Order("most requests", lambda batch: batch.counts.total),
    Order("most errors", lambda batch: batch.counts.unsuccessful),
    Order("results gone soonest", lambda batch: -batch.results_until if batch.has_results else -inf),
)
"""The orders of the list; the first is the API's."""
