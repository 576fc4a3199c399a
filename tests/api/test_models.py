"""Wire models: unknown fields and values are kept."""

from __future__ import annotations

import json

from batchtui.api import MessageBatch

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


def test_unknown_fields_and_values_are_kept() -> None:
    batch = MessageBatch.model_validate(BATCH)
    assert batch.processing_status == "pondering"
    assert batch.request_counts.total == 15
    assert batch.model_dump(mode="json")["novelty"] == {"deep": [1]}
    assert batch.model_dump(mode="json")["request_counts"]["lost"] == 6


def test_wire_is_the_original_json() -> None:
    text = json.dumps(BATCH, separators=(",", ":"))
    assert MessageBatch.model_validate_json(text).wire == text
