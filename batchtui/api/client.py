"""Async client for the Message Batches API."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Any, Protocol, Self, TypeVar

import httpx

from batchtui.api.batches import BatchPage, DeletedMessageBatch, MessageBatch
from batchtui.api.calls import Call, OnCall
from batchtui.api.decoding import ACCEPTED
from batchtui.api.errors import (
    ConnectionLost,
    NotReachable,
    OutcomeUnknown,
    RangeNotSatisfiable,
    ReadOnlySession,
    StatusError,
    TimedOut,
    UnexpectedResponse,
    UnusableId,
    safe_text,
)
from batchtui.api.proxies import proxy_for
from batchtui.api.responses import error_from, parse, read_body, read_error_body, server_time
from batchtui.api.retry import RetryPolicy
from batchtui.api.stream import ResultStream
from batchtui.config import Profile
from batchtui.text import is_plain_id

BATCHES = "/v1/messages/batches"
BatchModel = TypeVar("BatchModel", MessageBatch, DeletedMessageBatch)
TIMEOUT = httpx.Timeout(60.0, connect=10.0)
"""Seconds without a byte. The totals below also stop servers that send slowly."""
CALL_SECONDS = 60.0
"""Total time of one attempt, to the end of the response; for results, to the end of the headers."""
CREATE_SECONDS = 600.0
"""Total time for the response to a create once its body is sent: the server reads up to 256 MB first."""
CHUNK_BYTES = 256 * 1024


class RequestBody(Protocol):
    """A create body that can be streamed."""

    @property
    def size(self) -> int:
        """Total size in bytes."""

    def __aiter__(self) -> AsyncIterator[bytes]:
        """Iterate over chunks of bytes."""


class BatchesClient:
    """An async client for one profile, that is, one base URL and key.

    Use it as an async context manager, on one event loop. The key is sent only to the profile's origin:
    redirects are refused, and a batch's `results_url` is never requested. All calls but `create` are
    retried.

    Args:
        profile: Base URL and credentials.
        retry: Number of attempts and waits between them.
        on_call: Called after every HTTP call.
        call_seconds: Total time of one attempt; for results, to the end of the headers.
        create_seconds: Total time for the response to a create once its body is sent.

    Raises:
        NotReachable: A proxy or certificates from the environment cannot be used.
    """

    def __init__(
        self,
        profile: Profile,
        *,
        retry: RetryPolicy | None = None,
        on_call: OnCall | None = None,
        call_seconds: float = CALL_SECONDS,
        create_seconds: float = CREATE_SECONDS,
    ) -> None:
        self._retry = retry or RetryPolicy()
        self._on_call = on_call or (lambda _: None)
        self._call_seconds = call_seconds
        self._create_seconds = create_seconds
        self._create_timeout = httpx.Timeout(**TIMEOUT.as_dict() | {"read": create_seconds})
        self.base_url = profile.base_url
        self._is_read_only = profile.read_only
        self.server_time: float | None = None
        """The `date` of the last response, in seconds since the epoch; None if missing."""
        plain = profile.base_url.startswith("http://")
        try:
            self._http = httpx.AsyncClient(
                base_url=profile.base_url,
                headers=_headers(profile),
                timeout=TIMEOUT,
                follow_redirects=False,
                # Plain HTTP is for loopback only: a proxy would see the key, and loading the certificate
                # store would cost 15 ms.
                trust_env=not plain,
                verify=not plain,
            )
        except (ImportError, OSError, ValueError, httpx.InvalidURL):
            # The original message may contain the proxy's password.
            raise NotReachable(_BAD_ENVIRONMENT) from None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close all connections."""
        await self._http.aclose()

    async def create(self, requests: Iterable[Mapping[str, Any]]) -> MessageBatch:
        """Create a batch of 1 to 100,000 requests `{"custom_id", "params"}`, at most 256 MB.

        Never retried, because the API would run and bill the batch twice.

        Raises:
            OutcomeUnknown: No clear response. The batch may exist, so list before retrying.
            ApiError: It was not created.
        """
        body = json.dumps({"requests": list(requests)}, ensure_ascii=False, separators=(",", ":")).encode()
        return await self._create(_chunks(body), len(body))

    async def create_from(self, body: RequestBody) -> MessageBatch:
        """Create a batch from a streamed body. See `create`."""
        return await self._create(body, body.size)

    async def _create(self, body: AsyncIterable[bytes], size: int) -> MessageBatch:
        self._check_writable()
        headers = {"content-type": "application/json", "content-length": str(size)}
        try:
            async with self._deadline(self._create_seconds) as restart:
                content = _restarting(restart, body)
                response, response_body = await self._send(
                    "POST", BATCHES, content=content, headers=headers, timeout=self._create_timeout
                )
            return parse(MessageBatch, response_body, response.headers)
        except NotReachable as error:
            if isinstance(error.__cause__, httpx.ConnectError | httpx.ConnectTimeout):
                raise  # nothing was sent
            raise OutcomeUnknown(str(error)) from error
        except StatusError as error:
            if error.is_refusal:
                raise
            raise OutcomeUnknown(str(error)) from error
        except (ConnectionLost, UnexpectedResponse, RangeNotSatisfiable) as error:
            raise OutcomeUnknown(str(error)) from error

    async def retrieve(self, batch_id: str) -> MessageBatch:
        """Return a batch."""
        response, body = await self._call("GET", _path(batch_id))
        return _checked(batch_id, parse(MessageBatch, body, response.headers))

    async def list(
        self, *, limit: int = 20, after_id: str | None = None, before_id: str | None = None
    ) -> BatchPage:
        """Return one page of batches, newest first.

        Args:
            limit: Page size, 1 to 1,000.
            after_id: Return only batches older than this one.
            before_id: Return only batches newer than this one.
        """
        cursors = {"after_id": after_id, "before_id": before_id}
        params = {"limit": str(limit)} | {name: value for name, value in cursors.items() if value}
        response, body = await self._call("GET", BATCHES, params=params)
        return parse(BatchPage, body, response.headers)

    async def iterate(
        self, *, limit: int = 20, after_id: str | None = None, before_id: str | None = None
    ) -> AsyncIterator[MessageBatch]:
        """Iterate over all batches, page by page, newest first.

        Args:
            limit: Page size, 1 to 1,000.
            after_id: Start with the batches older than this one.
            before_id: Start with the batches newer than this one, and continue with newer pages, each
                newest first.
        """
        while True:
            page = await self.list(limit=limit, after_id=after_id, before_id=before_id)
            for batch in page.data:
                yield batch
            cursor = page.data[0 if before_id else -1].id if page.data else None
            if not page.has_more or cursor in (None, before_id or after_id):
                return  # a cursor that does not move would loop endlessly
            before_id, after_id = (cursor, None) if before_id else (None, cursor)

    async def cancel(self, batch_id: str) -> MessageBatch:
        """Request cancellation. The batch becomes `canceling`, then `ended`, and may have results."""
        self._check_writable()
        response, body = await self._call("POST", _path(batch_id) + "/cancel")
        return _checked(batch_id, parse(MessageBatch, body, response.headers))

    async def delete(self, batch_id: str) -> DeletedMessageBatch:
        """Permanently delete an ended batch and its results."""
        self._check_writable()
        response, body = await self._call("DELETE", _path(batch_id))
        return _checked(batch_id, parse(DeletedMessageBatch, body, response.headers))

    @asynccontextmanager
    async def results(
        self, batch_id: str, *, start: int = 0, validator: str | None = None
    ) -> AsyncIterator[ResultStream]:
        """Open the results of an ended batch as a stream of bytes.

        Opening is retried. To resume an interrupted stream, open it again with `start` and `validator`.

        Args:
            batch_id: The batch.
            start: Offset in bytes. The server may still send the whole file: check the stream's `start`.
            validator: Validator of the interrupted stream. Without one the whole file is sent.

        Raises:
            RangeNotSatisfiable: The file ends before `start`.
            ApiError: The results could not be opened.
        """
        headers = {"accept-encoding": "identity", "accept": "application/x-jsonl"}
        if start and validator:
            headers |= {"range": f"bytes={start}-", "if-range": validator}
        response = await self._open("GET", _path(batch_id) + "/results", headers=headers)
        try:
            stream = ResultStream(response)
            await stream.check_head()
            yield stream
        finally:
            await response.aclose()

    def _check_writable(self) -> None:
        if self._is_read_only:
            raise ReadOnlySession

    async def _call(self, method: str, path: str, **arguments: Any) -> tuple[httpx.Response, bytes]:  # noqa: ANN401
        """Send a request with retries, and return the response with its body."""
        async for attempt in self._retry.tries():
            with attempt:
                async with self._deadline(self._call_seconds):
                    return await self._send(method, path, **arguments)
        raise AssertionError("unreachable: the last attempt raises")

    async def _open(self, method: str, path: str, **arguments: Any) -> httpx.Response:  # noqa: ANN401
        """Send a request with retries, and return a 2xx response with its body unread."""
        async for attempt in self._retry.tries():
            with attempt:
                async with self._deadline(self._call_seconds):
                    return await self._request(method, path, **arguments)
        raise AssertionError("unreachable: the last attempt raises")

    async def _send(self, method: str, path: str, **arguments: Any) -> tuple[httpx.Response, bytes]:  # noqa: ANN401
        response = await self._request(method, path, **arguments)
        try:
            return response, await self._read(response)
        finally:
            await response.aclose()

    @asynccontextmanager
    async def _deadline(self, seconds: float) -> AsyncIterator[Callable[[], None]]:
        """Limit the total time of a block; yields a function that restarts the clock."""
        now = asyncio.get_running_loop().time
        try:
            async with asyncio.timeout(seconds) as limit:
                yield lambda: limit.reschedule(now() + seconds)
        except TimeoutError as error:
            raise TimedOut(f"{self._server} did not respond within {seconds:g} seconds.") from error

    async def _request(self, method: str, path: str, **arguments: Any) -> httpx.Response:  # noqa: ANN401
        request = self._http.build_request(method, path, **arguments)
        target = request.url.raw_path.decode("ascii")
        at, start = time.time(), time.monotonic()
        try:
            response = await self._http.send(request, stream=True)
        except asyncio.CancelledError:
            self._on_call(Call(at, method, target, None, time.monotonic() - start, error="canceled"))
            raise
        except httpx.RequestError as error:
            cause = "timed out" if isinstance(error, httpx.TimeoutException) else str(error)
            message = safe_text(f"{self._server} cannot be reached ({cause or type(error).__name__}).")
            self._on_call(Call(at, method, target, None, time.monotonic() - start, error=message))
            raise NotReachable(message) from error
        self.server_time = server_time(response.headers)
        request_id = response.headers.get("request-id", "")
        self._on_call(Call(at, method, target, response.status_code, time.monotonic() - start, request_id))
        if response.is_success:
            return response
        try:
            body = await self._read(response, read_error_body)
        finally:
            await response.aclose()
        raise error_from(response, body)

    async def _read(
        self, response: httpx.Response, read: Callable[[httpx.Response], Awaitable[bytes]] = read_body
    ) -> bytes:
        try:
            return await read(response)
        except httpx.RequestError as error:
            message = f"The connection to {self._server} was interrupted ({type(error).__name__})."
            raise ConnectionLost(message) from error

    @property
    def _server(self) -> str:
        """The server for messages, with the proxy if there is one, because the proxy may be what fails."""
        proxy = proxy_for(self.base_url)
        return f"{self.base_url} through the proxy {proxy.place}" if proxy else self.base_url


