"""The open body of a results call."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx

from batchtui.api.errors import ConnectionLost, UnexpectedResponse
from batchtui.api.responses import total_bytes, whole_number


class ResultStream:
    """Result lines as raw bytes, as they come, never decoded or altered.

    Attributes:
        start: Offset in bytes of the body's first byte within the whole file; 0 where the server
            sent all of it, whatever was asked for.
        total: Size of the whole file in bytes, if the server said so.
        validator: A strong ETag, else the Last-Modified date, to be sent as `If-Range` when resuming.
    """

    def __init__(self, response: httpx.Response) -> None:
        encoding = response.headers.get("content-encoding", "identity").strip().lower()
        if encoding not in ("", "identity"):
            raise UnexpectedResponse(
                f"The results came {encoding}-encoded although plain bytes were asked for."
            )
        self._response = response
        self.start, self.total = _place(response)
        self.validator = _validator(response.headers)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Chunks of bytes.

        Raises:
            ConnectionLost: The connection ended or fell silent before the body was whole.
        """
        try:
            # No chunk size: httpx would hold back what landed until a chunk is full, and lose it in a drop.
            async for chunk in self._response.aiter_raw():
                yield chunk
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
    first = whole_number(content_range.removeprefix("bytes ").partition("-")[0])
    if first is None:
        raise UnexpectedResponse(
            "The server sent a part of the results but does not say which (Content-Range)."
        )
    return first, total_bytes(content_range)


def _validator(headers: httpx.Headers) -> str | None:
    etag: str = headers.get("etag", "")
    modified: str = headers.get("last-modified", "")
    return (modified if etag.startswith("W/") else etag or modified) or None
