"""Reading and decompressing the body of a create call."""

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
    """Read the whole body, or reject it as soon as it is too large.

    Raises:
        ApiError: It is larger than `MAX_BYTES`.
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
    """Decompress a body. Only gzip is supported, up to `MAX_BYTES` of decompressed data.

    The error codes are those for which the official SDK has exception classes.

    Args:
        body: The received bytes.
        encodings: Values of the `content-encoding` headers.

    Raises:
        ApiError: The encoding is not supported, the data is invalid, or it is too large.
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


def _bad_encoding(reason: str, message: str) -> ApiError:
    details = {"error_code": f"request_body_encoding_{reason}"}
    return ApiError(400, "invalid_request_error", message, details=details)


def _too_large(details: dict[str, str] | None = None) -> ApiError:
    return ApiError(413, "request_too_large", "Request exceeds the maximum size", details=details)
