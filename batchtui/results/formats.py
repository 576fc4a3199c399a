"""The forms in which results leave: each a generator of bytes over results."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterable, Iterator
from enum import StrEnum

from batchtui.results.blocks import Block
from batchtui.results.decode import is_strict
from batchtui.results.loose import without_surrogates
from batchtui.results.message import OpenedResult, open_result
from batchtui.results.row import ResultRow

Lines = Iterable[tuple[ResultRow, bytes]]
"""Results, each with its line as it came."""


class Format(StrEnum):
    """In which form to write results."""

    JSONL = "jsonl"
    """The lines, byte for byte."""
    CSV = "csv"
    """A table for spreadsheets, one result a row."""
    JSON = "json"
    """One array."""
    MARKDOWN = "md"
    """For people to read."""


CSV_COLUMNS = (
    "custom_id",
    "outcome",
    "error_type",
    "error_message",
    "model",
    "stop_reason",
    "input_tokens",
    "cache_write_tokens",
    "cache_read_tokens",
    "output_tokens",
    "flag",
)
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")


def _jsonl(lines: Lines) -> Iterator[bytes]:
    for _, line in lines:
        yield line + b"\n"


def _csv(lines: Lines) -> Iterator[bytes]:
    yield _csv_line([*CSV_COLUMNS, "reply"])
    for row, line in lines:
        cells: list[object] = [getattr(row, column) for column in CSV_COLUMNS]
        yield _csv_line([*cells, open_result(line).reply])


def _csv_line(cells: list[object]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerow([_harmless(cell) if isinstance(cell, str) else cell for cell in cells])
    return text.getvalue().encode()


def _harmless(cell: str) -> str:
    """The cell so that no spreadsheet takes it for a formula."""
    return without_surrogates("'" + cell if cell.startswith(_FORMULA_STARTS) else cell)


def _json(lines: Lines) -> Iterator[bytes]:
    separator = b"[\n"
    for row, line in lines:
        yield separator + _json_value(row, line)
        separator = b",\n"
    yield b"[]\n" if separator == b"[\n" else b"\n]\n"


def _json_value(row: ResultRow, line: bytes) -> bytes:
    text = line.decode("utf-8-sig", "replace")
    if row.flag is None or is_strict(line):
        return text.encode()
    return json.dumps({"custom_id": row.custom_id, "flag": row.flag, "line": text}).encode()


def _markdown(lines: Lines) -> Iterator[bytes]:
    for row, line in lines:
        parts = _markdown_parts(row, open_result(line))
        yield without_surrogates("\n\n".join(filter(None, parts)) + "\n\n").encode()


def _markdown_parts(row: ResultRow, result: OpenedResult) -> Iterator[str]:
    yield f"## {_one_line(row.custom_id) or f'(line {row.n + 1})'}"
    facts = [row.outcome, row.model, row.stop_reason, row.flag]
    if row.output_tokens:
        facts.append(f"{row.all_input_tokens:,} tokens in, {row.output_tokens:,} out")
    yield f"*{_one_line(' · '.join(filter(None, facts)))}*"
    if result.error:
        said = _one_line(f"{result.error.type} {result.error.message}")
        yield f"> {said} ({result.error.advice})".replace(">  (", "> (")
    for block in result.blocks:
        if block.type == "text":
            yield block.text
        else:
            yield f"**{_one_line(f'{block.type} {block.title}')}**"
            yield _fenced(block)


def _fenced(block: Block) -> str:
    if not block.text:
        return ""
    longest = max(map(len, re.findall("`+", block.text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{block.language}\n{block.text}\n{fence}"


def _one_line(text: str) -> str:
    return " ".join(text.split())


WRITERS: dict[Format, Callable[[Lines], Iterator[bytes]]] = {
    Format.JSONL: _jsonl,
    Format.CSV: _csv,
    Format.JSON: _json,
    Format.MARKDOWN: _markdown,
}
