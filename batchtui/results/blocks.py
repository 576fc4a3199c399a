"""The content blocks of a reply, each as a title and a text. Source: public API reference, Messages."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from batchtui.results.loose import as_object, as_text


@dataclass(frozen=True, slots=True)
class Citation:
    """What a text refers to.

    Attributes:
        title: The document or page.
        url: Its address, where it has one.
        quote: The words that are cited.
    """

    title: str
    url: str
    quote: str


@dataclass(frozen=True, slots=True)
class Block:
    """A part of a reply. Texts are raw: clean them to show them.

    Attributes:
        type: As sent, such as `text`, `thinking`, `tool_use`, `web_search_tool_result`; an open set.
        title: The name of the tool, or what else it is about; may be empty.
        text: What it says.
        language: `markdown`, `json`, `python`, `bash`, or empty for plain text.
        citations: What the text refers to.
        is_error: Whether it tells of a failure.
    """

    type: str
    title: str = ""
    text: str = ""
    language: str = ""
    citations: tuple[Citation, ...] = ()
    is_error: bool = False


def read_block(value: object) -> Block:
    """One content block, whatever it is; of a type that we do not know all fields are shown."""
    fields = as_object(value)
    kind = as_text(fields.get("type"))
    if kind == "text":
        return Block(kind, "", as_text(fields.get("text")), "markdown", tuple(_citations(fields)))
    if kind == "thinking":
        return Block(kind, "", as_text(fields.get("thinking")), "markdown")
    if kind == "redacted_thinking":
        return Block(kind, "encrypted, not readable")
    if kind.endswith("tool_use"):
        return _call(kind, fields)
    if kind.endswith("tool_result"):
        return _result(kind, fields.get("content"), is_error=fields.get("is_error") is True)
    if kind in ("image", "container_upload"):
        return Block(kind, "\n".join(_lines(fields)))
    return Block(kind or "unknown", "", _json(value), "json")


def _call(kind: str, fields: dict[str, Any]) -> Block:
    server = as_text(fields.get("server_name"))
    name = as_text(fields.get("name"))
    title = f"{server}: {name}" if server else name
    given = fields.get("input")
    for key, language in (("code", "python"), ("command", "bash")):
        if isinstance(given, dict) and given.keys() == {key} and isinstance(given[key], str):
            return Block(kind, title, given[key], language)
    return Block(kind, title, _json(given), "json")


def _result(kind: str, content: object, *, is_error: bool) -> Block:
    parts = content if isinstance(content, list) else [content]
    failed = any(as_text(as_object(part).get("error_code")) for part in parts)
    text = "\n".join(line for part in parts for line in _lines(part))
    return Block(kind, "", text, is_error=is_error or failed)


def _lines(part: object) -> Iterator[str]:
    """What a part of a tool's result says."""
    if part is None or isinstance(part, str):
        yield part or ""
        return
    fields = as_object(part)
    said = [name for name in _SAID if isinstance(fields.get(name), str) and fields[name]]
    yield from (fields[name] for name in said)
    if fields.get("return_code"):
        yield f"return code {fields['return_code']}"
    inner = fields.get("content")
    if isinstance(inner, dict | list | str) and inner:
        for each in inner if isinstance(inner, list) else [inner]:
            yield from _lines(each)
    elif isinstance(fields.get("source"), dict):
        yield _source(as_text(fields.get("type")), fields["source"])
    elif not said:
        yield _json(part)


def _source(kind: str, source: dict[str, Any]) -> str:
    """A document's text; of an image, or of what else is not text, only what it is."""
    data, media_type = as_text(source.get("data")), as_text(source.get("media_type"))
    if as_text(source.get("type")) == "text":
        return data
    where = as_text(source.get("url")) or as_text(source.get("file_id"))
    return ", ".join(filter(None, (kind, media_type, where or f"{len(data) * 3 // 4:,} bytes")))


_SAID = ("title", "url", "text", "stdout", "stderr", "error_code", "error_message", "file_id", "tool_name")
"""Fields that a person wants to read, of all types of results."""


def _citations(fields: dict[str, Any]) -> Iterator[Citation]:
    sent = fields.get("citations")
    for each in sent if isinstance(sent, list) else []:
        citation = as_object(each)
        title = as_text(citation.get("title")) or as_text(citation.get("document_title"))
        url = as_text(citation.get("url")) or as_text(citation.get("source"))
        yield Citation(title, url, as_text(citation.get("cited_text")))


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)
