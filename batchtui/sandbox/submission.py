"""Parsing the body of a create call. Some problems reject it immediately, others only fail a request later.

The body (at most 256 MB) is held in memory once. Only the custom_id, model, start of the prompt and first
problem of each request are kept, about 30 MB for 100,000 requests.
"""

from __future__ import annotations

import re
import sys
from typing import Any, NamedTuple

import msgspec

from batchtui.sandbox.errors import invalid_request

# Public API guide, "Batch processing".
MAX_REQUESTS = 100_000
CUSTOM_ID = re.compile(r"[a-zA-Z0-9_-]{1,64}")
MAX_CUSTOM_ID = 64
MAX_PROMPT = 120
MAX_DEPTH = 500
NOT_JSON = "The request body is not valid JSON"
NOT_AN_OBJECT = "Input should be a valid dictionary or object"


class Submitted(NamedTuple):
    """One request, with what its result needs."""

    custom_id: str
    model: str
    prompt: str
    max_tokens: int
    problem: str | None
    overloaded: bool = False

    @property
    def fails(self) -> bool:
        """Whether its result is an error."""
        return self.overloaded or self.problem is not None


def read_requests(
    body: bytes | bytearray, version: str = "2023-06-01", betas: frozenset[str] = frozenset()
) -> list[Submitted]:
    """Parse and check the body of a create call.

    Args:
        body: The JSON.
        version: The `anthropic-version` header.
        betas: The names in the `anthropic-beta` header.

    Raises:
        ApiError: The body violates a rule that the API checks immediately. The message names the location.
    """
    from batchtui.sandbox.params import find_problem  # imports pydantic, which is not needed to start

    requests = _split(body)
    if not requests:
        raise invalid_request("requests: List should have at least 1 item after validation, not 0")
    if len(requests) > MAX_REQUESTS:
        limit = f"List should have at most {MAX_REQUESTS} items after validation, not {len(requests)}"
        raise invalid_request(f"requests: {limit}")
    seen: set[str] = set()
    submitted = []
    for number, raw in enumerate(requests):
        custom_id, params = _request(raw, f"requests.{number}")
        if custom_id in seen:
            raise invalid_request(f"requests.{number}.custom_id: Duplicate custom_id: {custom_id}")
        seen.add(custom_id)
        submitted.append(_submitted(custom_id, params, find_problem(params, version, betas)))
    return submitted


def _parse(text: bytes | bytearray | msgspec.Raw, type_: Any = Any, mismatch: str = "") -> Any:  # noqa: ANN401
    """Parse JSON. Invalid UTF-8, out-of-range numbers and very deep nesting are rejected.

    Args:
        text: The JSON.
        type_: The expected type.
        mismatch: The error message for another type.
    """
    try:
        return msgspec.json.decode(text, type=type_)
    except msgspec.ValidationError as error:
        raise invalid_request(mismatch or f"{NOT_JSON}: {error}") from None
    except (ValueError, RecursionError) as error:
        raise invalid_request(f"{NOT_JSON}: {error}") from None


def _split(body: bytes | bytearray) -> list[msgspec.Raw]:
    document = _parse(body, dict[str, msgspec.Raw], NOT_AN_OBJECT)
    if "requests" not in document:
        raise invalid_request("requests: Field required")
    _forbid_extra(document, {"requests"})
    requests: list[msgspec.Raw] = _parse(
        document["requests"], list[msgspec.Raw], "requests: Input should be a valid list"
    )
    return requests


def _request(raw: msgspec.Raw, where: str) -> tuple[str, dict[str, Any]]:
    """Return one item's custom_id and params."""
    request = _parse(raw)
    if not isinstance(request, dict):
        raise invalid_request(f"{where}: {NOT_AN_OBJECT}")
    if _is_deeper(request, MAX_DEPTH):
        raise invalid_request(f"{NOT_JSON}: nesting is too deep")
    _forbid_extra(request, {"custom_id", "params"}, f"{where}.")
    for name in ("custom_id", "params"):
        if name not in request:
            raise invalid_request(f"{where}.{name}: Field required")
    if not isinstance(request["params"], dict):
        raise invalid_request(f"{where}.params: {NOT_AN_OBJECT}")
    return _checked_id(request["custom_id"], f"{where}.custom_id"), request["params"]


def _forbid_extra(value: dict[str, Any], allowed: set[str], where: str = "") -> None:
    for name in value:
        if name not in allowed:
            raise invalid_request(f"{where}{name}: Extra inputs are not permitted")


def _is_deeper(value: object, depth: int) -> bool:
    """Return whether lists and objects are nested deeper. The parser's own limit depends on Python."""
    level = [value]
    for _ in range(depth):
        level = [
            child
            for node in level
            if isinstance(node, dict | list)
            for child in (node.values() if isinstance(node, dict) else node)
        ]
        if not level:
            return False
    return True


def _checked_id(value: object, where: str) -> str:
    if not isinstance(value, str):
        raise invalid_request(f"{where}: Input should be a valid string")
    if not value:
        raise invalid_request(f"{where}: String should have at least 1 character")
    if len(value) > MAX_CUSTOM_ID:
        raise invalid_request(f"{where}: String should have at most {MAX_CUSTOM_ID} characters")
    if not CUSTOM_ID.fullmatch(value):
        raise invalid_request(f"{where}: String should match pattern '^{CUSTOM_ID.pattern}$'")
    return value


def _submitted(custom_id: str, params: dict[str, Any], problem: str | None) -> Submitted:
    if problem is not None:
        return Submitted(custom_id, "", "", 0, problem)
    prompt = _text(params["messages"][-1]["content"])[:MAX_PROMPT]
    return Submitted(custom_id, sys.intern(params["model"]), prompt, int(params["max_tokens"]), None)


def _text(content: str | list[Any]) -> str:
    if isinstance(content, str):
        return content
    texts = (block.get("text") for block in content if isinstance(block, dict))
    return " ".join(text for text in texts if isinstance(text, str))
