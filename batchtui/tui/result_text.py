"""A result in words and signs: what the list and the text pane show of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from textual.content import Content

from batchtui.results import OpenedResult, ResultRow
from batchtui.results.blocks import Block, Citation
from batchtui.text import clean_line, clean_text, count, size
from batchtui.tui.markdown import markdown
from batchtui.tui.widgets.cells import Cell, Tone, content_of
from batchtui.tui.widgets.document import Part

CUT_CHARS = 20_000
"""So much of a text is shown at first: it opens at once however long it is."""

_SIGNS: dict[str, tuple[str, Tone]] = {
    "succeeded": ("✓", "success"),
    "errored": ("✗", "error"),
    "canceled": ("○", "muted"),
    "expired": ("◌", "warning"),
}


def outcome_of(row: ResultRow) -> tuple[str, str, Tone]:
    """Sign, words and tone for how a request ended."""
    sign, tone = _SIGNS.get(row.outcome, ("?", "warning"))
    if row.flag and row.outcome not in _SIGNS:
        return sign, row.flag, tone
    if row.outcome == "succeeded":
        return sign, row.stop_reason or row.outcome, tone
    return sign, row.error_type.removesuffix("_error") or row.outcome, tone


def reply_parts(row: ResultRow, opened: OpenedResult, *, whole: bool) -> Iterator[Part]:
    """The reply, block by block, or why there is none.

    Args:
        row: What the index knows of it.
        opened: The result, taken apart.
        whole: Show long texts to their end.
    """
    yield from _facts(row, opened)
    if opened.error:
        yield from _error_parts(opened)
    for block in opened.blocks:
        yield Content("")
        yield from _block_parts(block, whole)


def json_parts(raw: bytes, opened: OpenedResult, *, whole: bool) -> Iterator[Part]:
    """The line as indented JSON; as it came where it is not JSON."""
    value: Any = opened.value
    text = (
        raw.decode("utf-8", "replace") if value is None else json.dumps(value, indent=2, ensure_ascii=False)
    )
    yield from _plain(text, whole)


def usage_parts(opened: OpenedResult) -> Iterator[Part]:
    """The tokens of a reply."""
    if not opened.usage:
        yield content_of([Cell("No usage: this request was not billed.", "muted")])
    for name, value in _flat(opened.usage):
        shown = count(value) if isinstance(value, int) and not isinstance(value, bool) else str(value)
        yield content_of([Cell(f"{name:<38}", "muted"), Cell(f"{shown:>10}")])


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


def _error_parts(opened: OpenedResult) -> Iterator[Part]:
    if opened.error is None:
        return
    if opened.error.message:
        yield Content("")
        yield Content(clean_text(opened.error.message))
    yield Content("")
    if opened.error.request_id:
        yield content_of([Cell("request id  ", "muted"), Cell(opened.error.request_id)])
    yield content_of([Cell("what to do  ", "muted"), Cell(opened.error.advice)])


def _block_parts(block: Block, whole: bool) -> Iterator[Part]:
    if block.type != "text":
        title = f"{block.type.replace('_', ' ')}  {block.title}".rstrip()
        yield content_of([Cell(f"▏ {title}", "error" if block.is_error else "accent")])
    if block.language == "markdown" and len(block.text) <= CUT_CHARS:
        yield markdown(block.text)
    else:
        yield from _plain(block.text, whole)
    for number, citation in enumerate(block.citations, 1):
        yield from _citation_parts(number, citation)


def _citation_parts(number: int, citation: Citation) -> Iterator[Part]:
    yield content_of([Cell(f"[{number}] {citation.title}", "muted"), Cell(f"  {citation.url}", "muted")])
    if citation.quote:
        yield content_of([Cell(f"    “{clean_line(citation.quote)}”", "muted")])


def _plain(text: str, whole: bool) -> Iterator[Part]:
    """Text as it is, cut visibly where it is long."""
    shown = text if whole else text[:CUT_CHARS]
    if shown:
        yield Content(clean_text(shown))
    if len(text) > len(shown):
        left = size(len(text.encode("utf-8", "replace")) - len(shown.encode("utf-8", "replace")))
        yield content_of([Cell(f"… {left} more: press a to see all", "accent")])
