"""One result for reading: its reply block by block, its error, its usage. Knows nothing of screens."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

import msgspec

from batchtui.results import loose
from batchtui.results.blocks import Block, read_block
from batchtui.results.errors import Advice, advice
from batchtui.results.loose import as_object, as_text

PREVIEW_CHARS = 160


@dataclass(frozen=True, slots=True)
class ResultError:
    """Why there is no reply.

    Attributes:
        type: Such as `invalid_request_error`.
        message: The API's words.
        request_id: What support asks for; empty where it was not sent.
        advice: What to do.
    """

    type: str
    message: str
    request_id: str
    advice: Advice


@dataclass(frozen=True, slots=True)
class OpenedResult:
    """A result line, taken apart. Texts are raw: clean them to show them.

    Attributes:
        custom_id: The request that it answers.
        outcome: As sent; empty if the line is not a result.
        blocks: The reply, in order.
        error: What failed; None for `succeeded`.
        model: The model that answered.
        stop_reason: Why it stopped.
        stop_note: More about that: the stop sequence, or why it was refused.
        usage: The usage object as sent.
        value: The whole line as JSON value; None where it is not JSON.
    """

    custom_id: str = ""
    outcome: str = ""
    blocks: tuple[Block, ...] = ()
    error: ResultError | None = None
    model: str = ""
    stop_reason: str = ""
    stop_note: str = ""
    usage: dict[str, Any] = field(default_factory=dict)
    value: Any = None

    @property
    def reply(self) -> str:
        """What it says, without thinking and tools, as for copying.

        Adjacent text blocks are one text, which citations divide; a blank line stands for what is between
        any others.
        """
        texts = (block.text for block in self.sections if block.type == "text")
        return "\n\n".join(filter(None, texts))

    @property
    def sections(self) -> Iterator[Block]:
        """The blocks in order, with adjacent text blocks joined into one."""
        for is_text, run in groupby(self.blocks, key=lambda block: block.type == "text"):
            if is_text:
                yield Block("text", text="".join(block.text for block in run))
            else:
                yield from run

    @property
    def texts(self) -> Iterator[tuple[str, str]]:
        """All that a person sees of it, each with the name of the place where it stands."""
        yield "custom_id", self.custom_id
        if self.error:
            yield "error", f"{self.error.type}\n{self.error.message}\n{self.error.request_id}"
        for block in self.blocks:
            yield block.type, f"{block.title}\n{block.text}" if block.title else block.text
            for citation in block.citations:
                yield "citation", f"{citation.title}\n{citation.url}\n{citation.quote}"


def open_result(line: bytes) -> OpenedResult:
    """Takes a line apart, whatever is in it: a line that is no JSON object becomes one plain block."""
    try:
        value = loose.loads(line)
    except ValueError:
        return OpenedResult(blocks=(Block("not JSON", text=line.decode("utf-8", "replace")),))
    fields = as_object(value)
    result = as_object(fields.get("result"))
    outcome = as_text(result.get("type"))
    message = as_object(result.get("message"))
    content = message.get("content")
    if isinstance(content, str):
        content = [{"type": "text", "text": content}]
    return OpenedResult(
        custom_id=as_text(fields.get("custom_id")),
        outcome=outcome,
        blocks=tuple(map(read_block, content)) if isinstance(content, list) else (),
        error=None if outcome == "succeeded" else _error(outcome, result.get("error")),
        model=as_text(message.get("model")),
        stop_reason=as_text(message.get("stop_reason")),
        stop_note=_stop_note(message),
        usage=as_object(message.get("usage")),
        value=value,
    )


def _error(outcome: str, sent: object) -> ResultError:
    if isinstance(sent, str):
        return ResultError("", sent, "", advice(outcome, "", sent))
    envelope = as_object(sent)
    inner = envelope.get("error")
    if isinstance(inner, str):
        inner = {"message": inner}
    # The error is nested in an envelope on the wire; flat ones were seen in older documents.
    error = inner if isinstance(inner, dict) else envelope
    kind = as_text(error.get("type"))
    request_id = as_text(envelope.get("request_id")) or as_text(error.get("request_id"))
    message = as_text(error.get("message"))
    return ResultError(kind, message, request_id, advice(outcome, kind, message))


def _stop_note(message: dict[str, Any]) -> str:
    details = as_object(message.get("stop_details"))
    said = (as_text(details.get(name)) for name in ("category", "explanation"))
    return ": ".join(filter(None, said)) or as_text(message.get("stop_sequence"))


class _Block(msgspec.Struct, gc=False):
    type: str | None = ""
    name: str | None = ""
    text: str | None = ""


class _Message(msgspec.Struct, gc=False):
    content: list[_Block] | None = None


class _Result(msgspec.Struct, gc=False):
    message: _Message | None = None


class _Line(msgspec.Struct, gc=False):
    result: _Result | None = None


_decode = msgspec.json.Decoder(_Line).decode


def preview(line: bytes) -> str:
    """The beginning of the first text of a reply; without one, what kinds of blocks there are.

    Takes a few microseconds for a line of common length.
    """
    try:
        result = _decode(line).result
        blocks = (result and result.message and result.message.content) or []
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        blocks = [_Block(b.type, b.title, b.text) for b in open_result(line).blocks]
    for block in blocks:
        start = (block.text or "")[:PREVIEW_CHARS].strip()
        if start:
            return start
    names = (" ".join(filter(None, (block.type, block.name))) for block in blocks)
    return ", ".join(names)[:PREVIEW_CHARS]
