"""What a request must be before it is sent. Source of the rules: public API guide, Batch processing.

The API checks `params` only while the batch runs, so that a mistake costs a day; here it costs nothing.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import msgspec

from batchtui.submissions.long_lines import LONG_LINE, shorten_texts
from batchtui.submissions.parsing import LARGEST_REQUEST
from batchtui.submissions.token_bounds import Weight, weigh
from batchtui.submissions.validate_content import quoted
from batchtui.submissions.validate_params import params_faults
from batchtui.text import replace_surrogates

CUSTOM_ID = re.compile(r"[a-zA-Z0-9_-]{1,64}")
KEYS = frozenset({"custom_id", "params"})
"""What a request has; the API refuses anything beside. Source: public OpenAPI document."""
NAMES_SHOWN = 5
_KEYS_ONCE = (b'"custom_id"', b'"params"', b'"model"', b'"max_tokens"', b'"messages"')
"""Decoding keeps the last of several; a request that names one of these only once is not looked at closer."""

_decode = msgspec.json.Decoder().decode


class Checked(NamedTuple):
    """What is kept of a request in which nothing was found wrong.

    Attributes:
        custom_id: Its id.
        model: The model asked for.
        max_tokens: The most that it may answer.
        weight: What it sends, in tokens.
    """

    custom_id: str
    model: str
    max_tokens: int
    weight: Weight


class Fault(NamedTuple):
    """Something that must be mended before a file can be sent.

    Attributes:
        line: Where, from 1; 0 for the file as a whole.
        request: Which request of the file, from 1; a line may hold many. 0 where it is none of them.
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
        short, lengths = shorten_texts(raw) if len(raw) > LONG_LINE else (raw, {})
        request = _decode(short)
        return (
            _repeated_keys(short)
            or _faults(request)
            or _keep(request["custom_id"], request["params"], lengths)
        )
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
    return Checked(custom_id, "", 0, Weight())


def _keep(custom_id: str, params: dict[str, Any], lengths: dict[str, int]) -> Checked:
    return Checked(custom_id, params["model"], int(params["max_tokens"]), weigh(params, lengths))


def _reason(raw: bytes, error: msgspec.DecodeError) -> str:
    """Why it is no JSON, with the place where that can be said."""
    if len(raw) > LONG_LINE:
        return _words(error)  # looking for the place would hold the line several times
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
    return _words(error)


def _words(error: msgspec.DecodeError) -> str:
    return str(error).partition(" - ")[0].removeprefix("JSON is malformed: ").lower()


def _faults(request: object) -> list[str]:
    if not isinstance(request, dict):
        return ['not an object; a request is {"custom_id": …, "params": {…}}']
    if "requests" in request and not request.keys() & KEYS:
        return [_not_allowed(request.keys() - {"requests"}, '"requests"')]
    others = () if request.keys() == KEYS else _key_faults(request)
    return [*others, *_custom_id_faults(request), *_params_faults(request)]


def _key_faults(request: dict[str, Any]) -> Iterator[str]:
    others = request.keys() - KEYS
    if "params" not in request:
        others.discard("body")  # of which the missing params speak
    if others:
        yield _not_allowed(others, "custom_id and params")


def _repeated_keys(raw: bytes) -> list[str]:
    """Keys of a request, or of its params, that it has twice: which one counts is anybody's guess."""
    if all(raw.count(key) < 2 for key in _KEYS_ONCE):
        return []
    request = json.loads(raw, object_pairs_hook=_Pairs, parse_int=str)
    params = dict(request).get("params") if isinstance(request, _Pairs) else None
    return [
        f"{quoted(name)} comes twice{place}; keep one"
        for found, place in ((request, ""), (params, " in params"))
        if isinstance(found, _Pairs)
        for name, times in Counter(name for name, _ in found).items()
        if times > 1
    ]


class _Pairs(list[tuple[str, Any]]):
    """A JSON object with all its keys, in order."""


def _not_allowed(names: Iterable[str], place: str) -> str:
    found = sorted(names)
    more = f" and {len(found) - NAMES_SHOWN} more" if len(found) > NAMES_SHOWN else ""
    shown = ", ".join(map(quoted, found[:NAMES_SHOWN])) + more
    verb, pronoun = ("is", "it") if len(found) == 1 else ("are", "them")
    return f"{shown} {verb} not allowed beside {place}; remove {pronoun}"


def custom_id_of(raw: bytes) -> str:
    """The id of a request that may be faulty, with U+FFFD for half characters; empty if it cannot be read."""
    try:
        request = json.loads(shorten_texts(raw)[0] if len(raw) > LONG_LINE else raw)
    except (ValueError, RecursionError):
        return ""
    custom_id = request.get("custom_id") if isinstance(request, dict) else None
    return replace_surrogates(custom_id) if isinstance(custom_id, str) else ""


def _custom_id_faults(request: dict[str, Any]) -> Iterator[str]:
    custom_id = request.get("custom_id")
    if custom_id is None:
        yield "custom_id is missing; give each request one of its own"
    elif not isinstance(custom_id, str):
        yield "custom_id is not a text; put it in quotes"
    elif not CUSTOM_ID.fullmatch(custom_id):
        yield f"custom_id {quoted(custom_id)} may have 1 to 64 letters, digits, _ and - only"


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
        yield from params_faults(params)
