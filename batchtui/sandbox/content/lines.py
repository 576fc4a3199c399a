"""Whole result lines: `{"custom_id": …, "result": …}`, one for each request."""

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
LONGEST = 60_000
ASCII_SHARE = 0.04
UNUSUAL_SHARE = 0.03
CHARS_PER_TOKEN = 4
_encoder = msgspec.json.Encoder()


class Writer:
    """Writes the result lines of one batch.

    Args:
        batch: The batch. Its id decides everything that its facts leave open.
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
        """One line, with the line feed.

        Args:
            rng: Where this line's chances come from.
            index: Which request of the batch it answers, from 0.
            outcome: `succeeded`, `errored`, `canceled` or `expired`.
        """
        submitted = self._submitted[index] if self._submitted else None
        result: dict[str, Any] = {"type": outcome}
        if outcome == "succeeded":
            result["message"] = self._answer_to(rng, submitted) if submitted else self._answer(rng)
        elif outcome == "errored":
            result = errored(rng, self._failure(rng, submitted))
        custom_id = submitted.custom_id if submitted else self._custom_id(index)
        return _encode({"custom_id": custom_id, "result": result}, ascii_only=rng.random() < ASCII_SHARE)

    def _failure(self, rng: Random, submitted: Submitted | None) -> Failure:
        """Why a request failed."""
        if submitted is None:
            return random_failure(rng, self._failures)
        return OVERLOADED if submitted.problem is None else (INVALID, submitted.problem)

    def _answer(self, rng: Random) -> dict[str, Any]:
        """The message that answers a request which nobody ever sent."""
        name = rng.choice(UNUSUAL if rng.random() < UNUSUAL_SHARE else self._job.shapes)
        shape = SHAPES[name](rng, self._job)
        return self._message(rng, rng.choice(self._models), shape.text or self._text(rng), shape)

    def _answer_to(self, rng: Random, submitted: Submitted) -> dict[str, Any]:
        """A message that mentions the prompt, and is as short as `max_tokens` demands."""
        text = f"You asked: “{submitted.prompt}”\n\n{self._text(rng)}"
        limit = submitted.max_tokens * CHARS_PER_TOKEN
        shape = Shape(stop_reason="max_tokens" if len(text) > limit else "end_turn")
        return self._message(rng, submitted.model, text[:limit], shape)

    def _text(self, rng: Random) -> str:
        """An answer's text: mostly about as long as is usual for the job, now and then very long."""
        job = self._job
        wanted = min(LONGEST, rng.lognormvariate(math.log(job.length), SPREAD))
        body = job.body(rng, max(1, round(wanted / self._typical)))
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

    def _usage(self, rng: Random, said: int, thought: int, shape: Shape) -> dict[str, Any]:
        """What it cost, in tokens. The system prompt is cached by a few requests and read by the others."""
        written, read = (self._cached, 0) if rng.random() < 0.1 else (0, self._cached)
        return {
            "input_tokens": int(rng.lognormvariate(math.log(self._job.input_tokens), 0.6)) + 8,
            "cache_creation_input_tokens": written,
            "cache_read_input_tokens": read,
            "cache_creation": {"ephemeral_5m_input_tokens": written, "ephemeral_1h_input_tokens": 0},
            "output_tokens": said + thought,
            "output_tokens_details": {"thinking_tokens": thought} if thought else None,
            "server_tool_use": shape.tools_used,
            "service_tier": "batch",
            "inference_geo": "global",
            "speed": None,
        }


def _encode(line: dict[str, Any], *, ascii_only: bool) -> bytes:
    r"""The line as JSON: mostly UTF-8 as it is, sometimes with everything beyond ASCII as `\uXXXX`."""
    if not ascii_only:
        try:
            return _encoder.encode(line) + b"\n"
        except UnicodeEncodeError:
            pass  # half of a surrogate pair can only be written as an escape
    return json.dumps(line, separators=(",", ":")).encode() + b"\n"
