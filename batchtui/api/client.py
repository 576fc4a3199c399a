"""The six calls of the Message Batches API, async, over httpx."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Any, Protocol, Self, TypeVar

import httpcore
import httpx

from batchtui.api.batches import BatchPage, DeletedMessageBatch, MessageBatch
from batchtui.api.calls import Call, OnCall
from batchtui.api.decoding import ACCEPTED
from batchtui.api.errors import (
    ConnectionLost,
    NotReachable,
    OutcomeUnknown,
    RangeNotSatisfiable,
    StatusError,
    TimedOut,
    UnexpectedResponse,
    UnusableId,
    safe_words,
)
from batchtui.api.proxies import proxy_for
from batchtui.api.responses import error_from, parse, read_body, read_error_body, server_time
from batchtui.api.retry import RetryPolicy
from batchtui.api.stream import ResultStream
from batchtui.config import Profile
from batchtui.text import is_plain_id

BATCHES = "/v1/messages/batches"
Answer = TypeVar("Answer", MessageBatch, DeletedMessageBatch)
TIMEOUT = httpx.Timeout(60.0, connect=10.0)
"""Seconds of silence; a server that sends a byte now and then is stopped only by the totals below."""
CALL_SECONDS = 60.0
"""Total time of one try of a call, to the end of the response; for results, to the end of its headers."""
CREATE_SECONDS = 600.0
"""Total time of the answer to a create, once its body is sent: the server reads up to 256 MB first."""
PIECE_BYTES = 256 * 1024

# httpcore reads 64 kB at a time; with 256 kB the event loop turns a quarter as often, which made 268 MB
# of results come in 0.30 s instead of 0.54 s.
httpcore.AsyncHTTP11Connection.READ_NUM_BYTES = 256 * 1024


class RequestBody(Protocol):
    """A create body as a stream: its size in bytes, and those bytes."""

    @property
    def size(self) -> int:
        """Bytes in all."""

    def __aiter__(self) -> AsyncIterator[bytes]:
        """The bytes, in pieces."""


class BatchesClient:
    """An async client for one profile: one base URL, one key.

    Use it as an async context manager, on one event loop. The key goes to the profile's origin and
    nowhere else: redirects are refused, and a batch's `results_url` is never dialled. Every call but
    `create` is retried as the profile's server asks, within the policy's bounds.

    Args:
        profile: Where to call and as whom.
        retry: How patient to be.
        on_call: Told of every call that is made.
        call_seconds: Total time of one try of a call. Results have it only until their headers are here.
        create_seconds: Total time of the answer to a create, once its body is sent.

    Raises:
        NotReachable: A proxy or certificates that the environment names cannot be used.
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
        self.server_time: float | None = None
        """The server's time by its newest answer, in seconds since the epoch; None if that gave none."""
        plain = profile.base_url.startswith("http://")
        try:
            self._http = httpx.AsyncClient(
                base_url=profile.base_url,
                headers=_headers(profile),
                timeout=TIMEOUT,
                follow_redirects=False,
                # Plain HTTP is allowed to this machine only: there a proxy would be handed the key,
                # and reading the certificate store would cost a start 15 ms for nothing.
                trust_env=not plain,
                verify=not plain,
            )
        except (ImportError, OSError, ValueError, httpx.InvalidURL):
            # What they say may hold the proxy's password.
            raise NotReachable(_BAD_ENVIRONMENT) from None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Closes all connections."""
        await self._http.aclose()

    async def create(self, requests: Iterable[Mapping[str, Any]]) -> MessageBatch:
        """Submits a batch: 1 to 100,000 requests of `{"custom_id", "params"}`, at most 256 MB.

        Never repeated by itself: the API would run, and bill, the batch twice.

        Raises:
            OutcomeUnknown: No clear answer came; the batch may exist. List before trying again.
            ApiError: It was not created.
        """
        body = json.dumps({"requests": list(requests)}, ensure_ascii=False, separators=(",", ":")).encode()
        return await self._create(_pieces(body), len(body))

    async def create_from(self, body: RequestBody) -> MessageBatch:
        """As `create`, of a body that comes in pieces, so that it need not be held in memory."""
        return await self._create(body, body.size)

    async def _create(self, body: AsyncIterable[bytes], size: int) -> MessageBatch:
        headers = {"content-type": "application/json", "content-length": str(size)}
        try:
            async with self._deadline(self._create_seconds) as restart:
                content = _before_each(restart, body)
                response, answer = await self._send(
                    "POST", BATCHES, content=content, headers=headers, timeout=self._create_timeout
                )
            return parse(MessageBatch, answer, response.headers)
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
        """One batch as it is now."""
        response, body = await self._call("GET", _path(batch_id))
        return _about(batch_id, parse(MessageBatch, body, response.headers))

    async def list(
        self, *, limit: int = 20, after_id: str | None = None, before_id: str | None = None
    ) -> BatchPage:
        """One page of batches, newest first.

        Args:
            limit: 1 to 1,000 batches.
            after_id: Only older ones than this batch.
            before_id: Only newer ones than this batch.
        """
        cursors = {"after_id": after_id, "before_id": before_id}
        params = {"limit": str(limit)} | {name: value for name, value in cursors.items() if value}
        response, body = await self._call("GET", BATCHES, params=params)
        return parse(BatchPage, body, response.headers)

    async def iterate(
        self, *, limit: int = 20, after_id: str | None = None, before_id: str | None = None
    ) -> AsyncIterator[MessageBatch]:
        """All batches, page after page: older ones, newest first, or with `before_id` ever newer ones.

        Args:
            limit: Batches a page, 1 to 1,000.
            after_id: Begin after (older than) this batch.
            before_id: Begin before (newer than) this batch; pages then go upwards, each newest first.
        """
        while True:
            page = await self.list(limit=limit, after_id=after_id, before_id=before_id)
            for batch in page.data:
                yield batch
            cursor = page.data[0 if before_id else -1].id if page.data else None
            if not page.has_more or cursor in (None, before_id or after_id):
                return  # a cursor that does not move would go round for ever
            before_id, after_id = (cursor, None) if before_id else (None, cursor)

    async def cancel(self, batch_id: str) -> MessageBatch:
        """Asks for a batch to stop. It goes `canceling`, then `ended`, maybe with results."""
        response, body = await self._call("POST", _path(batch_id) + "/cancel")
        return _about(batch_id, parse(MessageBatch, body, response.headers))

    async def delete(self, batch_id: str) -> DeletedMessageBatch:
        """Deletes an ended batch and its results for good."""
        response, body = await self._call("DELETE", _path(batch_id))
        return _about(batch_id, parse(DeletedMessageBatch, body, response.headers))

    @asynccontextmanager
    async def results(
        self, batch_id: str, *, start: int = 0, validator: str | None = None
    ) -> AsyncIterator[ResultStream]:
        """Opens the results of an ended batch as a stream of bytes.

        Opening is retried; a stream that breaks is not: open it again with `start` and `validator`.

        Args:
            batch_id: The batch.
            start: Bytes that are here already. A server may still send the whole file: see the
                stream's own `start`.
            validator: The validator of the stream that those bytes came from; without one, all is sent.

        Raises:
            RangeNotSatisfiable: The file has no byte at `start`.
            ApiError: It could not be opened.
        """
        headers = {"accept-encoding": "identity", "accept": "application/x-jsonl"}
        if start and validator:
            headers |= {"range": f"bytes={start}-", "if-range": validator}
        response = await self._open("GET", _path(batch_id) + "/results", headers=headers)
        try:
            stream = ResultStream(response)
            await stream.check_beginning()
            yield stream
        finally:
            await response.aclose()

    async def _call(self, method: str, path: str, **arguments: Any) -> tuple[httpx.Response, bytes]:  # noqa: ANN401
        """A call that may be repeated."""
        async for attempt in self._retry.tries():
            with attempt:
                async with self._deadline(self._call_seconds):
                    return await self._send(method, path, **arguments)
        raise AssertionError("the last attempt raises")

    async def _open(self, method: str, path: str, **arguments: Any) -> httpx.Response:  # noqa: ANN401
        """A response of status 2xx with its body unread."""
        async for attempt in self._retry.tries():
            with attempt:
                async with self._deadline(self._call_seconds):
                    return await self._begin(method, path, **arguments)
        raise AssertionError("the last attempt raises")

    async def _send(self, method: str, path: str, **arguments: Any) -> tuple[httpx.Response, bytes]:  # noqa: ANN401
        response = await self._begin(method, path, **arguments)
        try:
            return response, await self._read(response)
        finally:
            await response.aclose()

    @asynccontextmanager
    async def _deadline(self, seconds: float) -> AsyncIterator[Callable[[], None]]:
        """Ends what takes longer than this in all; gives what starts the clock again."""
        now = asyncio.get_running_loop().time
        try:
            async with asyncio.timeout(seconds) as limit:
                yield lambda: limit.reschedule(now() + seconds)
        except TimeoutError as error:
            raise TimedOut(f"{self._server} gave no whole answer within {seconds:g} seconds.") from error

    async def _begin(self, method: str, path: str, **arguments: Any) -> httpx.Response:  # noqa: ANN401
        request = self._http.build_request(method, path, **arguments)
        target = request.url.raw_path.decode("ascii")
        at, start = time.time(), time.monotonic()
        try:
            response = await self._http.send(request, stream=True)
        except asyncio.CancelledError:
            self._on_call(
                Call(at, method, target, None, time.monotonic() - start, error="no answer, given up")
            )
            raise
        except httpx.RequestError as error:
            why = safe_words(self._why_not_reachable(error))
            self._on_call(Call(at, method, target, None, time.monotonic() - start, error=why))
            raise NotReachable(why) from error
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
            raise ConnectionLost(f"{self._server} broke off its answer ({type(error).__name__}).") from error

    def _why_not_reachable(self, error: httpx.RequestError) -> str:
        reason = "no answer in time" if isinstance(error, httpx.TimeoutException) else str(error)
        return f"{self._server} cannot be reached ({reason or type(error).__name__})."

    @property
    def _server(self) -> str:
        """The server in a message, with the proxy that is between, which may be what fails."""
        proxy = proxy_for(self.base_url)
        return f"{self.base_url} through the proxy {proxy.place}" if proxy else self.base_url


_BAD_ENVIRONMENT = (
    "The proxy or the certificates that the environment names cannot be used; "
    "`batchtui doctor` says which and why."
)


def _about(batch_id: str, answer: Answer) -> Answer:
    """Return an answer that is about the batch that was asked for.

    Raises:
        UnexpectedResponse: It is about another one.
    """
    if answer.id != batch_id:
        raise UnexpectedResponse(f"Asked about {batch_id}, the server answered about {answer.id}.")
    return answer


async def _before_each(restart: Callable[[], None], body: AsyncIterable[bytes]) -> AsyncIterator[bytes]:
    """The body in pieces, a call before each and at the end: however long sending takes, it is progress."""
    async for piece in body:
        restart()
        yield piece
    restart()


async def _pieces(body: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(body), PIECE_BYTES):
        yield body[start : start + PIECE_BYTES]


def _path(batch_id: str) -> str:
    if not is_plain_id(batch_id):  # "." and ".." would be another path
        raise UnusableId(batch_id)
    return f"{BATCHES}/{batch_id}"


def _headers(profile: Profile) -> httpx.Headers:
    """What goes with every call: custom headers win over our own, and the key over any other."""
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
