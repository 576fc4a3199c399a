"""A result in words and signs: what the list and the text pane show of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from textual.content import Content

from batchtui.cache import Counts
from batchtui.cost import Cost
from batchtui.results import ErrorGroup, OpenedResult, Progress, ResultRow, Sort, State
from batchtui.results.blocks import Block, Citation
from batchtui.text import clean_line, clean_text, count, money, plural, shorten, size
from batchtui.tui.format.cells import Cell, Tone
from batchtui.tui.format.columns import Column
from batchtui.tui.format.markdown import styled_source
from batchtui.tui.format.styled import Part, content_of

CUT_CHARS = 20_000
"""So much of a text is shown at first: it opens at once however long it is."""
BLOCKS_FIRST, BLOCKS_MOST = 100, 1000
"""Blocks of a reply that are shown at first, and at most; the raw view has all."""
QUOTE_CHARS = 500
CUT_BYTES = 4 * CUT_CHARS
"""Bytes that hold so many characters, whatever they are."""

_SIGNS: dict[str, tuple[str, Tone]] = {
    "succeeded": ("✓", "success"),
    "errored": ("✗", "error"),
    "canceled": ("○", "muted"),
    "expired": ("◌", "warning"),
}


def outcome_of(row: ResultRow) -> tuple[str, str, Tone]:
    """Sign, words and tone for how a request ended."""
    sign, tone = _SIGNS.get(row.outcome, ("?", "warning"))
    if row.flag:
        return "!", row.flag, "warning"
    if row.outcome == "succeeded":
        return sign, row.stop_reason or row.outcome, tone
    return sign, row.error_type.removesuffix("_error") or row.outcome, tone


def outcome_counts(counts: Counts) -> Iterator[Cell]:
    """How many requests did not succeed, each outcome by the sign that the list has for it."""
    for outcome in ("errored", "canceled", "expired"):
        number: int = getattr(counts, outcome)
        if number:
            sign, tone = _SIGNS[outcome]
            yield Cell(f"  {count(number)} {sign}", tone)


def reply_parts(row: ResultRow, opened: OpenedResult, *, whole: bool, unfolded: bool) -> Iterator[Part]:
    """The reply, block by block, or why there is none.

    Args:
        row: What the index knows of it.
        opened: The result, taken apart.
        whole: Show long texts to their end.
        unfolded: Show what the model thought.
    """
    yield from _facts(row, opened)
    if opened.error:
        yield from _error_parts(opened, whole)
    elif not any(block.text.strip() or block.type != "text" for block in opened.blocks):
        yield Content("")
        yield content_of([Cell("Empty reply", "muted")])
        return
    room = CUT_CHARS
    for number, block in enumerate(opened.blocks):
        if number >= (BLOCKS_MOST if whole else BLOCKS_FIRST) or room <= 0:
            yield _rest_of_blocks(len(opened.blocks) - number, whole)
            return
        yield Content("")
        if block.type == "thinking" and not unfolded:
            yield _folded_thinking(block.text[:CUT_CHARS])
        else:
            yield from _block_parts(block, whole)
            room -= 0 if whole else len(block.text)


def _folded_thinking(text: str) -> Part:
    words = f"{plural(len(text.split()), 'word', 'words')}, z unfolds" if text.strip() else "empty"
    return content_of([Cell("▸ thinking", "muted"), Cell(f"  {words}", "dim")])


def _rest_of_blocks(number: int, whole: bool) -> Part:
    rest = plural(number, "more block", "more blocks")
    return content_of(
        [Cell(f"… {rest}: {'the raw view has them' if whole else 'press a to see all'}", "accent")]
    )


def raw_parts(raw: bytes, *, whole: bool) -> Iterator[Part]:
    """The line as it came."""
    yield from plain_parts(raw[: None if whole else CUT_BYTES].decode("utf-8", "replace"), whole, len(raw))


def usage_parts(opened: OpenedResult, cost: str) -> Iterator[Part]:
    """The tokens of a reply, and what they cost."""
    if not opened.usage:
        yield content_of([Cell("No usage: this request was not billed.", "muted")])
        return
    yield _amount("cost", cost)
    for name, value in _flat(opened.usage):
        shown = count(value) if isinstance(value, int) and not isinstance(value, bool) else str(value)
        yield _amount(name, shown)


def _amount(name: str, shown: str) -> Part:
    return content_of([Cell(f"{name:<38}", "muted"), Cell(f"{shown:>10}")])


def _flat(fields: dict[str, Any], indent: str = "") -> Iterator[tuple[str, object]]:
    for name, value in fields.items():
        label = f"{indent}{name.replace('_', ' ')}"
        if isinstance(value, dict):
            yield label, ""
            yield from _flat(value, indent + "  ")
        else:
            yield label, "–" if value is None else value


def _facts(row: ResultRow, opened: OpenedResult) -> Iterator[Part]:
    sign, words, tone = outcome_of(row)
    if row.outcome == "succeeded":
        stop = f"{opened.stop_reason} ({opened.stop_note})" if opened.stop_note else opened.stop_reason
        tokens = f"{count(row.all_input_tokens)} in, {count(row.output_tokens)} out"
        yield content_of([Cell(sign, tone), Cell(f" {opened.model}"), Cell(f"  {tokens}", "muted")])
        yield content_of(
            [Cell(f"  stopped: {stop}", "warning" if opened.stop_reason == "refusal" else "muted")]
        )
    else:
        yield content_of([Cell(f"{sign} {words}", tone)])
    if row.flag:
        yield content_of([Cell(f"This line is odd: {row.flag}. It is kept as it came.", "warning")])


def _error_parts(opened: OpenedResult, whole: bool) -> Iterator[Part]:
    if opened.error is None:
        return
    if opened.error.message:
        yield Content("")
        yield from plain_parts(opened.error.message, whole)
    yield Content("")
    if opened.error.request_id:
        yield content_of([Cell("request id  ", "muted"), Cell(opened.error.request_id)])
    yield content_of([Cell("what to do  ", "muted"), Cell(opened.error.advice)])


def _block_parts(block: Block, whole: bool) -> Iterator[Part]:
    if block.type != "text":
        title = f"{block.type.replace('_', ' ')}  {block.title}".rstrip()
        yield content_of([Cell(f"▏ {title}", "error" if block.is_error else "accent")])
    if block.language == "markdown" and len(block.text) <= CUT_CHARS:
        yield styled_source(block.text)
    else:
        yield from plain_parts(block.text, whole)
    for number, citation in enumerate(block.citations[:BLOCKS_FIRST], 1):
        yield from _citation_parts(number, citation)


def _citation_parts(number: int, citation: Citation) -> Iterator[Part]:
    yield content_of([Cell(f"[{number}] {citation.title}", "muted"), Cell(f"  {citation.url}", "muted")])
    if citation.quote:
        yield content_of([Cell(f"    “{clean_line(shorten(citation.quote, QUOTE_CHARS))}”", "muted")])


def plain_parts(text: str, whole: bool, size_in_all: int = 0) -> Iterator[Part]:
    """Text as it is, cut visibly where it is long.

    Args:
        text: The text, or its beginning.
        whole: Show all of it.
        size_in_all: Its size in bytes, if `text` is only its beginning.
    """
    shown = text if whole else text[:CUT_CHARS]
    if shown:
        yield Content(clean_text(shown))
    left = max(size_in_all, _bytes(text)) - _bytes(shown)
    if left > 0 and not whole:
        yield content_of([Cell(f"… {size(left)} more: press a to see all", "accent")])


def _bytes(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))


SORTS = (
    (Sort.FILE, "as the server sent them"),
    (Sort.CUSTOM_ID, "custom_id"),
    (Sort.OUTCOME, "outcome"),
    (Sort.MODEL, "model"),
    (Sort.INPUT_TOKENS, "tokens in"),
    (Sort.OUTPUT_TOKENS, "tokens out"),
    (Sort.LENGTH, "length of the line"),
)
"""The orders of the list, and their names."""
SORT_COLUMNS = (Column("", 20, flexible=True),)
GROUP_COLUMNS = (
    Column("how many", 8, align="right"),
    Column("error", 22),
    Column("message, numbers and ids as #", 20, flexible=True),
    Column("what to do", 24, drop=1),
)


def group_cells(group: ErrorGroup) -> list[Cell]:
    """A group of like failures in a list."""
    return [
        Cell(count(group.count)),
        Cell(group.kind, _SIGNS.get(group.outcome, ("", "warning"))[1]),
        Cell(group.pattern, "muted"),
        Cell(group.advice),
    ]


def state_words(progress: Progress) -> str:
    """What a fetch is doing, for the title line."""
    if progress.state is State.COMPLETE:
        return f"saved here · {size(progress.bytes_here)}"
    if progress.state is State.INCOMPLETE:
        return f"incomplete {count(progress.rows_here)}/{count(progress.rows_expected or 0)}"
    if progress.state is State.READING and progress.bytes_per_second:
        return f"reading · {size(int(progress.bytes_per_second))}/s"
    if progress.state is State.AHEAD:
        return "more when you go on"
    if progress.state is State.FOLLOWING:
        return "another batchtui fetches"
    if progress.retry_in is not None:
        return f"resuming in {progress.retry_in:.0f} s"
    return progress.state.value


def here_words(progress: Progress) -> str:
    """How much of the results is here, while it is not all."""
    if progress.state is State.COMPLETE:
        return ""
    of = f" of {count(progress.rows_expected)}" if progress.rows_expected else ""
    return f"{count(progress.rows_here)}{of} here · {size(progress.bytes_here)}"


def used_words(cost: Cost) -> str:
    """What a batch cost and used, once all of it is known."""
    tokens = cost.tokens
    used = f"{count(tokens.all_input)} tokens in, {count(tokens.output)} out"
    return f"{'cost unknown' if cost.unknown else money(cost.total)} · {used}"


def why_empty(progress: Progress, *, is_filtered: bool, searched: int | None = None) -> str:
    """Why the list shows nothing.

    Args:
        progress: How the fetch is getting on.
        is_filtered: Whether only some of the results would be shown.
        searched: The number of results searched so far, while a search runs.
    """
    if not progress.rows_here:
        if progress.error:
            again = "Press r to try now." if progress.is_final else "Retrying."
            return f"No results here yet. {progress.error} {again}"
        return "No results" if progress.state is State.COMPLETE else "Opening the results…"
    if not is_filtered:
        return "No results"
    if searched is not None:
        total = max(progress.rows_expected or 0, progress.rows_here)
        return f"Searching… {count(searched)} of {plural(total, 'result', 'results')}"
    here = "" if progress.state is State.COMPLETE else f" in the {count(progress.rows_here)} results here"
    return f"No matches{here}. Press / to change, esc to clear."
