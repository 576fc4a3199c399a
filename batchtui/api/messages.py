"""Wire models of replies: message, content blocks, usage. Source: public API reference, Messages."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from batchtui.api.batches import WireModel


class ContentBlock(WireModel):
    """One block of a reply. The set of types is open, and the first block is often not text.

    Only common fields are declared; the others are kept as extra fields.
    """

    type: str
    text: str | None = None
    citations: list[dict[str, Any]] | None = None
    thinking: str | None = None
    id: str | None = None
    name: str | None = None
    input: Any = None
    tool_use_id: str | None = None
    content: Any = None
    """Result of a server tool: a list of blocks, or one error object."""


class CacheCreation(WireModel):
    """Tokens written to the prompt cache, by lifetime."""

    ephemeral_5m_input_tokens: int = 0
    ephemeral_1h_input_tokens: int = 0


class Usage(WireModel):
    """Token usage of one reply."""

    input_tokens: int = 0
    output_tokens: int = 0
    cache_creation_input_tokens: int | None = None
    cache_read_input_tokens: int | None = None
    cache_creation: CacheCreation | None = None
    server_tool_use: dict[str, Any] | None = None
    service_tier: str | None = None
    inference_geo: str | None = None

    @property
    def all_input_tokens(self) -> int:
        """Input tokens: uncached, written to the cache, and read from it."""
        return (
            self.input_tokens + (self.cache_creation_input_tokens or 0) + (self.cache_read_input_tokens or 0)
        )


class StopDetails(WireModel):
    """Why a reply was refused."""

    type: str | None = None
    category: str | None = None
    explanation: str | None = None


class Message(WireModel):
    """A reply of the model."""

    id: str = ""
    type: str = "message"
    role: str = "assistant"
    model: str = ""
    content: list[ContentBlock] = Field(default_factory=list)
    stop_reason: str | None = None
    stop_sequence: str | None = None
    stop_details: StopDetails | None = None
    usage: Usage = Usage()

    @property
    def text(self) -> str:
        """All text blocks, joined."""
        return "".join(block.text or "" for block in self.content if block.type == "text")
