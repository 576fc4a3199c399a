"""Validates the params of a request. Source of the rules: public API reference, Messages.

Only what the API is known to reject is an error: unknown keys may be new, and `null` is left to the API.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from batchtui.submissions.validate_content import message_errors, system_errors, tool_errors

FORBIDDEN = frozenset({"speed", "store", "previous_thread_event_id", "cache_hint", "context_hint"})
"""Parameters that are not allowed in a batch."""
FOREIGN = {
    "betas": "it is an argument of the SDK; betas go in the header anthropic-beta",
    "extra_body": "it is an argument of the SDK; move its contents into params",
    "extra_headers": "it is an argument of the SDK; a request in a batch has no headers",
    "extra_query": "it is an argument of the SDK; a request in a batch has no query",
    "response_format": "not supported by this API; use output_config.format",
    "n": "not supported by this API; write one request for each reply",
}
"""Parameters of other APIs, or of an SDK, and what to do instead."""
REQUIRED = frozenset({"model", "max_tokens", "messages"})
"""Parameters that every request has."""
MAX_INTEGER = 2**63 - 1
"""Many JSON parsers do not read larger numbers as integers."""
MIN_THINKING_TOKENS = 1024


def params_errors(params: dict[str, Any]) -> Iterator[str]:
    """Return the errors of the params of a request, each with its path."""
    yield from _required_errors(params)
    if params.keys() == REQUIRED:
        return
    for name in sorted(params.keys() - REQUIRED):
        value = params[name]
        if name in FOREIGN:
            yield f"params.{name} is not allowed: {FOREIGN[name]}"
        elif name in FORBIDDEN and value is not None:
            yield f"params.{name} is not allowed in a batch; remove it"
        elif name in _CHECKS and value is not None:
            yield from _CHECKS[name](value)
    if isinstance(params.get("thinking"), dict):
        yield from _thinking_errors(params)


def _required_errors(params: dict[str, Any]) -> Iterator[str]:
    model, most, messages = params.get("model"), params.get("max_tokens"), params.get("messages")
    if model is None:
        yield "params.model is missing; name a model"
    elif not isinstance(model, str) or not model:
        yield "params.model must be the name of a model"
    if most is None:
        yield "params.max_tokens is missing; set the maximum length of the reply"
    elif not _is_integer(most) or not 1 <= most <= MAX_INTEGER:
        yield "params.max_tokens must be an integer of 1 or more"
    if messages is None:
        yield "params.messages is missing; add at least one message"
    elif not isinstance(messages, list) or not messages:
        yield "params.messages must be a list of at least one message"
    else:
        yield from message_errors(messages)


def _is_integer(value: object) -> bool:
    """Return whether a value is an integer in JSON Schema, like 100.0."""
    if isinstance(value, float):
        return value.is_integer()
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _fraction(name: str) -> Callable[[Any], Iterator[str]]:
    def errors(value: Any) -> Iterator[str]:  # noqa: ANN401 - any JSON
        if not _is_number(value) or not 0 <= value <= 1:
            yield f"params.{name} must be a number from 0 to 1"

    return errors


def _object(name: str, example: str) -> Callable[[object], Iterator[str]]:
    def errors(value: object) -> Iterator[str]:
        if not isinstance(value, dict):
            yield f"params.{name} must be an object, such as {example}"

    return errors


def _stop_sequences(value: object) -> Iterator[str]:
    if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
        yield "params.stop_sequences must be a list of strings"


def _stream(value: object) -> Iterator[str]:
    if value:
        yield "params.stream is not supported in a batch; remove it"


_CHECKS: dict[str, Callable[[Any], Iterator[str]]] = {
    "stream": _stream,
    "system": system_errors,
    "tools": tool_errors,
    "tool_choice": _object("tool_choice", '{"type": "auto"} '),
    "metadata": _object("metadata", '{"user_id": …}'),
    "thinking": _object("thinking", '{"type": "enabled", "budget_tokens": …} '),
    "stop_sequences": _stop_sequences,
    "temperature": _fraction("temperature"),
    "top_p": _fraction("top_p"),
}


def _thinking_errors(params: dict[str, Any]) -> Iterator[str]:
    thinking, most = params["thinking"], params.get("max_tokens")
    budget = thinking.get("budget_tokens")
    if thinking.get("type") != "enabled" or budget is None:
        return
    if not _is_integer(budget) or budget < MIN_THINKING_TOKENS:
        yield f"params.thinking.budget_tokens must be an integer of {MIN_THINKING_TOKENS} or more"
    # Thinking between tool calls may exceed max_tokens. Source: public guide, Extended thinking.
    elif _is_integer(most) and budget >= most and not params.get("tools"):
        yield "params.thinking.budget_tokens must be less than max_tokens, which includes thinking"
