"""Validates requests before they are sent. Source of the rules: public API guide, Batch processing.

The API validates `params` only while the batch runs, when an error may cost a day.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import msgspec

from batchtui.submissions.long_lines import LONG_LINE, shorten_texts
from batchtui.submissions.parsing import MAX_REQUEST_BYTES
from batchtui.submissions.token_bounds import TokenEstimate, estimate_tokens
from batchtui.submissions.validate_content import quoted
from batchtui.submissions.validate_params import params_errors
from batchtui.text import count, replace_surrogates

CUSTOM_ID = re.compile(r"[a-zA-Z0-9_-]{1,64}")
KEYS = frozenset({"custom_id", "params"})
"""Keys of a request; the API rejects all others. Source: public OpenAPI document."""
NAMES_SHOWN = 5
_UNIQUE_KEYS = (b'"custom_id"', b'"params"', b'"model"', b'"max_tokens"', b'"messages"')
"""Decoding keeps the last value of a repeated key; only requests that repeat one of these are checked."""

_decode = msgspec.json.Decoder().decode


class Checked(NamedTuple):
    """What is known of a valid request.

    Attributes:
        custom_id: Its id.
        model: The model.
        max_tokens: Maximum tokens of the reply.
        tokens: Estimated tokens of the prompt.
    """

    custom_id: str
    model: str
    max_tokens: int
    tokens: TokenEstimate


class FileError(NamedTuple):
    """An error in a request file.

    Attributes:
        line: Line number, from 1; 0 for the whole file.
        request: Number of the request, from 1, as a line may have several; 0 if it is not in a request.
        custom_id: custom_id of the request, if it can be read.
        message: What is wrong and how to fix it, without a period.
    """

    line: int
    request: int
    custom_id: str
    message: str

    @property
    def place(self) -> str:
        """Line, request if the line does not identify it, and custom_id; empty for the whole file."""
        line = f"line {count(self.line)}" if self.line else ""
        request = f", request {count(self.request)}" if self.request not in (0, self.line) else ""
        return f"{line}{request}" + (f" ({self.custom_id})" if self.custom_id else "")


def check(raw: bytes) -> Checked | list[str]:
    """Validate a request; return what is known of it, or its errors."""
    if len(raw) > MAX_REQUEST_BYTES:
        return ["exceeds the 256 MB limit of a batch; make it smaller"]
    try:
        short, lengths = shorten_texts(raw) if len(raw) > LONG_LINE else (raw, {})
        request = _decode(short)
        return (
            _repeated_keys(short)
            or _errors(request)
            or _keep(request["custom_id"], request["params"], lengths)
        )
    except UnicodeDecodeError:
        return ["not UTF-8; save the file as UTF-8"]
    except msgspec.DecodeError as error:
        return [f"invalid JSON ({_reason(raw, error)}); write one object per request"]
    except RecursionError:
        return ["nested too deeply; reduce the nesting"]


def identify(raw: bytes) -> Checked | list[str]:
    """Read only the custom_id of a request that the server has accepted."""
    checked = check(raw)
    if isinstance(checked, Checked) or not (custom_id := custom_id_of(raw)):
        return checked
    return Checked(custom_id, "", 0, TokenEstimate())


def _keep(custom_id: str, params: dict[str, Any], lengths: dict[str, int]) -> Checked:
    return Checked(custom_id, params["model"], int(params["max_tokens"]), estimate_tokens(params, lengths))


def _reason(raw: bytes, error: msgspec.DecodeError) -> str:
    """Return why a request is not JSON, with the position if possible."""
    if len(raw) > LONG_LINE:
        return _message(error)  # finding the position would copy the line several times
    try:
        json.loads(raw.decode())
    except json.JSONDecodeError as found:
        return f"{found.msg.lower().removesuffix(' at')} at character {found.pos + 1}"
    except UnicodeDecodeError:
        return "not UTF-8"
    except RecursionError:
        return "nested too deeply"
    except ValueError:
        return "a number is too large"
    if b"\\ud" in raw.lower():
        return "half a surrogate pair, such as \\ud83d, is not a character"
    return _message(error)


def _message(error: msgspec.DecodeError) -> str:
    return str(error).partition(" - ")[0].removeprefix("JSON is malformed: ").lower()


def _errors(request: object) -> list[str]:
    if not isinstance(request, dict):
        return ['not an object; a request is {"custom_id": …, "params": {…}}']
    if "requests" in request and not request.keys() & KEYS:
        return [_not_allowed(request.keys() - {"requests"}, '"requests"')]
    keys = () if request.keys() == KEYS else _key_errors(request)
    return [*keys, *_custom_id_errors(request), *_params_errors(request)]


def _key_errors(request: dict[str, Any]) -> Iterator[str]:
    others = request.keys() - KEYS
    if "params" not in request:
        others.discard("body")  # reported with the missing params
    if others:
        yield _not_allowed(others, "custom_id and params")


def _repeated_keys(raw: bytes) -> list[str]:
    """Return errors for repeated keys of a request or its params, as servers may use either value."""
    if all(raw.count(key) < 2 for key in _UNIQUE_KEYS):
        return []
    request = json.loads(raw, object_pairs_hook=_Pairs, parse_int=str)
    params = dict(request).get("params") if isinstance(request, _Pairs) else None
    return [
        f"{quoted(name)} is repeated{place}; keep one"
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
    return f"{shown} {verb} not allowed next to {place}; remove {pronoun}"


def custom_id_of(raw: bytes) -> str:
    """Return the custom_id of any request, with U+FFFD for lone surrogates; empty if it cannot be read."""
    try:
        request = json.loads(shorten_texts(raw)[0] if len(raw) > LONG_LINE else raw)
    except (ValueError, RecursionError):
        return ""
    custom_id = request.get("custom_id") if isinstance(request, dict) else None
    return replace_surrogates(custom_id) if isinstance(custom_id, str) else ""


def _custom_id_errors(request: dict[str, Any]) -> Iterator[str]:
    custom_id = request.get("custom_id")
    if custom_id is None:
        yield "custom_id is missing; give each request a unique one"
    elif not isinstance(custom_id, str):
        yield "custom_id is not a string; put it in quotes"
    elif not CUSTOM_ID.fullmatch(custom_id):
        yield f"custom_id {quoted(custom_id)} must be 1 to 64 letters, digits, _ or -"


def _params_errors(request: dict[str, Any]) -> Iterator[str]:
    params = request.get("params")
    if params is None:
        hint = (
            "; move the contents of body there"
            if "body" in request
            else "; put model, max_tokens and messages there"
        )
        yield f"params is missing{hint}"
    elif not isinstance(params, dict):
        yield "params is not an object; put model, max_tokens and messages there"
    else:
        yield from params_errors(params)