_BAD_ENVIRONMENT = "A proxy or certificates from the environment cannot be used. Run `batchtui doctor`."


def _checked(batch_id: str, batch: BatchModel) -> BatchModel:
    """Return the batch if it is the requested one.

    Raises:
        UnexpectedResponse: It is another one.
    """
    if batch.id != batch_id:
        raise UnexpectedResponse(f"Requested {batch_id}, but the server returned {batch.id}.")
    return batch


async def _restarting(restart: Callable[[], None], body: AsyncIterable[bytes]) -> AsyncIterator[bytes]:
    """Restart the clock before each chunk and at the end: an upload may take any time while it progresses."""
    async for chunk in body:
        restart()
        yield chunk
    restart()


async def _chunks(body: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(body), CHUNK_BYTES):
        yield body[start : start + CHUNK_BYTES]


def _path(batch_id: str) -> str:
    if not is_plain_id(batch_id):  # such as ".."
        raise UnusableId(batch_id)
    return f"{BATCHES}/{batch_id}"


def _headers(profile: Profile) -> httpx.Headers:
    """Return the headers of every call. Custom headers override ours, except for credentials."""
    headers = httpx.Headers(
        {"accept": "application/json", "accept-encoding": ACCEPTED, "anthropic-version": profile.version}
    )
    if profile.betas:
        headers["anthropic-beta"] = ",".join(profile.betas)
    if profile.workspace_id:
        headers["anthropic-workspace-id"] = profile.workspace_id
    headers.update(dict(profile.headers))
    secret = profile.credentials.secret.reveal()
    for name in ("x-api-key", "authorization"):
        headers.pop(name, None)
    if profile.credentials.kind == "token":
        headers["authorization"] = f"Bearer {secret}"
    else:
        headers["x-api-key"] = secret
    return headers
