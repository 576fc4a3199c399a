"""The open body of a results call."""

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
"""A body that declares one of these is taken as it is; any other must begin as a JSON object does."""
BLANK_BYTES = 1024 * 1024
"""Most bytes of blanks that are read to find where a body begins."""
_FIRST = re.compile(r"bytes ([0-9]{1,18})-[0-9]{1,18}/")


class ResultStream:
    """Result lines as raw bytes, as they come, never decoded or altered.

    Attributes:
        start: Offset in bytes of the body's first byte within the whole file; 0 where the server
            sent all of it, whatever was asked for.
        total: Size of the whole file in bytes, if the server said so.
        validator: A strong ETag, else the Last-Modified date, to be sent as `If-Range` when resuming.

    Raises:
        UnknownRange: A part that does not say which part it is.
        UnexpectedResponse: The body is compressed, or a web page.
    """

    def __init__(self, response: httpx.Response) -> None:
        encoding = response.headers.get("content-encoding", "identity").strip().lower()
        if encoding not in ("", "identity"):
            raise UnexpectedResponse(
                f"The results came {encoding[:40]}-encoded although plain bytes were asked for."
            )
        if is_web_page(response.headers, b""):
            raise _web_page()
        self._response = response
        self._chunks = response.aiter_raw()
        self._first = b""
        self.start, self.total = _place(response)
        self.validator = validator(response.headers)

    async def check_beginning(self) -> None:
        """Read the first bytes, which the iteration then begins with, and see that they are results.

        Raises:
            UnexpectedResponse: They are a web page, or something else that is not JSON lines.
            ConnectionLost: As the iteration does.
        """
        if self.start:
            return
        while not first_byte(self._first) and len(self._first) < BLANK_BYTES:
            chunk = await self._next()
            if not chunk:
                return
            self._first += chunk
        if is_web_page(self._response.headers, self._first):
            raise _web_page()
        is_declared = media_type(self._response.headers) in JSON_LINES_TYPES
        if not is_declared and first_byte(self._first) != b"{":
            raise UnexpectedResponse("The server answered with something that is not results.")

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Chunks of bytes.

        Raises:
            ConnectionLost: The connection ended or fell silent before the body was whole.
        """
        if self._first:
            yield self._first
        # No chunk size: httpx would hold back what landed until a chunk is full, and lose it in a drop.
        while chunk := await self._next():
            yield chunk

    async def _next(self) -> bytes:
        """The next chunk; empty at the end."""
        try:
            return await anext(self._chunks, b"")
        except httpx.TimeoutException as error:
            raise ConnectionLost("The results stream fell silent.") from error
        except httpx.RequestError as error:
            raise ConnectionLost(f"The results stream broke off ({type(error).__name__}).") from error


def _place(response: httpx.Response) -> tuple[int, int | None]:
    """Offset of the first byte, and size of the whole file if known."""
    headers = response.headers
    if response.status_code != httpx.codes.PARTIAL_CONTENT:
        return 0, whole_number(headers.get("content-length", ""))
    content_range = headers.get("content-range", "")
    first = _FIRST.match(content_range)
    if not first:
        raise UnknownRange("The server sent a part of the results but does not say which (Content-Range).")
    return int(first[1]), total_bytes(content_range)


def _web_page() -> UnexpectedResponse:
    return UnexpectedResponse(f"{WEB_PAGE} instead of results; {WEB_PAGE_ADVICE}")
