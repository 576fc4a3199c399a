"""Wire models: unknown fields and values are kept."""

from __future__ import annotations

import json

import pytest

from batchtui.api import MessageBatch, ResultLine

BATCH = {
    "id": "msgbatch_1",
    "type": "message_batch",
    "processing_status": "pondering",
    "request_counts": {"processing": 1, "succeeded": 2, "errored": 3, "canceled": 4, "expired": 5, "lost": 6},
    "created_at": "2026-11-20T10:00:00Z",
    "expires_at": "2026-11-21T10:00:00+00:00",
    "ended_at": None,
    "novelty": {"deep": [1]},
}


def line(result: dict[str, object]) -> ResultLine:
    return ResultLine.model_validate({"custom_id": "a", "result": result})


def test_unknown_fields_and_values_are_kept() -> None:
    batch = MessageBatch.model_validate(BATCH)
    assert batch.processing_status == "pondering"
    assert batch.request_counts.total == 15
    assert batch.model_dump(mode="json")["novelty"] == {"deep": [1]}
    assert batch.model_dump(mode="json")["request_counts"]["lost"] == 6


def test_wire_is_the_original_json() -> None:
    text = json.dumps(BATCH, separators=(",", ":"))
    assert MessageBatch.model_validate_json(text).wire == text


@pytest.mark.parametrize(
    "error",
    [
        {
            "type": "error",
            "error": {"type": "overloaded_error", "message": "Busy"},
            "request_id": "req_1",
        },
        {"type": "overloaded_error", "message": "Busy", "request_id": "req_1"},
    ],
    ids=["nested", "flat"],
)
def test_nested_and_flat_errors(error: dict[str, object]) -> None:
    body = line({"type": "errored", "error": error}).result.error
    assert body is not None
    assert (body.error.type, body.error.message, body.request_id) == ("overloaded_error", "Busy", "req_1")


def test_text_after_other_blocks() -> None:
    content = [
        {"type": "thinking", "thinking": "", "signature": "x"},
        {"type": "hologram", "beams": 3},
        {"type": "text", "text": "Hello"},
    ]
    message = line({"type": "succeeded", "message": {"content": content, "usage": {}}}).result.message
    assert message is not None
    assert message.text == "Hello"
    assert message.content[1].model_dump()["beams"] == 3


def test_all_input_tokens_include_the_cache() -> None:
    usage = {
        "input_tokens": 1,
        "output_tokens": 9,
        "cache_read_input_tokens": 20,
        "cache_creation_input_tokens": None,
    }
    message = line({"type": "succeeded", "message": {"usage": usage}}).result.message
    assert message is not None
    assert message.usage.all_input_tokens == 21


def test_unknown_outcome_is_kept() -> None:
    assert line({"type": "postponed", "until": "later"}).result.type == "postponed"
