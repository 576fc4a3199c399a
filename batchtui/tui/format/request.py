"""A request in words: what was asked, for reading beside the reply."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from textual.content import Content

from batchtui.text import clean_text, count
from batchtui.tui.format.cells import Cell
from batchtui.tui.format.result import CUT_BYTES, plain_parts
from batchtui.tui.format.styled import Part, content_of

TOLD = ("model", "max_tokens", "system", "messages")
"""Parameters that are shown in words; the others as JSON."""
MESSAGES_FIRST, MESSAGES_MOST = 20, 1000


def request_parts(raw: bytes | None, *, whole: bool) -> Iterator[Part]:
    """One request as it was sent.

    Args:
        raw: Its line; None if there is none for the result.
        whole: Show long texts to their end.
    """
    params = _params(raw) if raw else None
    if params is None:
        words = "The requests that are kept here have none of this custom_id." if raw is None else ""
        yield content_of(
            [Cell(words or "This request cannot be taken apart; here it is as it was sent.", "muted")]
        )
        yield from plain_parts((raw or b"")[: None if whole else CUT_BYTES].decode("utf-8", "replace"), whole)
        return
    tokens = params.get("max_tokens")
    most = f"  at most {count(tokens)} tokens out" if isinstance(tokens, int) else ""
    yield content_of([Cell(str(params.get("model", ""))), Cell(most, "muted")])
    if "system" in params:
        yield from _spoken("system", params["system"], whole)
    messages = params.get("messages")
    for number, message in enumerate(messages if isinstance(messages, list) else [messages]):
        if number >= (MESSAGES_MOST if whole else MESSAGES_FIRST):
            yield content_of([Cell("… more messages: press a to see all", "accent")])
            break
        said = message if isinstance(message, dict) else {"content": message}
        yield from _spoken(str(said.get("role", "message")), said.get("content"), whole)
    yield from _others({name: value for name, value in params.items() if name not in TOLD}, whole)


def _params(raw: bytes) -> dict[str, Any] | None:
    try:
        request = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    params = request.get("params") if isinstance(request, dict) else None
    return params if isinstance(params, dict) else None


def _spoken(role: str, content: object, whole: bool) -> Iterator[Part]:
    """What one side says: its text, and everything else by its name."""
    yield Content("")
    yield content_of([Cell(f"▏ {role}", "accent")])
    blocks = content if isinstance(content, list) else [content]
    for block in blocks:
        text = block.get("text") if isinstance(block, dict) else block
        if isinstance(text, str):
            yield from plain_parts(text, whole)
        else:
            yield from plain_parts(_json(block), whole)


def _others(params: dict[str, Any], whole: bool) -> Iterator[Part]:
    for name, value in params.items():
        yield Content("")
        yield content_of([Cell(f"▏ {name}", "accent")])
        yield from plain_parts(value if isinstance(value, str) else _json(value), whole)


def _json(value: object) -> str:
    return clean_text(json.dumps(value, ensure_ascii=False, indent=2))
