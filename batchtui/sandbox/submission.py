"""Reading the body of a create call: what is refused at once, and what only shows in the results.

Memory: the body (256 MB at most) is held once while it is read; of each request only its id, its model, the
beginning of its prompt and its first problem are kept, some 30 MB for 100,000 requests.
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
CUSTOM_ID_LENGTH = 64
KEPT_OF_PROMPT = 120
MAX_DEPTH = 500
NOT_JSON = "The request body is not valid JSON"
NOT_AN_OBJECT = "Input should be a valid dictionary or object"


class Submitted(NamedTuple):
    """What is kept of one request."""

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
    """Check a create body and keep what the results need.

    Args:
        body: The JSON.
        version: The `anthropic-version` that came with it.
        betas: The names in its `anthropic-beta`.

    Raises:
        ApiError: The body breaks a rule that the API checks at once. The message names where.
    """
    from batchtui.sandbox.params import find_problem  # pydantic, which a sandbox need not start with

    requests = _split(body)
    if not requests:
        raise invalid_request("requests: List should have at least 1 item after validation, not 0")
    if len(requests) > MAX_REQUESTS:
        limit = f"List should have at most {MAX_REQUESTS} items after validation, not {len(requests)}"
        raise invalid_request(f"requests: {limit}")
    seen: set[str] = set()
    kept = []
    for number, raw in enumerate(requests):
        custom_id, params = _request(raw, f"requests.{number}")
        if custom_id in seen:
            raise invalid_request(f"requests.{number}.custom_id: Duplicate custom_id: {custom_id}")
        seen.add(custom_id)
        kept.append(_keep(custom_id, params, find_problem(params, version, betas)))
    return kept


def _parse(text: bytes | bytearray | msgspec.Raw, type_: Any = Any, otherwise: str = "") -> Any:  # noqa: ANN401
    """The JSON, of which invalid UTF-8, numbers out of range and very deep nesting are refused.

    Args:
        text: The JSON.
        type_: What it should be.
        otherwise: The message if it is something else.
    """
    try:
        return msgspec.json.decode(text, type=type_)
    except msgspec.ValidationError as error:
        raise invalid_request(otherwise or f"{NOT_JSON}: {error}") from None
    except (ValueError, RecursionError) as error:
        raise invalid_request(f"{NOT_JSON}: {error}") from None


def _split(body: bytes | bytearray) -> list[msgspec.Raw]:
    document = _parse(body, dict[str, msgspec.Raw], NOT_AN_OBJECT)
    if "requests" not in document:
        raise invalid_request("requests: Field required")
    _forbid_others(document, {"requests"})
    requests: list[msgspec.Raw] = _parse(
        document["requests"], list[msgspec.Raw], "requests: Input should be a valid list"
    )
    return requests


def _request(raw: msgspec.Raw, where: str) -> tuple[str, dict[str, Any]]:
    """One item's custom_id and params, besides which it may have nothing."""
    request = _parse(raw)
    if not isinstance(request, dict):
        raise invalid_request(f"{where}: {NOT_AN_OBJECT}")
    if _is_deeper(request, MAX_DEPTH):
        raise invalid_request(f"{NOT_JSON}: nesting is too deep")
    _forbid_others(request, {"custom_id", "params"}, f"{where}.")
    for name in ("custom_id", "params"):
        if name not in request:
            raise invalid_request(f"{where}.{name}: Field required")
    if not isinstance(request["params"], dict):
        raise invalid_request(f"{where}.params: {NOT_AN_OBJECT}")
    return _checked_id(request["custom_id"], f"{where}.custom_id"), request["params"]


def _forbid_others(found: dict[str, Any], known: set[str], where: str = "") -> None:
    for name in found:
        if name not in known:
            raise invalid_request(f"{where}{name}: Extra inputs are not permitted")


def _is_deeper(value: object, depth: int) -> bool:
    """Whether lists and objects are nested deeper than that. How deep the parser goes depends on Python."""
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
    if len(value) > CUSTOM_ID_LENGTH:
        raise invalid_request(f"{where}: String should have at most {CUSTOM_ID_LENGTH} characters")
    if not CUSTOM_ID.fullmatch(value):
        raise invalid_request(f"{where}: String should match pattern '^{CUSTOM_ID.pattern}$'")
    return value


def _keep(custom_id: str, params: dict[str, Any], problem: str | None) -> Submitted:
    if problem is not None:
        return Submitted(custom_id, "", "", 0, problem)
    prompt = _text(params["messages"][-1]["content"])[:KEPT_OF_PROMPT]
    return Submitted(custom_id, sys.intern(params["model"]), prompt, int(params["max_tokens"]), None)


def _text(content: str | list[Any]) -> str:
    if isinstance(content, str):
        return content
    texts = (block.get("text") for block in content if isinstance(block, dict))
    return " ".join(text for text in texts if isinstance(text, str))
