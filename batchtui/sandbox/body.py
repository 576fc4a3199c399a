"""The body of a create call: its size and its compression."""

from __future__ import annotations

import gzip
import io
import zlib
from typing import TYPE_CHECKING

from batchtui.sandbox.errors import ApiError

if TYPE_CHECKING:
    from starlette.requests import Request

# Public API guide, "Batch processing".
MAX_BYTES = 256_000_000


async def receive(request: Request) -> bytearray:
    """The whole body as it was sent, refused as soon as it is known to be too large.

    Raises:
        ApiError: It has more than `MAX_BYTES`.
    """
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > MAX_BYTES:
        raise _too_large()
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BYTES:
            raise _too_large()
    return body


def decode(body: bytes | bytearray, encodings: list[str]) -> bytes | bytearray:
    """The body without its compression: gzip is known, and a small body that grows too large is refused.

    The error codes are those that the official SDK has classes for.

    Args:
        body: What was received.
        encodings: The values of the `content-encoding` headers.

    Raises:
        ApiError: The encoding is not supported, the body is not of that encoding, or it is too large.
    """
    names = [name.strip().lower() for name in ",".join(encodings).split(",")]
    encoding = [name for name in names if name not in ("", "identity")]
    if not encoding:
        return body
    if encoding not in (["gzip"], ["x-gzip"]):
        raise _bad_encoding(
            "unsupported", f"Content-Encoding: {', '.join(encoding)!r} is not supported; use gzip"
        )
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(body)) as file:
            decoded = file.read(MAX_BYTES + 1)
    except (OSError, EOFError, zlib.error):
        raise _bad_encoding("invalid", "The request body is not valid gzip") from None
    if len(decoded) > MAX_BYTES:
        raise _too_large({"error_code": "request_body_too_large_after_decoding"})
    return decoded


def _bad_encoding(how: str, message: str) -> ApiError:
    details = {"error_code": f"request_body_encoding_{how}"}
    return ApiError(400, "invalid_request_error", message, details=details)


def _too_large(details: dict[str, str] | None = None) -> ApiError:
    return ApiError(413, "request_too_large", "Request exceeds the maximum size", details=details)
