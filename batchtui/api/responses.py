"""From an HTTP response to a value or to one of our errors."""

from __future__ import annotations

import json
import re
import time
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar

import httpx
from pydantic import ValidationError

from batchtui.api.batches import Wire
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
"""A page of 1,000 batches is under 1 MB; more than this is not an answer but an attack or a mistake."""

WEB_PAGE = "The server answered with a web page"
WEB_PAGE_ADVICE = "is the base URL the API's, or does this network ask for a login?"
_WEB_PAGE_TYPES = ("text/html", "application/xhtml+xml")

W = TypeVar("W", bound=Wire)


async def read_body(response: httpx.Response) -> bytes:
    """Return the whole body, decompressed.

    Raises:
        UnexpectedResponse: It is longer than `MAX_BODY_BYTES`, or its encoding is not one we asked for.
    """
    # Not httpx's own decoding: it decompresses each chunk whole, and 256 kB may be 268 MB of zeros.
    decoder = BodyDecoder(response.headers.get("content-encoding", ""), MAX_BODY_BYTES)
    async for chunk in response.aiter_raw():
        decoder.feed(chunk)
    return decoder.finish()


async def read_error_body(response: httpx.Response) -> bytes:
    """Return the body of an error response; empty if it cannot be read, since the status says enough."""
    try:
        return await read_body(response)
    except (ConnectionLost, UnexpectedResponse):
        return b""


def parse(model: type[W], body: bytes, headers: httpx.Headers) -> W:
    """The body as a wire shape.

    Raises:
        UnexpectedResponse: It is not JSON or not of that shape.
    """
    try:
        return model.model_validate_json(_without_surrogates(body))
    except ValidationError as error:
        if is_web_page(headers, body):
            raise UnexpectedResponse(f"{WEB_PAGE}{_trace(headers)}; {WEB_PAGE_ADVICE}") from None
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "body"
        raise UnexpectedResponse(
            f"The answer is not a {model.__name__} ({where}: {first['msg']}){_trace(headers)}; "
            "is the base URL the API's?"
        ) from None


def error_from(response: httpx.Response, body: bytes) -> ApiError:
    """The error that a response of status 300 or above stands for."""
    status, headers = response.status_code, response.headers
    if status < 400:
        return UnexpectedResponse(
            f"The server answered {status} and points elsewhere; redirects are not followed, "
            f"because the key would go along{_trace(headers)}."
        )
    if status == 416:
        return RangeNotSatisfiable(total_bytes(headers.get("content-range", "")), validator(headers))
    found = _object(body)
    inner = found["error"] if isinstance(found.get("error"), dict) else {}
    details = inner["details"] if isinstance(inner.get("details"), dict) else {}
    return status_error_class(status)(
        status,
        _text(inner.get("type")) or NOT_FROM_API,
        _text(inner.get("message")) or response.reason_phrase or "no reason given",
        request_id=headers.get("request-id") or _text(found.get("request_id")),
        retry_after=retry_after(headers),
        should_retry=_verdict(headers.get("x-should-retry")),
        error_code=_text(details.get("error_code")),
    )


def retry_after(headers: httpx.Headers) -> float | None:
    """Seconds that the server asks us to wait: `retry-after-ms`, else `retry-after` (seconds or date).

    Anything else in them is as if they were absent.
    """
    milliseconds = _number(headers.get("retry-after-ms", ""))
    if milliseconds is not None:
        return milliseconds / 1000
    value = headers.get("retry-after", "")
    seconds = _number(value)
    return _until(value) if seconds is None else seconds


def _number(text: str) -> float | None:
    return float(text) if re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?", text.strip()) else None


def _until(date: str) -> float | None:
    """Seconds from now until an HTTP date."""
    at = _seconds(date)
    return None if at is None else max(0.0, at - time.time())


def _seconds(date: str) -> float | None:
    """An HTTP date in seconds since the epoch; None for anything else, such as dates beyond every clock."""
    try:
        moment = parsedate_to_datetime(date)
        return moment.replace(tzinfo=moment.tzinfo or UTC).timestamp()
    except (ValueError, TypeError, OverflowError, IndexError, OSError):
        return None


def validator(headers: httpx.Headers) -> str | None:
    """A strong ETag, else the Last-Modified date, to be sent as `If-Range`."""
    etag: str = headers.get("etag", "")
    modified: str = headers.get("last-modified", "")
    found = modified if etag.startswith("W/") else etag or modified
    return found if re.fullmatch(r"[ -~]+", found) else None  # others cannot be sent back


def server_time(headers: httpx.Headers) -> float | None:
    """The server's time by the `date` header, in seconds since the epoch; None if it gives none."""
    return _seconds(headers.get("date", ""))


def total_bytes(content_range: str) -> int | None:
    """The size after the slash of `bytes 5-9/10` or `bytes */10`; None where it is not told."""
    return whole_number(content_range.partition("/")[2])


def whole_number(text: str) -> int | None:
    """A number of bytes in a header; None for anything else, thousands of digits among them."""
    return int(text) if re.fullmatch(r"[0-9]{1,18}", text) else None


def media_type(headers: httpx.Headers) -> str:
    """The `Content-Type` without its parameters, in lower case; empty if there is none."""
    value: str = headers.get("content-type", "")
    return value.partition(";")[0].strip().lower()


def is_web_page(headers: httpx.Headers, beginning: bytes) -> bool:
    """Whether a response is HTML, by its type or by its first bytes."""
    return media_type(headers) in _WEB_PAGE_TYPES or first_byte(beginning) == b"<"


def first_byte(body: bytes) -> bytes:
    """The first byte that is no blank and no part of a byte order mark; empty if there is none."""
    return body.lstrip(b" \t\r\n\xef\xbb\xbf")[:1]


def _without_surrogates(body: bytes) -> bytes:
    """JSON whose escaped lone surrogates, which no strict reader takes, are replaced as in cleaned text."""
    if b"\\ud" not in body.lower():
        return body
    try:
        return replace_surrogates(json.dumps(json.loads(body), ensure_ascii=False)).encode()
    except (ValueError, RecursionError):
        return body


def _object(body: bytes) -> dict[str, Any]:
    """The body as a JSON object; an empty one if it is none."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _verdict(value: str | None) -> bool | None:
    return {"true": True, "false": False}.get((value or "").lower())


def _trace(headers: httpx.Headers) -> str:
    request_id = headers.get("request-id")
    return f", request id {request_id}" if request_id else ""
