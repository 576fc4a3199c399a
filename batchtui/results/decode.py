"""From the bytes of one line to its row in the index.

Well-formed lines go through typed msgspec decoding, which passes over the texts and is several times
as fast as `json`; all others through a tolerant reader that fills the same shapes, so that both ways
agree. Source of the shapes: public API reference, Message Batches results.
"""

from __future__ import annotations

import json
import re
from typing import Annotated, Any

import msgspec

from batchtui.cost import Tokens as Billed
from batchtui.results import loose
from batchtui.results.row import OUTCOMES, Flag, ResultRow
from batchtui.text import replace_surrogates

MESSAGE_CHARS = 1000
BILLED_ITERATIONS = ("compaction", "advisor_message")
"""Model calls within a request whose tokens the top-level usage does not have; the advisor is another model.
Source: public guides, Compaction and Advisor tool."""
NAME_CHARS = 256

Name = Annotated[str, msgspec.Meta(max_length=NAME_CHARS)]
Tokens = Annotated[int, msgspec.Meta(ge=0, le=2**53)]


class _CacheCreation(msgspec.Struct, gc=False):
    ephemeral_1h_input_tokens: Tokens | None = 0


class _ServerTools(msgspec.Struct, gc=False):
    web_search_requests: Tokens | None = 0


class _Counts(msgspec.Struct, gc=False):
    input_tokens: Tokens | None = 0
    output_tokens: Tokens | None = 0
    cache_creation_input_tokens: Tokens | None = 0
    cache_read_input_tokens: Tokens | None = 0
    cache_creation: _CacheCreation | None = None


class _Iteration(_Counts, gc=False):
    type: Name | None = ""
    model: Name | None = ""


class _Usage(_Counts, gc=False):
    server_tool_use: _ServerTools | None = None
    inference_geo: Name | None = ""
    iterations: list[_Iteration] | None = None


class _Message(msgspec.Struct, gc=False):
    model: Name | None = ""
    stop_reason: Name | None = ""
    usage: _Usage | None = None


class _Error(msgspec.Struct, gc=False):
    type: Name | None = ""
    message: str | None = ""
    error: _Error | None = None


class _Result(msgspec.Struct, gc=False):
    type: Name | None = ""
    message: _Message | None = None
    error: _Error | None = None


class _Line(msgspec.Struct, gc=False):
    custom_id: Name | None = ""
    result: _Result | None = None


_decode = msgspec.json.Decoder(_Line).decode
_decode_any = msgspec.json.Decoder().decode
LOOSE_BYTES = 8 * 1024 * 1024
"""The tolerant reader takes several times a line's length in memory: a longer one is not given to it."""
BEGINNING_BYTES = 4096
_BEGINNING = re.compile(
    rb'\s*\{\s*"custom_id"\s*:\s*"([A-Za-z0-9_-]{1,64})"\s*,\s*"result"\s*:\s*\{\s*"type"\s*:\s*"([a-z]{1,20})"'
)
_NO_MESSAGE, _NO_USAGE, _NO_ERROR = _Message(), _Usage(), _Error()


def decode_line(n: int, offset: int, line: bytes | memoryview) -> ResultRow:
    """The row of one line, whatever is in it.

    Args:
        n: Which result it is, from 0.
        offset: Where the line starts in the file, in bytes.
        line: Its bytes, without the newline.
    """
    try:
        return _row(n, offset, len(line), _decode(line), None)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        if len(line) > LOOSE_BYTES:
            return decode_beginning(n, offset, len(line), bytes(line[:BEGINNING_BYTES]))
        return _decode_loosely(n, offset, bytes(line))


def _row(n: int, offset: int, length: int, line: _Line, flag: Flag | None) -> ResultRow:
    result = line.result
    if result is None:
        flag = Flag.UNKNOWN_OUTCOME if line.custom_id else Flag.NO_CUSTOM_ID
        return ResultRow(n, offset, length, line.custom_id or "", flag=flag)
    message, error = result.message, _NO_ERROR
    if message is None or not line.custom_id or result.type != "succeeded":
        flag = _oddity(line, result) or flag
        # The error is nested in an envelope on the wire; flat ones were seen in older documents.
        error = (result.error and result.error.error) or result.error or _NO_ERROR
        message = message or _NO_MESSAGE
    usage = message.usage or _NO_USAGE
    return ResultRow(
        n,
        offset,
        length,
        line.custom_id or "",
        result.type or "",
        error.type or "",
        _cut(error.message or ""),
        message.model or "",
        message.stop_reason or "",
        usage.input_tokens or 0,
        usage.cache_creation_input_tokens or 0,
        (usage.cache_creation.ephemeral_1h_input_tokens or 0) if usage.cache_creation else 0,
        usage.cache_read_input_tokens or 0,
        usage.output_tokens or 0,
        (usage.server_tool_use.web_search_requests or 0) if usage.server_tool_use else 0,
        flag,
        usage.inference_geo or "",
        _more_usage(message.model or "", usage.iterations) if usage.iterations else "",
    )


