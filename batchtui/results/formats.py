"""Formats that results are exported in: each a generator of bytes.

JSON lines and JSON are for programs and keep what the server sent. CSV and Markdown are for people: they are
as safe to look at as the screens, and what a reply says stays in its own cell or section.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterable, Iterator
from enum import StrEnum

import msgspec

from batchtui.results import loose
from batchtui.results.message import OpenedResult, open_result
from batchtui.results.row import Flag, ResultRow
from batchtui.text import clean_line, clean_text, replace_surrogates

Lines = Iterable[tuple[ResultRow, bytes]]
"""Results, each with its line as it came."""


class Format(StrEnum):
    """In which form to write results."""

    JSONL = "jsonl"
    """The lines, byte for byte."""
    CSV = "csv"
    """A table for spreadsheets, one result a row."""
    JSON = "json"
    """One array of objects, all with the fields of `JSON_FIELDS`."""
    MARKDOWN = "md"
    """For people to read: one section for each result."""


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
JSON_FIELDS = ("custom_id", "result", "flag", "line")
"""The fields of each object in a JSON array:

- `custom_id`: a string, empty where the line has none.
- `result`: the object that the server sent, or null where the line has none.
- `flag`: what is malformed about the line, or null; see `Flag`.
- `line`: null, or the whole line as a string where `custom_id` and `result` do not hold all of it as sent.
"""

_FORMULA = re.compile(r"\s*[=+\-@＝＋－＠]")
_NUMBER = re.compile(r"[+-]?\.?[0-9][0-9.,]*(?:[eE][+-]?[0-9]+)?%?")
_LEGAL_ID = re.compile(r"[A-Za-z0-9_-]+")
"""Without brackets, quotes, or other operators it may be computed, but it calls nothing."""
_MARKUP = re.compile(r"[\\`*\[\]<>&#!~|${}]|(?<![^\W_])_|_(?![^\W_])")
"""Characters that Markdown could take for markup. Within a word an underscore is plain text."""


def _jsonl(lines: Lines) -> Iterator[bytes]:
    for _, line in lines:
        yield line + b"\n"


# CSV


def _csv(lines: Lines) -> Iterator[bytes]:
    yield _csv_row([*CSV_COLUMNS, "reply"])
    for row, line in lines:
        result = open_result(line)
        texts = _texts(row, result)
        custom_id, *cells = (texts.get(column, getattr(row, column)) for column in CSV_COLUMNS)
        yield _csv_row([_id_cell(custom_id), *map(_cell, (*cells, result.reply))])


def _csv_row(cells: list[object]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerow(cells)
    return text.getvalue().encode()


def _id_cell(custom_id: str) -> object:
    """A custom_id; legal ones stay as they are, since other programs look them up."""
    return custom_id if _LEGAL_ID.fullmatch(custom_id) else _cell(custom_id)


def _cell(value: object) -> object:
    """Text without control characters, and with an apostrophe where a spreadsheet would run it."""
    if not isinstance(value, str):
        return value
    text = clean_text(value)
    is_formula = _FORMULA.match(text) and not _NUMBER.fullmatch(text.strip())
    return "'" + text if is_formula else text


def _texts(row: ResultRow, result: OpenedResult) -> dict[str, str]:
    """The texts of a result by their columns, whole: the index cuts those that are very long."""
    error = result.error
    return {
        "custom_id": result.custom_id or row.custom_id,
        "outcome": result.outcome or row.outcome,
        "error_type": (error.type if error else "") or row.error_type,
        "error_message": (error.message if error else "") or row.error_message,
        "model": result.model or row.model,
        "stop_reason": result.stop_reason or row.stop_reason,
    }


# JSON


class _ExactLine(msgspec.Struct, forbid_unknown_fields=True):
    """A line that is nothing but a custom_id and a result."""

    custom_id: str
    result: msgspec.Raw


_decode_exactly = msgspec.json.Decoder(_ExactLine).decode


def _json(lines: Lines) -> Iterator[bytes]:
    separator = b"[\n"
    for row, line in lines:
        yield separator + _json_object(row, line)
        separator = b",\n"
    yield b"[]\n" if separator == b"[\n" else b"\n]\n"


def _json_object(row: ResultRow, line: bytes) -> bytes:
    try:
        exact = _decode_exactly(line.decode("utf-8-sig"))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        exact = None
    if exact and (result := bytes(exact.result)).startswith(b"{"):
        values = _dumps(exact.custom_id), result, _dumps(row.flag), b"null"
    else:
        custom_id, value = _read_loosely(row, line)
        values = _dumps(custom_id), _dumps(value), _dumps(row.flag), _dumps(line.decode("utf-8", "replace"))
    fields = (b'"%b": %b' % (name.encode(), value) for name, value in zip(JSON_FIELDS, values, strict=True))
    return b"{" + b", ".join(fields) + b"}"


def _read_loosely(row: ResultRow, line: bytes) -> tuple[str, object]:
    """What can be read of a line that is not exactly a custom_id and a result."""
    fields = {}
    if row.flag not in (Flag.NOT_JSON, Flag.TOO_LONG):
        fields = loose.as_object(loose.loads(line))
    result = fields.get("result")
    if not isinstance(result, dict):
        return row.custom_id, None
    # Python's NaN and infinity are not JSON.
    text = replace_surrogates(json.dumps(result, ensure_ascii=False))
    return row.custom_id, json.loads(text, parse_constant=lambda _: None)


def _dumps(value: object) -> bytes:
    return json.dumps(value).encode()


# Markdown


def _markdown(lines: Lines) -> Iterator[bytes]:
    for row, line in lines:
        parts = _markdown_parts(row, open_result(line))
        yield ("\n\n".join(filter(None, parts)) + "\n\n").encode()


def _markdown_parts(row: ResultRow, result: OpenedResult) -> Iterator[str]:
    """A section. Only its heading and facts are Markdown; each text of others is one indented code block.

    A text cannot leave an indented block, whatever fences, headings, HTML or link definitions it holds, and
    no line of it begins like a heading, for those who read or search the file as text.
    """
    texts = _texts(row, result)
    yield f"## {_escaped(texts['custom_id']) or f'(line {row.n + 1})'}"
    facts = [*map(_escaped, (texts["outcome"], texts["model"], texts["stop_reason"])), row.flag]
    if row.output_tokens:
        facts.append(f"{row.all_input_tokens:,} tokens in, {row.output_tokens:,} out")
    yield f"*{' · '.join(filter(None, facts))}*"
    if result.error:
        kind = _escaped(texts["error_type"])
        yield f"> **{kind}**: {result.error.advice}" if kind else f"> {result.error.advice}"
        yield _indented(texts["error_message"])
    sections = [block for block in result.sections if block.type != "text" or block.text.strip()]
    for block in sections:
        if block.type != "text" or len(sections) > 1:
            yield f"**{_escaped(f'{block.type} {block.title}') or '?'}**"
        yield _indented(block.text)


def _escaped(text: str) -> str:
    """Text of others on one line that Markdown shows as it is."""
    return _MARKUP.sub(r"\\\g<0>", clean_line(text).strip())


def _indented(text: str) -> str:
    lines = clean_text(text).split("\n")
    return "\n".join(f"    {line}" if line.strip() else "" for line in lines).strip("\n")


WRITERS: dict[Format, Callable[[Lines], Iterator[bytes]]] = {
    Format.JSONL: _jsonl,
    Format.CSV: _csv,
    Format.JSON: _json,
    Format.MARKDOWN: _markdown,
}
