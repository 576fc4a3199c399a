"""Conversion of HTTP responses to wire models and errors."""

from __future__ import annotations

import json
import re
import time
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar

import httpx
from pydantic import ValidationError

from batchtui.api.batches import WireModel
from batchtui.api.decoding import BodyDecoder
from batchtui.api.errors import (
    NOT_FROM_API,
    ApiError,
    ConnectionLost,
    RangeNotSatisfiable,
    UnexpectedResponse,
    status_error_class,
)
from batchtui.text import replace_surrogates

MAX_BODY_BYTES = 64 * 1024 * 1024
"""A page of 1,000 batches is under 1 MB."""

WEB_PAGE = "The server returned a web page"
WEB_PAGE_ADVICE = "Check the base URL, and whether this network requires a login."
_WEB_PAGE_TYPES = ("text/html", "application/xhtml+xml")

W = TypeVar("W", bound=WireModel)


async def read_body(response: httpx.Response) -> bytes:
    """Return the whole body, decompressed.

    Raises:
        UnexpectedResponse: It is larger than `MAX_BODY_BYTES`, or has an encoding that was not requested.
        ConnectionLost: The compressed data is invalid or incomplete.
    """
    # httpx would decompress each chunk without a limit: 256 kB may be 268 MB of zeros.
    decoder = BodyDecoder(response.headers.get("content-encoding", ""), MAX_BODY_BYTES)
    async for chunk in response.aiter_raw():
        decoder.feed(chunk)
    return decoder.finish()


async def read_error_body(response: httpx.Response) -> bytes:
    """Return the body of an error response; empty if it cannot be read, because the status is enough."""
    try:
        return await read_body(response)
    except (ConnectionLost, UnexpectedResponse):
        return b""


def parse(model: type[W], body: bytes, headers: httpx.Headers) -> W:
    """Parse a body as a wire model.

    Raises:
        UnexpectedResponse: It is not JSON, or does not match the model.
    """
    try:
        return model.model_validate_json(_without_surrogates(body))
    except ValidationError as error:
        if is_web_page(headers, body):
            raise UnexpectedResponse(f"{WEB_PAGE}{_trace(headers)}. {WEB_PAGE_ADVICE}") from None
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "body"
        raise UnexpectedResponse(
            f"The response is not a {model.__name__} ({where}: {first['msg']}){_trace(headers)}. "
            "Check the base URL."
        ) from None


def error_from(response: httpx.Response, body: bytes) -> ApiError:
    """Return the error for a response with a status of 300 or above."""
    status, headers = response.status_code, response.headers
    if status < 400:
        return UnexpectedResponse(
            f"Redirect refused, to protect the API key ({status}{_trace(headers)}). Check the base URL."
        )
    if status == 416:
        return RangeNotSatisfiable(total_bytes(headers.get("content-range", "")), validator(headers))
    parsed = _object(body)
    inner = parsed["error"] if isinstance(parsed.get("error"), dict) else {}
    details = inner["details"] if isinstance(inner.get("details"), dict) else {}
    return status_error_class(status)(
        status,
        _text(inner.get("type")) or NOT_FROM_API,
        _text(inner.get("message")) or response.reason_phrase or "no reason given",
        request_id=headers.get("request-id") or _text(parsed.get("request_id")),
        retry_after=retry_after(headers),
        should_retry=_boolean(headers.get("x-should-retry")),
        error_code=_text(details.get("error_code")),
    )


def retry_after(headers: httpx.Headers) -> float | None:
    """Return the seconds to wait by `retry-after-ms`, else by `retry-after` (seconds or date).

    Malformed values are ignored.
    """
    milliseconds = _number(headers.get("retry-after-ms", ""))
    if milliseconds is not None:
        return milliseconds / 1000
    value = headers.get("retry-after", "")
    seconds = _number(value)
    if seconds is not None:
        return seconds
    date = _timestamp(value)
    return None if date is None else max(0.0, date - time.time())


def _number(text: str) -> float | None:
    return float(text) if re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?", text.strip()) else None


def _timestamp(date: str) -> float | None:
    """Convert an HTTP date to seconds since the epoch; None if it is malformed or out of range."""
    try:
        parsed = parsedate_to_datetime(date)
        return parsed.replace(tzinfo=parsed.tzinfo or UTC).timestamp()
    except (ValueError, TypeError, OverflowError, IndexError, OSError):
        return None


def validator(headers: httpx.Headers) -> str | None:
    """Return a strong ETag, else the Last-Modified date, for `If-Range`."""
    etag: str = headers.get("etag", "")
    modified: str = headers.get("last-modified", "")
    value = modified if etag.startswith("W/") else etag or modified
    return value if re.fullmatch(r"[ -~]+", value) else None  # others are not valid in a request header


def server_time(headers: httpx.Headers) -> float | None:
    """Return the `date` header in seconds since the epoch; None if missing or malformed."""
    return _timestamp(headers.get("date", ""))


def total_bytes(content_range: str) -> int | None:
    """Return the size after the slash of `bytes 5-9/10` or `bytes */10`; None if missing."""
    return whole_number(content_range.partition("/")[2])


def whole_number(text: str) -> int | None:
    """Parse a number of bytes in a header; None if malformed or absurdly long."""
    return int(text) if re.fullmatch(r"[0-9]{1,18}", text) else None


def media_type(headers: httpx.Headers) -> str:
    """Return the `Content-Type` without parameters, in lower case; empty if missing."""
    value: str = headers.get("content-type", "")
    return value.partition(";")[0].strip().lower()


def is_web_page(headers: httpx.Headers, start: bytes) -> bool:
    """Return whether a response is HTML, by its type or its first bytes."""
    return media_type(headers) in _WEB_PAGE_TYPES or first_byte(start) == b"<"


def first_byte(body: bytes) -> bytes:
    """Return the first byte after white space and a byte order mark; empty if there is none."""
    return body.lstrip(b" \t\r\n\xef\xbb\xbf")[:1]


def _without_surrogates(body: bytes) -> bytes:
    """Replace escaped lone surrogates, which strict JSON parsers reject."""
    if b"\\ud" not in body.lower():
        return body
    try:
        return replace_surrogates(json.dumps(json.loads(body), ensure_ascii=False)).encode()
    except (ValueError, RecursionError):
        return body


def _object(body: bytes) -> dict[str, Any]:
    """Parse the body as a JSON object; empty if it is not one."""
    try:
        parsed = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return parsed if isinstance(parsed, dict) else {}


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _boolean(value: str | None) -> bool | None:
    return {"true": True, "false": False}.get((value or "").lower())


def _trace(headers: httpx.Headers) -> str:
    request_id = headers.get("request-id")
    return f", request id {request_id}" if request_id else ""
