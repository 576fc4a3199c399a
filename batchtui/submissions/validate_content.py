"""Validates messages, content blocks and tools. Source of the rules: public API reference, Messages.

Only what the API is known to reject is an error: unknown types and keys may be new.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from batchtui.text import shorten

ROLES = ("user", "assistant", "system")
OPENAI_BLOCKS = {
    "image_url": 'use {"type": "image", "source": …}',
    "input_image": 'use {"type": "image", "source": …}',
    "input_text": 'use {"type": "text", "text": …}',
}
"""Block types of another API, and what to use instead."""
REQUIRED: dict[str, tuple[tuple[str, type, str], ...]] = {
    "text": (("text", str, "a string"),),
    "image": (("source", dict, "an object"),),
    "document": (("source", dict, "an object"),),
    "tool_use": (("id", str, "a string"), ("name", str, "a string"), ("input", dict, "an object")),
    "tool_result": (("tool_use_id", str, "a string"),),
}
"""Required keys by block type: the key, its type, and the type in words."""
SHOWN_CHARS = 40


def quoted(name: str) -> str:
    """Return a name from outside for an error message."""
    return json.dumps(shorten(name, SHOWN_CHARS), ensure_ascii=False)


def message_errors(messages: list[Any]) -> Iterator[str]:
    """Return the errors of messages."""
    last = len(messages) - 1
    for number, message in enumerate(messages):
        where = f"params.messages[{number}]"
        if not isinstance(message, dict):
            yield f'{where} is not an object; a message is {{"role": …, "content": …}}'
            continue
        role, content = message.get("role"), message.get("content")
        if role not in ROLES:
            yield f"{where}.role must be {', '.join(ROLES[:-1])} or {ROLES[-1]}"
        if isinstance(content, str | list) and (content or (role == "assistant" and number == last)):
            yield from content_errors(content, f"{where}.content")
        elif not content:
            yield f"{where} has no content; add some, or remove the message"
        else:
            yield f"{where}.content must be a string or a list of blocks"


def content_errors(content: str | list[Any], where: str) -> Iterator[str]:
    """Return the errors of content blocks."""
    if isinstance(content, str):
        return
    for number, block in enumerate(content):
        yield from _block_errors(block, f"{where}[{number}]")


def _block_errors(block: object, where: str) -> Iterator[str]:
    if not isinstance(block, dict):
        yield f'{where} is not an object; a text block is {{"type": "text", "text": …}}'
        return
    kind = block.get("type")
    if not isinstance(kind, str):
        what = "is missing" if kind is None else "must be a string"
        yield f"{where}.type {what}; set the type of the block"
        return
    if kind in OPENAI_BLOCKS:
        yield f"{where}.type is {kind}, which this API does not support; {OPENAI_BLOCKS[kind]}"
    yield from _required_errors(block, REQUIRED.get(kind, ()), where)
    inner = block.get("content")
    if kind == "tool_result" and isinstance(inner, list):
        yield from content_errors(inner, f"{where}.content")


def _required_errors(
    value: dict[str, Any], required: tuple[tuple[str, type, str], ...], where: str
) -> Iterator[str]:
    for key, type_, words in required:
        if value.get(key) is None:
            yield f"{where}.{key} is missing; it must be {words}"
        elif not isinstance(value[key], type_):
            yield f"{where}.{key} must be {words}"


def system_errors(system: object) -> Iterator[str]:
    """Return the errors of a system prompt."""
    if not isinstance(system, str | list):
        yield "params.system must be a string or a list of text blocks"
        return
    yield from content_errors(system, "params.system")


def tool_errors(tools: object) -> Iterator[str]:
    """Return the errors of tools."""
    if not isinstance(tools, list):
        yield "params.tools must be a list of tools"
        return
    for number, tool in enumerate(tools):
        where = f"params.tools[{number}]"
        if not isinstance(tool, dict):
            yield f'{where} is not an object; a tool is {{"name": …, "input_schema": …}}'
        elif tool.get("type") == "function":
            yield (
                f"{where}.type is function, which this API does not support; "
                'a tool is {"name": …, "description": …, "input_schema": …}'
            )
        elif tool.get("type") in (None, "custom"):
            required = (("name", str, "a string"), ("input_schema", dict, "an object"))
            yield from _required_errors(tool, required, where)
