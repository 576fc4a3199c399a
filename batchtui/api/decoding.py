"""Decompresses a response body within a bound, whatever the server claims about it."""

from __future__ import annotations

import zlib

from batchtui.api.errors import ConnectionLost, UnexpectedResponse

ACCEPTED = "gzip, deflate"
"""What to send as `Accept-Encoding`."""
GZIP = 16 + zlib.MAX_WBITS
RAW_DEFLATE = -zlib.MAX_WBITS


class BodyDecoder:
    """Collects one body and decompresses it as it comes.

    Args:
        encoding: The `Content-Encoding` header; one of gzip and deflate, or none.
        limit: Most bytes that the body may have once it is decompressed.

    Raises:
        UnexpectedResponse: Another encoding, or a chain of them.
    """

    def __init__(self, encoding: str, limit: int) -> None:
        self._encoding = encoding.strip().lower()
        self._limit = limit
        self._body = bytearray()
        self._zlib: zlib._Decompress | None = None
        if self._encoding not in ("", "identity", "gzip", "x-gzip", "deflate"):
            raise UnexpectedResponse(
                f"The answer came with the encoding {encoding[:40]!r}, which was not asked for."
            )

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes.

        Raises:
            UnexpectedResponse: The body is too long.
            ConnectionLost: It is not compressed as it claims.
        """
        if self._encoding in ("", "identity"):
            self._body += chunk
        elif chunk:
            self._zlib = self._zlib or zlib.decompressobj(self._window(chunk))
            try:
                self._body += self._zlib.decompress(chunk, self._limit + 1 - len(self._body))
            except zlib.error as error:
                raise ConnectionLost(
                    f"The answer is not the {self._encoding} data that it claims to be."
                ) from error
        if len(self._body) > self._limit:
            raise UnexpectedResponse(f"The answer is larger than {self._limit} bytes; gave up reading it.")

    def finish(self) -> bytes:
        """Return the whole body.

        Raises:
            ConnectionLost: The compressed body ends too early.
        """
        if self._zlib and not self._zlib.eof:
            raise ConnectionLost(f"The answer broke off in the middle of its {self._encoding} data.")
        return bytes(self._body)

    def _window(self, beginning: bytes) -> int:
        if self._encoding != "deflate":
            return GZIP
        # "deflate" is zlib's format by the standard; some servers send it without zlib's header.
        return zlib.MAX_WBITS if beginning[0] & 0x0F == zlib.DEFLATED else RAW_DEFLATE
