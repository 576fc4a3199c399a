"""Reading the body of a create call: what is refused at once, and what only shows in the results.

Memory: the body (256 MB at most) is held once while it is read; of each request only its id, its model, the
beginning of its prompt and its first problem are kept, some 30 MB for 100,000 requests.
"""

from __future__ import annotations

import re
import sys
from typing import Any, NamedTuple

import msgspec

from batchtui.sandbox.errors import ApiError, invalid_request

# Public API guide, "Batch processing".
MAX_BYTES = 256_000_000
MAX_REQUESTS = 100_000
CUSTOM_ID = re.compile(r"[a-zA-Z0-9_-]{1,64}")
CUSTOM_ID_LENGTH = 64
FORBIDDEN = ("speed", "store", "previous_thread_event_id", "cache_hint", "context_hint")
KEPT_OF_PROMPT = 120


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


class _Request(msgspec.Struct):
    custom_id: msgspec.Raw = msgspec.Raw()
    params: msgspec.Raw = msgspec.Raw()


def too_large() -> ApiError:
    """The refusal of a body above 256 MB."""
    return ApiError(413, "request_too_large", "Request exceeds the maximum size")


def read_requests(body: bytes | bytearray) -> list[Submitted]:
    """Check a create body and keep what the results need.

    Raises:
        ApiError: The body breaks a rule that the API checks at once. The message names where.
    """
    requests = _split(body)
    if not requests:
        raise invalid_request("requests: List should have at least 1 item after validation, not 0")
    if len(requests) > MAX_REQUESTS:
        limit = f"List should have at most {MAX_REQUESTS} items after validation, not {len(requests)}"
        raise invalid_request(f"requests: {limit}")
    seen: set[str] = set()
    kept = []
    for number, raw in enumerate(requests):
        custom_id = _custom_id(raw, number)
        if custom_id in seen:
            raise invalid_request(f"requests.{number}.custom_id: Duplicate custom_id: {custom_id}")
        seen.add(custom_id)
        kept.append(_keep(custom_id, _params(raw, number)))
    return kept


def _split(body: bytes | bytearray) -> list[_Request]:
    try:
        document = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
    except msgspec.DecodeError as error:
        raise invalid_request(f"The request body is not valid JSON: {error}") from None
    if "requests" not in document:
        raise invalid_request("requests: Field required")
    for extra in document.keys() - {"requests"}:
        raise invalid_request(f"{extra}: Extra inputs are not permitted")
    try:
        return msgspec.json.decode(document["requests"], type=list[_Request])
    except msgspec.DecodeError:
        raise invalid_request("requests: Input should be a valid list of objects") from None


def _custom_id(raw: _Request, number: int) -> str:
    where = f"requests.{number}.custom_id"
    if not raw.custom_id:
        raise invalid_request(f"{where}: Field required")
    value = msgspec.json.decode(raw.custom_id)
    if not isinstance(value, str):
        raise invalid_request(f"{where}: Input should be a valid string")
    if not value:
        raise invalid_request(f"{where}: String should have at least 1 character")
    if len(value) > CUSTOM_ID_LENGTH:
        raise invalid_request(f"{where}: String should have at most {CUSTOM_ID_LENGTH} characters")
    if not CUSTOM_ID.fullmatch(value):
        raise invalid_request(f"{where}: String should match pattern '^{CUSTOM_ID.pattern}$'")
    return value


def _params(raw: _Request, number: int) -> dict[str, Any]:
    where = f"requests.{number}.params"
    if not raw.params:
        raise invalid_request(f"{where}: Field required")
    value = msgspec.json.decode(raw.params)
    if not isinstance(value, dict):
        raise invalid_request(f"{where}: Input should be an object")
    return value


def _keep(custom_id: str, params: dict[str, Any]) -> Submitted:
    problem = find_problem(params)
    if problem is not None:
        return Submitted(custom_id, "", "", 0, problem)
    prompt = _text(params["messages"][-1]["content"])[:KEPT_OF_PROMPT]
    return Submitted(custom_id, sys.intern(params["model"]), prompt, params["max_tokens"], None)


def find_problem(params: dict[str, Any]) -> str | None:
    """What is wrong with one request's params; the API tells only in the results.

    Returns:
        The message of the first problem, or None.
    """
    for name in ("model", "messages", "max_tokens"):
        if name not in params:
            return f"{name}: Field required"
    if not isinstance(params["model"], str):
        return "model: Input should be a valid string"
    max_tokens = params["max_tokens"]
    if not isinstance(max_tokens, int) or isinstance(max_tokens, bool):
        return "max_tokens: Input should be a valid integer"
    if max_tokens < 1:
        return "max_tokens: Input should be greater than or equal to 1"
    if params.get("stream"):
        return "stream: Streaming is not supported in a batch"
    forbidden = next((name for name in FORBIDDEN if name in params), None)
    return f"{forbidden}: Extra inputs are not permitted" if forbidden else _problem_in(params["messages"])


def _problem_in(messages: object) -> str | None:
    if not isinstance(messages, list):
        return "messages: Input should be a valid list"
    if not messages:
        return "messages: at least one message is required"
    for number, message in enumerate(messages):
        if not isinstance(message, dict) or not isinstance(message.get("content"), str | list):
            return f"messages.{number}.content: Field required"
        if message.get("role") not in ("user", "assistant", "system"):
            return f"messages.{number}.role: Input should be 'user' or 'assistant'"
        if not message["content"]:
            return f"messages.{number}: all messages must have non-empty content"
    return None


def _text(content: str | list[Any]) -> str:
    if isinstance(content, str):
        return content
    texts = (block.get("text") for block in content if isinstance(block, dict))
    return " ".join(text for text in texts if isinstance(text, str))
