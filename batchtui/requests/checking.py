"""What a request must be before it is sent. Source of the rules: public API guide, Batch processing.

The API checks `params` only while the batch runs, so that a mistake costs a day; here it costs nothing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import msgspec

from batchtui.requests.reading import LARGEST_REQUEST
from batchtui.text import shorten

CUSTOM_ID = re.compile(r"[a-zA-Z0-9_-]{1,64}")
FORBIDDEN = ("speed", "store", "previous_thread_event_id", "cache_hint", "context_hint")
"""Parameters that a batch may not have at all."""
BYTES_PER_TOKEN = 4
"""For the estimate of input tokens; English prose has about so many."""
MEDIA_TOKENS = 1600
"""Taken for each image or document that is sent along: what a large image costs."""

_MEDIA = re.compile(rb'"data"\s*:\s*"[A-Za-z0-9+/=\\]{500,}"')
_NOTHING = msgspec.Raw()
_EMPTY = (b'""', b"[]", b"null")


class Checked(NamedTuple):
    """What is kept of a request in which nothing was found wrong.

    Attributes:
        custom_id: Its id.
        model: The model asked for.
        input_tokens: An estimate.
        max_tokens: The most that it may answer.
    """

    custom_id: str
    model: str
    input_tokens: int
    max_tokens: int


class Fault(NamedTuple):
    """Something that must be mended before a file can be sent.

    Attributes:
        line: Where, from 1; 0 for the file as a whole.
        custom_id: Of the request, as far as it can be read.
        what: What is wrong and what to do, without a full stop.
    """

    line: int
    custom_id: str
    what: str


class _Message(msgspec.Struct):
    role: str
    content: msgspec.Raw


class _Params(msgspec.Struct):
    model: str
    max_tokens: int
    messages: list[_Message]
    system: msgspec.Raw = _NOTHING
    tools: msgspec.Raw = _NOTHING
    stream: bool = False
    speed: msgspec.Raw = _NOTHING
    store: msgspec.Raw = _NOTHING
    previous_thread_event_id: msgspec.Raw = _NOTHING
    cache_hint: msgspec.Raw = _NOTHING
    context_hint: msgspec.Raw = _NOTHING


class _Request(msgspec.Struct):
    custom_id: str
    params: _Params


_decode = msgspec.json.Decoder(_Request).decode


def check(raw: bytes) -> Checked | list[str]:
    """Looks at one request; answers what to keep of it, or all that is wrong with it."""
    if len(raw) > LARGEST_REQUEST:
        return ["longer than the 256 MB that a whole batch may have; make it smaller"]
    try:
        raw.isascii() or raw.decode()
        request = _decode(raw)
    except UnicodeDecodeError as error:
        return [f"not UTF-8 (byte {error.start + 1}); save the file as UTF-8"]
    except msgspec.DecodeError:
        return _look_closely(raw)
    if _is_plain(request):
        return Checked(request.custom_id, request.params.model, *_sizes(request.params))
    return _look_closely(raw)


def identify(raw: bytes) -> Checked | list[str]:
    """Looks only for the custom_id of a request that the server has accepted."""
    checked = check(raw)
    if isinstance(checked, Checked) or not (custom_id := custom_id_of(raw)):
        return checked
    return Checked(custom_id, "", 0, 0)


def _is_plain(request: _Request) -> bool:
    """Whether nothing can be wrong; what is not plain is looked at again, slowly."""
    params = request.params
    return bool(
        CUSTOM_ID.fullmatch(request.custom_id)
        and params.model
        and params.max_tokens > 0
        and params.messages
        and not any(message.content in _EMPTY for message in params.messages)
        and not params.stream
        and not any(getattr(params, name) for name in FORBIDDEN)
    )


def _sizes(params: _Params) -> tuple[int, int]:
    texts = (*(message.content for message in params.messages), params.system, params.tools)
    return sum(_tokens(bytes(text)) for text in texts), params.max_tokens


def _tokens(text: bytes) -> int:
    """An estimate of the tokens in a piece of JSON."""
    if len(text) > MEDIA_TOKENS and b'"data"' in text:
        text, media = _MEDIA.subn(b"", text)
        return len(text) // BYTES_PER_TOKEN + media * MEDIA_TOKENS
    return len(text) // BYTES_PER_TOKEN


def _look_closely(raw: bytes) -> Checked | list[str]:
    """The slow way: takes all of it apart, to say all that is wrong."""
    try:
        request = json.loads(raw)
    except json.JSONDecodeError as error:
        return [
            f"not JSON ({error.msg.lower()} at character {error.pos + 1}); one request has to be one object"
        ]
    except RecursionError:
        return ["nested too deeply to be read"]
    if not isinstance(request, dict):
        return ['not an object; a request is {"custom_id": …, "params": {…}}']
    faults = [*_custom_id_faults(request), *_params_faults(request)]
    if faults:
        return faults
    params = request["params"]
    return Checked(request["custom_id"], params["model"], _tokens(raw), params["max_tokens"])


def custom_id_of(raw: bytes) -> str:
    """The id of a request that may be faulty; empty if it cannot be read."""
    try:
        request = json.loads(raw)
    except (ValueError, RecursionError):
        return ""
    custom_id = request.get("custom_id") if isinstance(request, dict) else None
    return custom_id if isinstance(custom_id, str) else ""


def _custom_id_faults(request: dict[str, Any]) -> Iterator[str]:
    custom_id = request.get("custom_id")
    if custom_id is None:
        yield "custom_id is missing; give each request one of its own"
    elif not isinstance(custom_id, str):
        yield "custom_id is not a text; put it in quotes"
    elif not CUSTOM_ID.fullmatch(custom_id):
        shown = json.dumps(shorten(custom_id, 40), ensure_ascii=False)
        yield f"custom_id {shown} may have 1 to 64 letters, digits, _ and - only"


def _params_faults(request: dict[str, Any]) -> Iterator[str]:
    params = request.get("params")
    if params is None:
        hint = (
            "; put what is in body there"
            if "body" in request
            else "; put model, max_tokens and messages there"
        )
        yield f"params is missing{hint}"
    elif not isinstance(params, dict):
        yield "params is not an object"
    else:
        yield from _required_faults(params)
        if params.get("stream"):
            yield "params.stream: a batch cannot stream; remove it"
        for name in FORBIDDEN:
            if name in params:
                yield f"params.{name} is not allowed in a batch; remove it"


def _required_faults(params: dict[str, Any]) -> Iterator[str]:
    for name in ("model", "max_tokens", "messages"):
        if params.get(name) is None:
            yield f"params.{name} is missing"
    model, most, messages = params.get("model"), params.get("max_tokens"), params.get("messages")
    if model is not None and not (isinstance(model, str) and model):
        yield "params.model has to be the name of a model"
    if most is not None and (isinstance(most, bool) or not isinstance(most, int) or most < 1):
        yield "params.max_tokens has to be a whole number of 1 or more"
    if messages is not None and not (isinstance(messages, list) and messages):
        yield "params.messages has to be a list of at least one message"
    elif messages:
        yield from _message_faults(messages)


def _message_faults(messages: list[Any]) -> Iterator[str]:
    for number, message in enumerate(messages):
        where = f"params.messages[{number}]"
        if not isinstance(message, dict):
            yield f"{where} is not an object"
        elif not isinstance(message.get("role"), str):
            yield f"{where} has no role; say user or assistant"
        elif not message.get("content"):
            yield f"{where} has no content"
