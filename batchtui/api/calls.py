"""What a client has asked, for the person who wants to know: no header, no body, no key."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple


class Call(NamedTuple):
    """One HTTP call.

    Attributes:
        at: When it was made, in seconds since the epoch.
        method: Such as `GET`.
        path: The path and the query.
        status: The HTTP status; None where no answer came.
        seconds: Until the headers of the answer were here.
        request_id: What support asks for; empty where none came.
        error: Why no answer came; empty where one did.
    """

    at: float
    method: str
    path: str
    status: int | None
    seconds: float
    request_id: str = ""
    error: str = ""


OnCall = Callable[[Call], None]
"""Told of every call, on the client's own thread."""
