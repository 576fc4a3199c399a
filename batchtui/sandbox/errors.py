"""Errors in the shape in which the API answers them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


class ApiError(Exception):
    """A refusal that is answered as `{"type": "error", "error": {"type", "message"}, "request_id"}`.

    Args:
        status: The HTTP status.
        type: The error type, for instance `invalid_request_error`.
        message: What is wrong, for a person.
        headers: Extra response headers.
        details: The error's `details` object, if it has one.
    """

    def __init__(
        self,
        status: int,
        type: str,  # noqa: A002 (the API's word)
        message: str,
        *,
        headers: Mapping[str, str] | None = None,
        details: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.headers = dict(headers or {})
        self.error: dict[str, Any] = {"type": type, "message": message}
        if details is not None:
            self.error["details"] = details


def invalid_request(message: str) -> ApiError:
    """The request is wrong: sending it again unchanged will not help."""
    return ApiError(400, "invalid_request_error", message)


def not_found(message: str) -> ApiError:
    """What was asked for is not here."""
    return ApiError(404, "not_found_error", message)
