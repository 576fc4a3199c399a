"""Error types and messages of failed requests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from batchtui.sandbox.chance import make_id

if TYPE_CHECKING:
    from collections.abc import Sequence
    from random import Random

    Failure = tuple[str, str]

INVALID = "invalid_request_error"
OVERLOADED = ("overloaded_error", "Overloaded")
FAILURES: tuple[Failure, ...] = (
    (INVALID, "prompt is too long: {tokens} tokens > 200000 maximum"),
    (INVALID, "prompt is too long: {tokens} tokens > 200000 maximum"),
    (
        INVALID,
        "max_tokens: {tokens} > 64000, which is the maximum allowed number of output tokens for this model",
    ),
    (INVALID, "messages.0.content.1: image exceeds 5 MB maximum: {bytes} bytes > 5242880 bytes"),
    (INVALID, "messages.{n}: all messages must have non-empty content"),
    (INVALID, "tools.{n}.custom.input_schema: JSON schema is invalid: 'strng' is not a valid type"),
    (INVALID, "messages.{n}: `tool_use` ids were found without `tool_result` blocks right after: {tool}"),
    (INVALID, "Output blocked by content filtering policy"),
    ("not_found_error", "model: claude-3-sonnet-20240229"),
    ("permission_error", "Your API key does not have permission to use the specified resource."),
    ("billing_error", "Your credit balance is too low to access the API."),
    (
        "rate_limit_error",
        "This request would exceed your organization’s rate limit of input tokens per minute.",
    ),
    ("timeout_error", "The request took longer than allowed to process."),
    ("api_error", "Internal server error"),
    ("api_error", "Internal server error"),
    OVERLOADED,
    OVERLOADED,
    (INVALID, "messages.{n}.content.0.image.source: Field required"),
)


def usual_failures(rng: Random) -> Sequence[Failure]:
    """Choose the few errors of one batch, each repeated by its frequency."""
    first, second, third, fourth = rng.sample(FAILURES, 4)
    return (first,) * 6 + (second,) * 3 + (third, fourth)


def random_failure(rng: Random, failures: Sequence[Failure]) -> Failure:
    """Choose one of the failures and fill in its numbers."""
    error_type, message = rng.choice(failures)
    return error_type, (
        message.replace("{tokens}", str(rng.randint(200_100, 930_000)))
        .replace("{bytes}", str(rng.randint(5_250_000, 19_000_000)))
        .replace("{n}", str(rng.randint(0, 6)))
        .replace("{tool}", make_id(rng, "toolu_"))
    )


def errored(rng: Random, failure: Failure) -> dict[str, Any]:
    """Return the result of a failed request. Its request ID may be null, its details null or missing."""
    error_type, message = failure
    details = rng.choice(({}, {"details": None}))
    request_id = rng.choice((make_id(rng, "req_"), None, None))
    error = {"type": error_type, "message": message, **details}
    return {"type": "errored", "error": {"type": "error", "error": error, "request_id": request_id}}
