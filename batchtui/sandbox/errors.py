"""API errors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


class ApiError(Exception):
    """An error sent as `{"type": "error", "error": {"type", "message"}, "request_id"}`.

    Args:
        status: The HTTP status.
        type: The error type, such as `invalid_request_error`.
        message: The error message.
        headers: Additional response headers.
        details: The error's `details` object, if any.
    """

    def __init__(
        self,
        status: int,
        type: str,  # noqa: A002 (name in the API)
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
    """Return a 400 error."""
    return ApiError(400, "invalid_request_error", message)


def not_found(message: str) -> ApiError:
    """Return a 404 error."""
    return ApiError(404, "not_found_error", message)
