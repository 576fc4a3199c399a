"""Responses: streamed results, gateway errors, and closed or silent connections."""

from __future__ import annotations

import asyncio
import itertools
import re
from typing import TYPE_CHECKING

from starlette.responses import HTMLResponse, Response, StreamingResponse

from batchtui.sandbox.errors import ApiError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.requests import Request
    from starlette.types import Receive, Scope, Send

    from batchtui.sandbox.faults import Faults
    from batchtui.sandbox.results import ResultFile

OPEN_RANGE = re.compile(r"bytes=(\d{1,15})-")
_changes = itertools.count(1)


class Silence(Response):
    """No response: the client must time out."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Wait until the client disconnects."""
        while (await receive())["type"] != "http.disconnect":
            pass


class HangUp(Response):
    """A closed connection without a response."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Close the connection."""
        await scope["hang_up"]()


def gateway_error(status: int, reason: str) -> Response:
    """Return the web page of a proxy that lost its connection to the API."""
    title = f"{status} {reason}"
    return HTMLResponse(f"<html><head><title>{title}</title></head><body>{reason}</body></html>", status)


async def deliver(file: ResultFile, request: Request, faults: Faults) -> Response:
    """Stream a batch's results, from an offset if the client sends one.

    A `Range` other than `bytes=N-` is ignored, as RFC 9110 allows. It is unconfirmed whether the real service
    supports ranges; the fault `no-range` disables them.

    Raises:
        ApiError: The range starts at or after the end (416).
    """
    if faults.number("no-range"):
        start, headers = None, {}
    else:
        etag = f'"{file.digest}-{next(_changes)}"' if faults.number("change-etag") else f'"{file.digest}"'
        start, headers = _start(request, etag), {"accept-ranges": "bytes", "etag": etag}
    if start is not None:
        size = await file.size()
        if start >= size:
            headers = {"content-range": f"bytes */{size}"}
            raise ApiError(416, "invalid_request_error", "Range: not satisfiable", headers=headers)
        headers["content-range"] = f"bytes {start}-{size - 1}/{size}"
    chunks = _with_faults(file.read(start or 0), request, faults)
    return StreamingResponse(chunks, 200 if start is None else 206, headers, media_type="application/x-jsonl")


def _start(request: Request, etag: str) -> int | None:
    """Return the requested offset; None for the whole file, also if `If-Range` does not match."""
    match = OPEN_RANGE.fullmatch(request.headers.get("range", ""))
    if match is None or request.headers.get("if-range", etag) != etag:
        return None
    return int(match[1])


async def _with_faults(
    chunks: AsyncIterator[bytes], request: Request, faults: Faults
) -> AsyncIterator[bytes]:
    """Truncate or slow down the chunks as the faults require."""
    drop, short, slow = (faults.number(name) for name in ("drop-results", "short", "slow-results"))
    left = drop or short
    async for chunk in chunks:
        yield chunk[:left]
        if slow:
            await asyncio.sleep(len(chunk) / slow)
        if left is not None:
            left -= len(chunk)
            if left <= 0:
                break
    if drop and left is not None and left <= 0:
        await request.scope["hang_up"]()
