"""Streamed body of a results call."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

import httpx

from batchtui.api.errors import ConnectionLost, UnexpectedResponse, UnknownRange
from batchtui.api.responses import (
    WEB_PAGE,
    WEB_PAGE_ADVICE,
    first_byte,
    is_web_page,
    media_type,
    total_bytes,
    validator,
    whole_number,
)

JSON_LINES_TYPES = frozenset(
    {"application/x-jsonl", "application/jsonl", "application/x-ndjson", "application/ndjson"}
)
"""Bodies of any other type must start with a JSON object."""
MAX_LEADING_SPACE = 1024 * 1024
"""Bytes of white space read to find the first line."""
_CONTENT_RANGE = re.compile(r"bytes ([0-9]{1,18})-[0-9]{1,18}/")


class ResultStream:
    """Result lines as raw, unaltered bytes.

    Attributes:
        start: Offset of the first byte within the whole file; 0 if the server sent the whole file
            despite a range request.
        total: Size of the whole file in bytes; None if unknown.
        validator: A strong ETag or else the Last-Modified date, for `If-Range` when resuming.

    Raises:
        UnknownRange: A partial response without a usable `Content-Range`.
        UnexpectedResponse: The body is compressed or a web page.
    """

    def __init__(self, response: httpx.Response) -> None:
        encoding = response.headers.get("content-encoding", "identity").strip().lower()
        if encoding not in ("", "identity"):
            raise UnexpectedResponse(
                f"The server sent the content encoding {encoding[:40]!r}, which was not requested."
            )
        if is_web_page(response.headers, b""):
            raise _web_page()
        self._response = response
        self._chunks = response.aiter_raw()
        self._head = b""
        self.start, self.total = _byte_range(response)
        self.validator = validator(response.headers)

    async def check_head(self) -> None:
        """Read the first bytes and check that they are JSON lines. The iteration yields them again.

        Raises:
            UnexpectedResponse: A web page, or anything else that is not JSON lines.
            ConnectionLost: The connection closed or timed out.
        """
        if self.start:
            return
        while not first_byte(self._head) and len(self._head) < MAX_LEADING_SPACE:
            chunk = await self._next()
            if not chunk:
                return
            self._head += chunk
        if is_web_page(self._response.headers, self._head):
            raise _web_page()
        is_declared = media_type(self._response.headers) in JSON_LINES_TYPES
        if not is_declared and first_byte(self._head) != b"{":
            raise UnexpectedResponse("The server sent something other than results.")

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Iterate over chunks of bytes.

        Raises:
            ConnectionLost: The connection closed or timed out before the end of the body.
        """
        if self._head:
            yield self._head
        # No chunk size: httpx would buffer bytes until a chunk is full, and lose them with the connection.
        while chunk := await self._next():
            yield chunk

    async def _next(self) -> bytes:
        """Return the next chunk; empty at the end."""
        try:
            return await anext(self._chunks, b"")
        except httpx.TimeoutException as error:
            raise ConnectionLost("The results stream timed out.") from error
        except httpx.RequestError as error:
            raise ConnectionLost(f"The results stream was interrupted ({type(error).__name__}).") from error


def _byte_range(response: httpx.Response) -> tuple[int, int | None]:
    """Return the offset of the first byte, and the size of the whole file if known."""
    headers = response.headers
    if response.status_code != httpx.codes.PARTIAL_CONTENT:
        return 0, whole_number(headers.get("content-length", ""))
    content_range = headers.get("content-range", "")
    match = _CONTENT_RANGE.match(content_range)
    if not match:
        raise UnknownRange("The server sent part of the results without a valid Content-Range header.")
    return int(match[1]), total_bytes(content_range)


def _web_page() -> UnexpectedResponse:
    return UnexpectedResponse(f"{WEB_PAGE} instead of results. {WEB_PAGE_ADVICE}")
