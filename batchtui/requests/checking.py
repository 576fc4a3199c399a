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

ROLES = ("user", "assistant", "system")
CUSTOM_ID = re.compile(r"[a-zA-Z0-9_-]{1,64}")
FORBIDDEN = frozenset({"speed", "store", "previous_thread_event_id", "cache_hint", "context_hint"})
"""Parameters that a batch may not have at all."""
BYTES_PER_TOKEN = 4
"""For the estimate of input tokens; English prose has about so many."""
MEDIA_TOKENS = 1600
"""Taken for each image or document that is sent along: what a large image costs."""
LARGEST_NUMBER = 2**63 - 1
"""Larger ones are no whole numbers to many readers of JSON."""

_decode = msgspec.json.Decoder().decode


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
        request: Which request of the file, from 1; a line may hold many. 0 for the file as a whole.
        custom_id: Of the request, as far as it can be read.
        fault: What is wrong and what to do, without a full stop.
    """

    line: int
    request: int
    custom_id: str
    fault: str


def check(raw: bytes) -> Checked | list[str]:
    """Looks at one request; answers what to keep of it, or all that is wrong with it."""
    if len(raw) > LARGEST_REQUEST:
        return ["longer than the 256 MB that a whole batch may have; make it smaller"]
    try:
        request = _decode(raw)
        return _faults(request) or _keep(request["custom_id"], request["params"])
    except UnicodeDecodeError:
        return ["not UTF-8; save the file as UTF-8"]
    except msgspec.DecodeError as error:
        return [f"not JSON ({_reason(raw, error)}); one request has to be one object"]
    except RecursionError:
        return ["nested too deeply to be read; make it flatter"]


def identify(raw: bytes) -> Checked | list[str]:
    """Looks only for the custom_id of a request that the server has accepted."""
    checked = check(raw)
    if isinstance(checked, Checked) or not (custom_id := custom_id_of(raw)):
        return checked
    return Checked(custom_id, "", 0, 0)


def _keep(custom_id: str, params: dict[str, Any]) -> Checked:
    texts = (params["messages"], params.get("system"), params.get("tools"))
    tokens = sum(map(_text_bytes, texts)) // BYTES_PER_TOKEN
    return Checked(custom_id, params["model"], tokens, params["max_tokens"])


def _text_bytes(value: object) -> int:
    """How long all texts in a piece of JSON are, media counted as so much text as costs the same."""
    if isinstance(value, str):
        return len(value) if value.isascii() else len(value.encode())
    if isinstance(value, list):
        return sum(map(_text_bytes, value))
    if not isinstance(value, dict):
        return 0
    if value.get("type") == "base64":
        return MEDIA_TOKENS * BYTES_PER_TOKEN
    return sum(map(_text_bytes, value.values()))


def _reason(raw: bytes, error: msgspec.DecodeError) -> str:
    """Why it is no JSON, with the place where that can be said."""
    try:
        json.loads(raw.decode())
    except json.JSONDecodeError as found:
        return f"{found.msg.lower().removesuffix(' at')} at character {found.pos + 1}"
    except UnicodeDecodeError:
        return "not UTF-8"
    except RecursionError:
        return "nested too deeply"
    except ValueError:
        return "a number without end"
    if b"\\ud" in raw.lower():
        return "half a surrogate pair, such as \\ud83d, is no character"
    return str(error).partition(" - ")[0].removeprefix("JSON is malformed: ").lower()


def _faults(request: object) -> list[str]:
    if not isinstance(request, dict):
        return ['not an object; a request is {"custom_id": …, "params": {…}}']
    return [*_custom_id_faults(request), *_params_faults(request)]


def custom_id_of(raw: bytes) -> str:
    """The id of a request that may be faulty, with ? for half characters; empty if it cannot be read."""
    try:
        request = json.loads(raw)
    except (ValueError, RecursionError):
        return ""
    custom_id = request.get("custom_id") if isinstance(request, dict) else None
    return custom_id.encode("utf-8", "replace").decode() if isinstance(custom_id, str) else ""


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
        yield "params is not an object; put model, max_tokens and messages there"
    else:
        yield from _required_faults(params)
        if params.get("stream"):
            yield "params.stream: a batch cannot stream; remove it"
        for name in sorted(params.keys() & FORBIDDEN):
            yield f"params.{name} is not allowed in a batch; remove it"


def _required_faults(params: dict[str, Any]) -> Iterator[str]:
    model, most, messages = params.get("model"), params.get("max_tokens"), params.get("messages")
    if model is None:
        yield "params.model is missing; name the model to ask"
    elif not isinstance(model, str) or not model:
        yield "params.model has to be the name of a model"
    if most is None:
        yield "params.max_tokens is missing; say how long an answer may be"
    elif isinstance(most, bool) or not isinstance(most, int) or not 1 <= most <= LARGEST_NUMBER:
        yield "params.max_tokens has to be a whole number of 1 or more"
    if messages is None:
        yield "params.messages is missing; it is what the model is asked"
    elif not isinstance(messages, list) or not messages:
        yield "params.messages has to be a list of at least one message"
    else:
        yield from _message_faults(messages)


def _message_faults(messages: list[Any]) -> Iterator[str]:
    for number, message in enumerate(messages):
        where = f"params.messages[{number}]"
        if not isinstance(message, dict):
            yield f'{where} is not an object; a message is {{"role": …, "content": …}}'
            continue
        if message.get("role") not in ROLES:
            yield f"{where}.role has to be {', '.join(ROLES[:-1])} or {ROLES[-1]}"
        content = message.get("content")
        if not content:
            yield f"{where} has no content; say something, or leave it out"
        elif not isinstance(content, str | list):
            yield f"{where}.content has to be a text or a list of blocks"