def _more_usage(model: str, iterations: list[_Iteration]) -> str:
    more = [(each.model or model, *_tokens_of(each)) for each in iterations if each.type in BILLED_ITERATIONS]
    return json.dumps(more, ensure_ascii=False) if more else ""


def _tokens_of(counts: _Counts) -> Billed:
    written = counts.cache_creation_input_tokens or 0
    for_an_hour = (counts.cache_creation.ephemeral_1h_input_tokens or 0) if counts.cache_creation else 0
    return Billed(
        input=counts.input_tokens or 0,
        output=counts.output_tokens or 0,
        cache_write_5m=max(written - for_an_hour, 0),
        cache_write_1h=for_an_hour,
        cache_read=counts.cache_read_input_tokens or 0,
    )


def _cut(message: str) -> str:
    """A message for the index; one that is cut ends in an ellipsis."""
    return message if len(message) <= MESSAGE_CHARS else message[: MESSAGE_CHARS - 1] + "…"


def decode_beginning(n: int, offset: int, length: int, beginning: bytes) -> ResultRow:
    """The row of a line too long to be read: what it answers and how that ended, if it begins so."""
    found = _BEGINNING.match(beginning)
    custom_id, outcome = (part.decode("ascii") for part in found.groups()) if found else ("", "")
    return ResultRow(n, offset, length, custom_id, outcome, flag=Flag.TOO_LONG)


def _oddity(line: _Line, result: _Result) -> Flag | None:
    if not line.custom_id:
        return Flag.NO_CUSTOM_ID
    if result.type not in OUTCOMES:
        return Flag.UNKNOWN_OUTCOME
    if result.type == "succeeded" and result.message is None:
        return Flag.NO_MESSAGE
    return None


def _decode_loosely(n: int, offset: int, line: bytes) -> ResultRow:
    try:
        value = loose.loads(line)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        return ResultRow(n, offset, len(line), flag=Flag.NOT_JSON)
    return _row(n, offset, len(line), _loose_line(value), None if is_strict(line) else Flag.LOOSE_JSON)


def is_strict(line: bytes) -> bool:
    """Whether a line is JSON by the letter, a byte order mark apart."""
    try:
        _decode_any(line.removeprefix(b"\xef\xbb\xbf"))
    except msgspec.ValidationError:
        return True  # a number too large for a machine word is still JSON
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    return True


def _loose_line(value: dict[str, Any]) -> _Line:
    result = value.get("result")
    if not isinstance(result, dict):
        return _Line(_text(value.get("custom_id")))
    message = result.get("message")
    return _Line(
        _text(value.get("custom_id")),
        _Result(
            _text(result.get("type")),
            _loose_message(message) if isinstance(message, dict) else None,
            _loose_error(result.get("error")),
        ),
    )


def _loose_message(value: dict[str, Any]) -> _Message:
    usage = loose.as_object(value.get("usage"))
    server_tools = loose.as_object(usage.get("server_tool_use"))
    return _Message(
        _text(value.get("model")),
        _text(value.get("stop_reason")),
        _Usage(
            *_loose_counts(usage),
            _ServerTools(_tokens(server_tools.get("web_search_requests"))),
            _text(usage.get("inference_geo")),
            _loose_iterations(usage.get("iterations")),
        ),
    )


def _loose_iterations(value: object) -> list[_Iteration]:
    entries = [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []
    return [
        _Iteration(*_loose_counts(entry), _text(entry.get("type")), _text(entry.get("model")))
        for entry in entries
    ]


def _loose_counts(value: dict[str, Any]) -> tuple[int, int, int, int, _CacheCreation]:
    cache_creation = loose.as_object(value.get("cache_creation"))
    return (
        _tokens(value.get("input_tokens")),
        _tokens(value.get("output_tokens")),
        _tokens(value.get("cache_creation_input_tokens")),
        _tokens(value.get("cache_read_input_tokens")),
        _CacheCreation(_tokens(cache_creation.get("ephemeral_1h_input_tokens"))),
    )


def _loose_error(value: object, depth: int = 0) -> _Error | None:
    if isinstance(value, str):
        return _Error(message=_text(value, MESSAGE_CHARS + 1))
    if not isinstance(value, dict):
        return None
    inner = _loose_error(value.get("error"), depth + 1) if depth == 0 else None
    return _Error(_text(value.get("type")), _text(value.get("message"), MESSAGE_CHARS + 1), inner)


def _tokens(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 2**53:
        return value
    return 0


def _text(value: object, longest: int = NAME_CHARS) -> str:
    """The value if it is a text, cut, and without lone surrogates, which SQLite cannot store."""
    return replace_surrogates(value[:longest]) if isinstance(value, str) else ""
