"""Decompression of response bodies within a size limit."""

from __future__ import annotations

import zlib

from batchtui.api.errors import ConnectionLost, UnexpectedResponse

ACCEPTED = "gzip, deflate"
"""The `Accept-Encoding` header."""
GZIP = 16 + zlib.MAX_WBITS
RAW_DEFLATE = -zlib.MAX_WBITS


class BodyDecoder:
    """Decompress one body incrementally.

    Args:
        encoding: The `Content-Encoding` header: gzip, deflate or none.
        limit: Maximum size of the decompressed body, in bytes.

    Raises:
        UnexpectedResponse: Another encoding, or more than one.
    """

    def __init__(self, encoding: str, limit: int) -> None:
        self._encoding = encoding.strip().lower()
        self._limit = limit
        self._body = bytearray()
        self._zlib: zlib._Decompress | None = None
        if self._encoding not in ("", "identity", "gzip", "x-gzip", "deflate"):
            raise UnexpectedResponse(
                f"The server sent the content encoding {encoding[:40]!r}, which was not requested."
            )

    def feed(self, chunk: bytes) -> None:
        """Add the next bytes.

        Raises:
            UnexpectedResponse: The body is too large.
            ConnectionLost: The data does not match its encoding.
        """
        if self._encoding in ("", "identity"):
            self._body += chunk
        elif chunk:
            self._zlib = self._zlib or zlib.decompressobj(self._window_bits(chunk))
            try:
                self._body += self._zlib.decompress(chunk, self._limit + 1 - len(self._body))
            except zlib.error as error:
                raise ConnectionLost(f"The response is not valid {self._encoding} data.") from error
        if len(self._body) > self._limit:
            raise UnexpectedResponse(f"The response is larger than {self._limit} bytes.")

    def finish(self) -> bytes:
        """Return the whole body.

        Raises:
            ConnectionLost: The compressed body is incomplete.
        """
        if self._zlib and not self._zlib.eof:
            raise ConnectionLost(f"The response ended in the middle of its {self._encoding} data.")
        return bytes(self._body)

    def _window_bits(self, start: bytes) -> int:
        if self._encoding != "deflate":
            return GZIP
        # The standard defines "deflate" as zlib's format; some servers leave out its header.
        return zlib.MAX_WBITS if start[0] & 0x0F == zlib.DEFLATED else RAW_DEFLATE
