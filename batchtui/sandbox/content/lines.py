"""Result lines, `{"custom_id": …, "result": …}`, one per request."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

import msgspec

from batchtui.sandbox.chance import dice, make_id
from batchtui.sandbox.content.failures import INVALID, OVERLOADED, errored, random_failure, usual_failures
from batchtui.sandbox.content.ids import CUSTOM_ID_STYLES
from batchtui.sandbox.content.job import load_job
from batchtui.sandbox.content.shapes import SHAPES, UNUSUAL, Shape, text_block

if TYPE_CHECKING:
    from random import Random

    from batchtui.sandbox.batch import Batch
    from batchtui.sandbox.content.failures import Failure
    from batchtui.sandbox.submission import Submitted

MODELS = (
    "claude-sonnet-4-5-20250929",
    "claude-haiku-4-5-20251001",
    "claude-opus-4-5-20251101",
    "claude-opus-4-1-20250805",
    "claude-3-5-haiku-20241022",
)
SPREAD = 0.9
MAX_LENGTH = 60_000
ASCII_SHARE = 0.04
UNUSUAL_SHARE = 0.03
CHARS_PER_TOKEN = 4
_encoder = msgspec.json.Encoder()


class Writer:
    """Write the result lines of one batch.

    Args:
        batch: The batch. Its ID is the random seed.
    """

    def __init__(self, batch: Batch) -> None:
        rng = dice("writer", batch.id)
        self._job = load_job(batch.job)
        self._submitted = batch.submitted
        self._custom_id = rng.choice(CUSTOM_ID_STYLES)
        self._models = rng.sample(MODELS, rng.choice((1, 1, 1, 2, 3)))
        self._failures = self._job.failures or usual_failures(rng)
        self._cached = rng.choice((0, 0, 0, 1536, 4096))
        lengths = [len(text) for variants in self._job.paragraphs for text in variants]
        self._typical = sum(lengths) / len(lengths)

    def line(self, rng: Random, index: int, outcome: str) -> bytes:
        """Return one line with its line feed.

        Args:
            rng: Random generator for this line.
            index: Index of the request in the batch.
            outcome: `succeeded`, `errored`, `canceled` or `expired`.
        """
        submitted = self._submitted[index] if self._submitted else None
        result: dict[str, Any] = {"type": outcome}
        if outcome == "succeeded":
            result["message"] = self._reply_to(rng, submitted) if submitted else self._made_up_reply(rng)
        elif outcome == "errored":
            result = errored(rng, self._failure(rng, submitted))
        custom_id = submitted.custom_id if submitted else self._custom_id(index)
        return _encode({"custom_id": custom_id, "result": result}, ascii_only=rng.random() < ASCII_SHARE)

    def _failure(self, rng: Random, submitted: Submitted | None) -> Failure:
        """Return the error type and message of a failed request."""
        if submitted is None:
            return random_failure(rng, self._failures)
        return OVERLOADED if submitted.problem is None else (INVALID, submitted.problem)

    def _made_up_reply(self, rng: Random) -> dict[str, Any]:
        """Return a message for a request of the history."""
        name = rng.choice(UNUSUAL if rng.random() < UNUSUAL_SHARE else self._job.shapes)
        shape = SHAPES[name](rng, self._job)
        return self._message(rng, rng.choice(self._models), shape.text or self._text(rng), shape)

    def _reply_to(self, rng: Random, submitted: Submitted) -> dict[str, Any]:
        """Return a message that quotes the prompt and is at most `max_tokens` long."""
        text = f"You asked: “{submitted.prompt}”\n\n{self._text(rng)}"
        limit = submitted.max_tokens * CHARS_PER_TOKEN - 1  # a token that has begun counts
        shape = Shape(stop_reason="max_tokens" if len(text) > limit else "end_turn")
        return self._message(rng, submitted.model, text[:limit], shape)

    def _text(self, rng: Random) -> str:
        """Return the text of a reply, usually of the job's typical length, sometimes very long."""
        job = self._job
        length = min(MAX_LENGTH, rng.lognormvariate(math.log(job.length), SPREAD))
        body = job.body(rng, max(1, round(length / self._typical)))
        return rng.choice(job.openings) + body + rng.choice(job.closings)

    def _message(self, rng: Random, model: str, text: str, shape: Shape) -> dict[str, Any]:
        thinking = sum(len(block.get("thinking", "")) for block in shape.before) // CHARS_PER_TOKEN
        return {
            "model": model,
            "id": make_id(rng, "msg_"),
            "type": "message",
            "role": "assistant",
            "content": [*shape.before, text_block(text, shape.citations), *shape.after],
            "stop_reason": shape.stop_reason,
            "stop_sequence": shape.stop_sequence,
            "stop_details": None,
            "container": None,
            "diagnostics": None,
            **shape.details,
            "usage": self._usage(rng, 1 + len(text) // CHARS_PER_TOKEN, thinking, shape),
        }

    def _usage(self, rng: Random, text_tokens: int, thinking: int, shape: Shape) -> dict[str, Any]:
        """Return the usage. A few requests write the system prompt to the cache, the others read it."""
        written, read = (self._cached, 0) if rng.random() < 0.1 else (0, self._cached)
        return {
            "input_tokens": int(rng.lognormvariate(math.log(self._job.input_tokens), 0.6)) + 8,
            "cache_creation_input_tokens": written,
            "cache_read_input_tokens": read,
            "cache_creation": {"ephemeral_5m_input_tokens": written, "ephemeral_1h_input_tokens": 0},
            "output_tokens": text_tokens + thinking,
            "output_tokens_details": {"thinking_tokens": thinking} if thinking else None,
            "server_tool_use": shape.tools_used,
            "service_tier": "batch",
            "inference_geo": "global",
            "speed": None,
        }


def _encode(line: dict[str, Any], *, ascii_only: bool) -> bytes:
    r"""Encode a line as JSON in UTF-8, or with non-ASCII characters escaped as `\uXXXX`."""
    if not ascii_only:
        try:
            return _encoder.encode(line) + b"\n"
        except UnicodeEncodeError:
            pass  # a lone surrogate can only be written as an escape
    return json.dumps(line, separators=(",", ":")).encode() + b"\n"
