"""Validation of a request's `params`.

The API accepts a batch with any params and checks them when it processes the request, so the error is that
request's result. The models follow the request types of the official SDK. Paths and wording of the errors
are pydantic's, as in the API.
"""

from __future__ import annotations

import functools
import re
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, Tag, ValidationError

SAMPLING = ("temperature", "top_p", "top_k")
VERSION_WITHOUT_SAMPLING = "2026-10-21"
BETA_KEYS = {
    "billing_policy": ("user-profiles-billing-",),
    "compaction": ("compact-",),
    "context_management": ("context-management-", "compact-"),
    "fallback_credit_token": ("fallback-credit-",),
    "fallbacks": ("server-side-fallback-",),
    "mcp_servers": ("mcp-client-",),
    "output_format": ("structured-outputs-",),
    "thread": ("message-threads-",),
}
"""Keys that require a beta, with the prefixes of its names."""

SERVER_TOOL = re.compile(r"[a-z0-9_]+_\d{8}|mcp_toolset")
OPTIONAL: Any = None
"""Default of keys that may be missing but not null."""


def _whole_number(value: object) -> object:
    """Accept 100.0, which is an integer by JSON Schema."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _as_blocks(value: object) -> object:
    """Expand a string, which is short for one text block."""
    return [{"type": "text", "text": value}] if isinstance(value, str) else value


Integer = Annotated[int, BeforeValidator(_whole_number)]
Share = Annotated[float, Field(ge=0, le=1)]
Object = dict[str, Any]


class _Closed(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class _CacheControl(_Closed):
    type: Literal["ephemeral"]
    ttl: Literal["5m", "1h"] = "5m"


class _Block(_Closed):
    cache_control: _CacheControl | None = None


class _Text(_Block):
    type: Literal["text"]
    text: str
    citations: list[Object] | None = None


class _Base64Image(_Closed):
    type: Literal["base64"]
    media_type: Literal["image/jpeg", "image/png", "image/gif", "image/webp"]
    data: str


class _Base64Pdf(_Closed):
    type: Literal["base64"]
    media_type: Literal["application/pdf"]
    data: str


class _PlainText(_Closed):
    type: Literal["text"]
    media_type: Literal["text/plain"]
    data: str


class _Url(_Closed):
    type: Literal["url"]
    url: str


class _File(_Closed):
    type: Literal["file"]
    file_id: str


class _Blocks(_Closed):
    type: Literal["content"]
    content: str | list[Object]


class _Image(_Block):
    type: Literal["image"]
    source: Annotated[_Base64Image | _Url | _File, Field(discriminator="type")]
    transformations: Object | None = None


class _Document(_Block):
    type: Literal["document"]
    source: Annotated[_Base64Pdf | _PlainText | _Url | _File | _Blocks, Field(discriminator="type")]
    citations: Object | None = None
    context: str | None = None
    title: str | None = None


class _SearchResult(_Block):
    type: Literal["search_result"]
    content: list[_Text]
    source: str
    title: str
    citations: Object = OPTIONAL


class _Thinking(_Closed):
    type: Literal["thinking"]
    thinking: str
    signature: str


class _RedactedThinking(_Closed):
    type: Literal["redacted_thinking"]
    data: str


class _ToolUse(_Block):
    type: Literal["tool_use"]
    id: str
    name: str
    input: Object
    caller: Object = OPTIONAL
    toolset_name: str | None = None


class _ToolReference(_Block):
    type: Literal["tool_reference"]
    tool_name: str


class _BrowserState(BaseModel):
    type: Literal["browser_state"]


class _ToolResult(_Block):
    type: Literal["tool_result"]
    tool_use_id: str
    content: Annotated[
        list[
            Annotated[
                _Text | _Image | _Document | _SearchResult | _ToolReference | _BrowserState,
                Field(discriminator="type"),
            ]
        ],
        BeforeValidator(_as_blocks),
    ] = OPTIONAL
    is_error: bool = False
    toolset_name: str | None = None


class _ContainerUpload(_Block):
    type: Literal["container_upload"]
    file_id: str


class _PassedBack(BaseModel):
    """A block of an earlier reply or of a beta. Only its type is checked."""

    type: Literal[
        "advisor_tool_result",
        "bash_code_execution_tool_result",
        "code_execution_tool_result",
        "compaction",
        "fallback",
        "mcp_tool_listing",
        "mcp_tool_result",
        "mcp_tool_use",
        "server_tool_use",
        "text_editor_code_execution_tool_result",
        "tool_addition",
        "tool_removal",
        "tool_search_tool_result",
        "web_fetch_tool_result",
        "web_search_tool_result",
    ]


_ContentBlock = Annotated[
    _Text
    | _Image
    | _Document
    | _SearchResult
    | _Thinking
    | _RedactedThinking
    | _ToolUse
    | _ToolResult
    | _ContainerUpload
    | _PassedBack,
    Field(discriminator="type"),
]


class _Message(_Closed):
    role: Literal["user", "assistant", "system"]
    content: Annotated[list[_ContentBlock], BeforeValidator(_as_blocks)]


class _CustomTool(_Block):
    type: Literal["custom"] | None = None
    name: str
    input_schema: Object
    description: str = OPTIONAL
    allowed_callers: list[str] = OPTIONAL
    defer_loading: bool = OPTIONAL
    eager_input_streaming: bool | None = None
    input_examples: list[Object] = OPTIONAL
    strict: bool = OPTIONAL


class _ServerTool(BaseModel):
    """A tool defined by the API. Its other keys depend on the tool and are not checked."""

    type: str


def _kind_of_tool(tool: object) -> str | None:
    kind = tool.get("type") if isinstance(tool, dict) else "custom"
    if kind is None or kind == "custom":
        return "custom"
    return "server" if isinstance(kind, str) and SERVER_TOOL.fullmatch(kind) else None


_Tool = Annotated[
    Annotated[_CustomTool, Tag("custom")] | Annotated[_ServerTool, Tag("server")],
    Discriminator(
        _kind_of_tool,
        custom_error_type="tool_type",
        custom_error_message="Input tag found using 'type' does not match any of the expected tags",
    ),
]


class _ToolChoice(_Closed):
    type: Literal["auto", "any", "none"]
    disable_parallel_tool_use: bool = False


class _NamedToolChoice(_Closed):
    type: Literal["tool"]
    name: str
    disable_parallel_tool_use: bool = False


class _EnabledThinking(_Closed):
    type: Literal["enabled"]
    budget_tokens: Annotated[Integer, Field(ge=1024)]
    display: Literal["summarized", "omitted"] | None = None


class _OtherThinking(_Closed):
    type: Literal["adaptive", "between_tools", "disabled"]
    display: Literal["summarized", "omitted"] | None = None


class _OutputFormat(_Closed):
    type: Literal["json_schema"]
    schema_: Object = Field(alias="schema")


class _OutputConfig(_Closed):
    effort: Literal["low", "medium", "high", "xhigh", "max"] | None = None
    format: _OutputFormat | None = None
    task_budget: Object | None = None


class _Metadata(_Closed):
    user_id: str | None = None


class _Params(_Closed):
    model: Annotated[str, Field(min_length=1)]
    messages: Annotated[list[_Message], Field(min_length=1)]
    max_tokens: Annotated[Integer, Field(ge=1)]
    cache_control: _CacheControl | None = None
    container: Any = None
    diagnostics: Object | None = None
    inference_geo: str | None = None
    metadata: _Metadata = OPTIONAL
    output_config: _OutputConfig = OPTIONAL
    service_tier: Literal["auto", "standard_only"] = OPTIONAL
    speed: None = None
    stop_sequences: list[str] = OPTIONAL
    stream: Literal[False, None] = False
    system: Annotated[list[_Text], BeforeValidator(_as_blocks)] = OPTIONAL
    temperature: Share = OPTIONAL
    thinking: Annotated[_EnabledThinking | _OtherThinking, Field(discriminator="type")] = OPTIONAL
    tool_choice: Annotated[_ToolChoice | _NamedToolChoice, Field(discriminator="type")] = OPTIONAL
    tools: list[_Tool] = OPTIONAL
    top_k: Annotated[Integer, Field(ge=0)] = OPTIONAL
    top_p: Share = OPTIONAL
    user_profile_id: str = OPTIONAL


def find_problem(params: dict[str, Any], version: str, betas: frozenset[str]) -> str | None:
    """Return the error message for the first problem in a request's params, or None.

    Args:
        params: The unchecked params.
        version: The `anthropic-version` of the create call.
        betas: Its `anthropic-beta` names.
    """
    if version >= VERSION_WITHOUT_SAMPLING:
        forbidden = next((name for name in SAMPLING if name in params), None)
        if forbidden:
            return f"{forbidden}: Extra inputs are not permitted"
    allowed = _allowed_by(betas)
    if allowed:
        params = {key: value for key, value in params.items() if key not in allowed}
    try:
        parsed = _Params.model_validate(params)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        return ": ".join((".".join(map(str, first["loc"])), first["msg"]))
    return _conflict(parsed)


@functools.cache
def _allowed_by(betas: frozenset[str]) -> set[str]:
    """Return the keys that these betas allow. Their values are not checked."""
    return {key for key, prefixes in BETA_KEYS.items() if any(beta.startswith(prefixes) for beta in betas)}


def _conflict(params: _Params) -> str | None:
    """Return the error message for valid params that conflict with each other, or None."""
    if isinstance(params.thinking, _EnabledThinking) and params.thinking.budget_tokens >= params.max_tokens:
        return "`max_tokens` must be greater than `thinking.budget_tokens`."
    for number, message in enumerate(params.messages):
        is_prefill = message.role == "assistant" and number == len(params.messages) - 1
        empty = [isinstance(block, _Text) and not block.text for block in message.content]
        if all(empty) and not is_prefill:
            return (
                f"messages.{number}: all messages must have non-empty content except for the optional final "
                "assistant message"
            )
        if any(empty) and not all(empty):
            return "messages: text content blocks must be non-empty"
    return None
