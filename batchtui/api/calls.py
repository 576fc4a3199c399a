"""Log entries of API calls: no headers, no bodies, no key."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple


class Call(NamedTuple):
    """One HTTP call.

    Attributes:
        at: Start time, in seconds since the epoch.
        method: The HTTP method.
        path: The path with the query.
        status: The HTTP status; None without a response.
        seconds: Time until the response headers arrived, or the call failed.
        request_id: The `request-id` header; empty if missing.
        error: Why there is no response; empty if there is one.
    """

    at: float
    method: str
    path: str
    status: int | None
    seconds: float
    request_id: str = ""
    error: str = ""


OnCall = Callable[[Call], None]
"""Callback for every call, on the client's thread."""
