"""Estimates the tokens of a request, and their maximum where that can be known.

Sources: public guides, Token counting, Vision, PDF support, Tool use, Structured outputs and Prompt caching.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import msgspec

from batchtui.cost.models import version_of

BYTES_PER_TOKEN = 4
"""For English prose."""
NEWER_TOKENIZER = (4, 7)
"""Models since this version use about 30 % more tokens for the same text."""
NEWER_TOKENIZER_FACTOR = 1.3
IMAGE_TOKENS, MOST_IMAGE_TOKENS = 1_600, 5_000
"""Larger images are counterd down; newer models use up to 4,784 tokens for one."""
PAGE_TOKENS, PAGE_BYTES = 3_000, 75_000
"""A PDF page is billed as text and as an image; the number of pages is guessed from the size."""
TOOLS_TOKENS, MOST_TOOLS_TOKENS = 350, 1_000
"""Tokens that the API adds to a prompt with tools, or with a schema for the reply."""
BASE_TOKENS = 100
"""Upper bound of tokens that the API adds to any prompt."""
PART_TOKENS = 16
"""Upper bound of tokens that the API adds for a message or a block."""
SCHEMA_FACTOR = 2
"""How the API writes JSON into a prompt is not documented; indented, it is at most twice as long."""

TEXTLESS = frozenset(
    {
        "messages",
        "model",
        "max_tokens",
        "temperature",
        "top_p",
        "top_k",
        "stop_sequences",
        "metadata",
        "thinking",
    }
    | {"tool_choice", "service_tier", "stream", "speed", "inference_geo", "cache_control"}
)
"""Parameters that add no text to the prompt."""
SCHEMAS = frozenset({"output_config", "output_format"})


class TokenEstimate(NamedTuple):
    """Tokens of the prompt of one request.

    Attributes:
        tokens: Estimated tokens.
        most_tokens: Maximum tokens; only valid if `is_bound`.
        cache: How long the prompt may be cached: `1h`, `5m`, or empty for not at all.
        geo: Where the request may run: `us`, `global`, or empty for the workspace's default.
        is_bound: Whether `most_tokens` is known. It is not if the API fetches, unpacks or adds something.
    """

    tokens: int = 0
    most_tokens: int = 0
    cache: str = ""
    geo: str = ""
    is_bound: bool = False


def estimate_tokens(params: dict[str, Any], lengths: dict[str, int]) -> TokenEstimate:
    """Estimate the tokens of a valid request.

    Args:
        params: Its params.
        lengths: Bytes of long strings by their placeholders.
    """
    counter = _TokenCounter(lengths)
    for message in params["messages"]:
        counter.add_content(message["content"])
    for name in params.keys() - TEXTLESS:
        value = params[name]
        if name == "system":
            counter.add_content(value or "")
        elif name == "tools":
            counter.add_tools(value or [])
        elif name in SCHEMAS:
            counter.add_schema(value)
        elif value is not None:
            counter.is_bound = False
    counter.note_cache(params)
    more = NEWER_TOKENIZER_FACTOR if version_of(params["model"]) >= NEWER_TOKENIZER else 1
    tokens = math.ceil(counter.text_bytes * more / BYTES_PER_TOKEN) + counter.tokens
    geo = params.get("inference_geo")
    return TokenEstimate(
        tokens, counter.most, counter.cache, geo if isinstance(geo, str) else "", counter.is_bound
    )


class _TokenCounter:
    """Adds up the tokens of one request.

    Args:
        lengths: Bytes of long strings by their placeholders.
    """

    __slots__ = ("_lengths", "cache", "is_bound", "most", "text_bytes", "tokens")

    def __init__(self, lengths: dict[str, int]) -> None:
        self._lengths = lengths
        self.text_bytes = 0
        self.tokens = 0
        """Estimated tokens of everything but text."""
        self.most = BASE_TOKENS
        self.cache = ""
        self.is_bound = True

    def note_cache(self, value: dict[str, Any]) -> None:
        """Record how long a part asks to be cached."""
        control = value.get("cache_control")
        if isinstance(control, dict) and self.cache != "1h":
            self.cache = "1h" if control.get("ttl") == "1h" else "5m"

    def add_content(self, content: str | list[Any]) -> None:
        """Add a message, a system prompt, or a tool result."""
        self.most += PART_TOKENS
        if isinstance(content, str):
            self._add_text(content)
            return
        for block in content:
            self.most += PART_TOKENS
            self.note_cache(block)
            self._add_block(block)

    def add_tools(self, tools: list[dict[str, Any]]) -> None:
        """Add tool definitions."""
        if tools:
            self.tokens += TOOLS_TOKENS
            self.most += MOST_TOOLS_TOKENS
        for tool in tools:
            self.note_cache(tool)
            self.add_json(tool)
            if tool.get("type") not in (None, "custom"):
                self.is_bound = False  # the API has its own definition, and may call the model again

    def add_schema(self, value: object) -> None:
        """Add a schema for the reply."""
        if isinstance(value, dict) and ("format" in value or "schema" in value):
            self.most += MOST_TOOLS_TOKENS
            self.add_json(value)

    def add_json(self, value: object) -> None:
        """Add JSON that is part of the prompt."""
        size = len(msgspec.json.encode(value)) + (self._replaced(value) if self._lengths else 0)
        self.text_bytes += size
        self.most += size * SCHEMA_FACTOR

    def _add_text(self, text: str) -> None:
        size = self._bytes(text)
        self.text_bytes += size
        self.most += size  # a token has at least one byte

    def _replaced(self, value: object) -> int:
        """Return the bytes that placeholders in a value stand for."""
        if isinstance(value, str):
            return self._lengths.get(value, 0)
        if isinstance(value, dict):
            value = [*value, *value.values()]
        return sum(map(self._replaced, value)) if isinstance(value, list) else 0

    def _bytes(self, text: str) -> int:
        if self._lengths and text in self._lengths:
            return self._lengths[text]
        return len(text) if text.isascii() else len(text.encode())

    def _add_block(self, block: dict[str, Any]) -> None:
        kind = block["type"]
        if kind == "text":
            self._add_text(block["text"])
            self.is_bound = self.is_bound and not block.get("citations")
        elif kind == "tool_use":
            self.add_json([block["id"], block["name"], block["input"]])
        elif kind == "tool_result":
            self._add_text(block["tool_use_id"])
            content = block.get("content") or ""
            self.add_content(content if isinstance(content, str | list) else "")
        elif kind in ("image", "document"):
            self._add_source(block, kind)
        else:
            self.is_bound = False
            self._add_all_texts(block)

    def _add_source(self, block: dict[str, Any], kind: str) -> None:
        source = block["source"]
        for key in ("title", "context"):
            if isinstance(block.get(key), str):
                self._add_text(block[key])
        # With citations, each sentence of a document is numbered.
        is_known = not block.get("citations") and not block.get("transformations")
        match source:
            case {"type": "base64", "data": str()} if kind == "image":
                self.tokens += IMAGE_TOKENS
                self.most += MOST_IMAGE_TOKENS
            case {"type": "base64", "data": str(data)}:
                pages = max(1, self._bytes(data) * 3 // 4 // PAGE_BYTES)
                self.tokens += pages * PAGE_TOKENS
                is_known = False
            case {"type": "text", "data": str(data)}:
                self._add_text(data)
            case {"type": "content", "content": str() | list() as content}:
                self._add_all_texts(content)
                is_known = False
            case _:  # a URL, a file id, or a new kind
                self.tokens += IMAGE_TOKENS if kind == "image" else PAGE_TOKENS
                is_known = False
        self.is_bound = self.is_bound and is_known

    def _add_all_texts(self, value: object) -> None:
        """Add all strings in JSON of unknown shape."""
        if isinstance(value, str):
            self._add_text(value)
        elif isinstance(value, list | dict):
            for each in value if isinstance(value, list) else value.values():
                self._add_all_texts(each)
