"""What messages, content blocks and tools must be. Source of the rules: public API reference, Messages.

Only what the API is known to refuse is a fault: types of blocks and tools, and keys, may be newer than this.
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
"""Types of blocks that another API has, and what to write here."""
REQUIRED: dict[str, tuple[tuple[str, type, str], ...]] = {
    "text": (("text", str, "a text"),),
    "image": (("source", dict, "an object"),),
    "document": (("source", dict, "an object"),),
    "tool_use": (("id", str, "a text"), ("name", str, "a text"), ("input", dict, "an object")),
    "tool_result": (("tool_use_id", str, "a text"),),
}
"""What blocks of a type must have: the key, its type, and the type in words."""
SHOWN_CHARS = 40


def quoted(name: str) -> str:
    """A name from outside, for a message."""
    return json.dumps(shorten(name, SHOWN_CHARS), ensure_ascii=False)


def message_faults(messages: list[Any]) -> Iterator[str]:
    """What is wrong with a conversation."""
    last = len(messages) - 1
    for number, message in enumerate(messages):
        where = f"params.messages[{number}]"
        if not isinstance(message, dict):
            yield f'{where} is not an object; a message is {{"role": …, "content": …}}'
            continue
        role, content = message.get("role"), message.get("content")
        if role not in ROLES:
            yield f"{where}.role has to be {', '.join(ROLES[:-1])} or {ROLES[-1]}"
        if isinstance(content, str | list) and (content or (role == "assistant" and number == last)):
            yield from content_faults(content, f"{where}.content")
        elif not content:
            yield f"{where} has no content; say something, or leave it out"
        else:
            yield f"{where}.content has to be a text or a list of blocks"


def content_faults(content: str | list[Any], where: str) -> Iterator[str]:
    """What is wrong with the blocks of a message, or of a tool's result."""
    if isinstance(content, str):
        return
    for number, block in enumerate(content):
        yield from _block_faults(block, f"{where}[{number}]")


def _block_faults(block: object, where: str) -> Iterator[str]:
    if not isinstance(block, dict):
        yield f'{where} is not an object; a text is {{"type": "text", "text": …}}'
        return
    kind = block.get("type")
    if not isinstance(kind, str):
        what = "is missing" if kind is None else "has to be a text"
        yield f"{where}.type {what}; name the type of the block"
        return
    if kind in OPENAI_BLOCKS:
        yield f"{where}.type is {kind}, which this API does not have; {OPENAI_BLOCKS[kind]}"
    yield from _required_faults(block, REQUIRED.get(kind, ()), where)
    inner = block.get("content")
    if kind == "tool_result" and isinstance(inner, list):
        yield from content_faults(inner, f"{where}.content")


def _required_faults(
    value: dict[str, Any], required: tuple[tuple[str, type, str], ...], where: str
) -> Iterator[str]:
    for key, type_, words in required:
        if value.get(key) is None:
            yield f"{where}.{key} is missing; it has to be {words}"
        elif not isinstance(value[key], type_):
            yield f"{where}.{key} has to be {words}"


def system_faults(system: object) -> Iterator[str]:
    """What is wrong with a system prompt."""
    if not isinstance(system, str | list):
        yield "params.system has to be a text or a list of text blocks"
        return
    yield from content_faults(system, "params.system")


def tool_faults(tools: object) -> Iterator[str]:
    """What is wrong with the tools."""
    if not isinstance(tools, list):
        yield "params.tools has to be a list of tools"
        return
    for number, tool in enumerate(tools):
        where = f"params.tools[{number}]"
        if not isinstance(tool, dict):
            yield f'{where} is not an object; a tool is {{"name": …, "input_schema": …}}'
        elif tool.get("type") == "function":
            yield (
                f"{where}.type is function, which this API does not have; "
                'a tool is {"name": …, "description": …, "input_schema": …}'
            )
        elif tool.get("type") in (None, "custom"):
            required = (("name", str, "a text"), ("input_schema", dict, "an object"))
            yield from _required_faults(tool, required, where)
