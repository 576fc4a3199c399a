"""What the params of a request must be. Source of the rules: public API reference, Messages.

Only what the API is known to refuse is a fault: a key that is not known here may be new, and `null` is left
to the API.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from batchtui.submissions.validate_content import message_faults, system_faults, tool_faults

FORBIDDEN = frozenset({"speed", "store", "previous_thread_event_id", "cache_hint", "context_hint"})
"""Parameters that a batch may not have at all."""
FOREIGN = {
    "betas": "it is an argument of the SDK; betas go in the header anthropic-beta",
    "extra_body": "it is an argument of the SDK; put what it holds into params",
    "extra_headers": "it is an argument of the SDK; a request in a batch has no headers",
    "extra_query": "it is an argument of the SDK; a request in a batch has no query",
    "response_format": "this API does not have it; use output_config.format",
    "n": "this API does not have it; write one request for each reply",
}
"""Parameters of other APIs, or of a client, and what to do instead."""
ALWAYS = frozenset({"model", "max_tokens", "messages"})
"""Parameters that every request has."""
LARGEST_NUMBER = 2**63 - 1
"""Larger ones are no whole numbers to many readers of JSON."""
LEAST_THINKING = 1024


def params_faults(params: dict[str, Any]) -> Iterator[str]:
    """All that is wrong with the params of a request, each with its path."""
    yield from _required_faults(params)
    if params.keys() == ALWAYS:
        return
    for name in sorted(params.keys() - ALWAYS):
        value = params[name]
        if name in FOREIGN:
            yield f"params.{name} is not allowed: {FOREIGN[name]}"
        elif name in FORBIDDEN and value is not None:
            yield f"params.{name} is not allowed in a batch; remove it"
        elif name in _CHECKS and value is not None:
            yield from _CHECKS[name](value)
    if isinstance(params.get("thinking"), dict):
        yield from _thinking_faults(params)


def _required_faults(params: dict[str, Any]) -> Iterator[str]:
    model, most, messages = params.get("model"), params.get("max_tokens"), params.get("messages")
    if model is None:
        yield "params.model is missing; name the model to ask"
    elif not isinstance(model, str) or not model:
        yield "params.model has to be the name of a model"
    if most is None:
        yield "params.max_tokens is missing; say how long an answer may be"
    elif not _is_whole(most) or not 1 <= most <= LARGEST_NUMBER:
        yield "params.max_tokens has to be a whole number of 1 or more"
    if messages is None:
        yield "params.messages is missing; it is what the model is asked"
    elif not isinstance(messages, list) or not messages:
        yield "params.messages has to be a list of at least one message"
    else:
        yield from message_faults(messages)


def _is_whole(value: object) -> bool:
    """Whether it is an integer to JSON Schema, as 100.0 is."""
    if isinstance(value, float):
        return value.is_integer()
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _share(name: str) -> Callable[[Any], Iterator[str]]:
    def faults(value: Any) -> Iterator[str]:  # noqa: ANN401 - any JSON
        if not _is_number(value) or not 0 <= value <= 1:
            yield f"params.{name} has to be a number from 0 to 1"

    return faults


def _object(name: str, example: str) -> Callable[[object], Iterator[str]]:
    def faults(value: object) -> Iterator[str]:
        if not isinstance(value, dict):
            yield f"params.{name} is not an object; it is {example}"

    return faults


def _stop_sequences(value: object) -> Iterator[str]:
    if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
        yield "params.stop_sequences has to be a list of texts"


def _stream(value: object) -> Iterator[str]:
    if value:
        yield "params.stream: a batch cannot stream; remove it"


_CHECKS: dict[str, Callable[[Any], Iterator[str]]] = {
    "stream": _stream,
    "system": system_faults,
    "tools": tool_faults,
    "tool_choice": _object("tool_choice", '{"type": "auto"} or another choice'),
    "metadata": _object("metadata", '{"user_id": …}'),
    "thinking": _object("thinking", '{"type": "enabled", "budget_tokens": …} or another kind'),
    "stop_sequences": _stop_sequences,
    "temperature": _share("temperature"),
    "top_p": _share("top_p"),
}


def _thinking_faults(params: dict[str, Any]) -> Iterator[str]:
    thinking, most = params["thinking"], params.get("max_tokens")
    budget = thinking.get("budget_tokens")
    if thinking.get("type") != "enabled" or budget is None:
        return
    if not _is_whole(budget) or budget < LEAST_THINKING:
        yield f"params.thinking.budget_tokens has to be a whole number of {LEAST_THINKING} or more"
    # Thinking between calls of tools may be longer than a reply. Source: public guide, Extended thinking.
    elif _is_whole(most) and budget >= most and not params.get("tools"):
        yield "params.thinking.budget_tokens has to be less than max_tokens, which includes thinking"
