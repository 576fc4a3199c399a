"""Wire models of result lines. Source: public API reference, Message Batches results."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator

from batchtui.api.batches import WireModel
from batchtui.api.messages import Message


class ErrorDetail(WireModel):
    """An error. `type` is an open set (`invalid_request_error`, `overloaded_error`, …)."""

    type: str = ""
    message: str = ""
    details: Any = None


class ErrorBody(WireModel):
    """Error of one request, with its request ID."""

    type: str = "error"
    error: ErrorDetail
    request_id: str | None = None


def _nest(value: Any) -> Any:  # noqa: ANN401 - unvalidated JSON
    """Convert the flat form `{"type": "invalid_request", "message": …}` to the nested one."""
    if isinstance(value, dict) and not isinstance(value.get("error"), dict):
        flat = {key: value[key] for key in ("type", "message", "details") if value.get(key) is not None}
        return {**value, "type": "error", "error": flat}
    return value


class Result(WireModel):
    """Outcome of one request: `succeeded`, `errored`, `canceled` or `expired`; an open set."""

    type: str
    message: Message | None = None
    error: Annotated[ErrorBody, BeforeValidator(_nest)] | None = None


class ResultLine(WireModel):
    """One line of a results file. Lines are in any order, matched to requests by `custom_id`."""

    custom_id: str
    result: Result
