"""The wire shape of one line of results. Source: public API reference, Message Batches results."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator

from batchtui.api.batches import Wire
from batchtui.api.messages import Message


class ErrorDetail(Wire):
    """What failed: `type` is an open set (`invalid_request_error`, `overloaded_error`, …)."""

    type: str = ""
    message: str = ""
    details: Any = None


class ErrorBody(Wire):
    """The error of one request, with the request id that support asks for."""

    type: str = "error"
    error: ErrorDetail
    request_id: str | None = None


def _nest(value: Any) -> Any:  # noqa: ANN401 - anything may come over the wire
    """Reads the flat form `{"type": "invalid_request", "message": …}` as the nested one."""
    if isinstance(value, dict) and not isinstance(value.get("error"), dict):
        flat = {key: value[key] for key in ("type", "message", "details") if value.get(key) is not None}
        return {**value, "type": "error", "error": flat}
    return value


class Result(Wire):
    """The outcome of one request: `succeeded`, `errored`, `canceled` or `expired`; an open set."""

    type: str
    message: Message | None = None
    error: Annotated[ErrorBody, BeforeValidator(_nest)] | None = None


class ResultLine(Wire):
    """One line of a results file. Lines come in any order: `custom_id` says which request it answers."""

    custom_id: str
    result: Result
