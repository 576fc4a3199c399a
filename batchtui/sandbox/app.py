"""The Message Batches API as an ASGI application."""

from __future__ import annotations

import asyncio
import functools
import re
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse
from starlette.routing import Route

from batchtui.sandbox import body, submission
from batchtui.sandbox.batch import Batch
from batchtui.sandbox.chance import dice, make_id
from batchtui.sandbox.clock import Clock
from batchtui.sandbox.delivery import HangUp, Silence, deliver, gateway_error
from batchtui.sandbox.errors import ApiError, invalid_request, not_found
from batchtui.sandbox.faults import LATE_SECONDS, Faults
from batchtui.sandbox.gate import Gate, betas_of, error_response, request_id_of
from batchtui.sandbox.history import make_history
from batchtui.sandbox.results import ResultFile
from batchtui.sandbox.store import Store

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.types import ASGIApp

    from batchtui.sandbox.options import SandboxOptions
    from batchtui.sandbox.submission import Submitted

    Endpoint = Callable[[Request], Awaitable[Response]]

TIMEOUT = ApiError(408, "timeout_error", "Request timed out")
CONFLICT = ApiError(409, "conflict_error", "The request conflicts with another one")
RESPONSES_AFTER: dict[str, Callable[[Request], Response]] = {
    "drop-after-accept": lambda _: HangUp(),
    "timeout": lambda _: Silence(),
    "late": lambda _: gateway_error(504, "Gateway Timeout"),
    "502-after-accept": lambda _: gateway_error(502, "Bad Gateway"),
    "408-after-accept": lambda request: error_response(TIMEOUT, request_id_of(request)),
    "409-after-accept": lambda request: error_response(CONFLICT, request_id_of(request)),
}
"""Responses of faults that strike after the call was processed."""
BATCHES = "/v1/messages/batches"
MAX_LIMIT = 1000
DEFAULT_LIMIT = 20


def create_app(options: SandboxOptions) -> ASGIApp:
    """Create the ASGI application. Its clock starts now."""
    calls = _Calls(options)
    call = functools.partial(_with_faults, calls.faults)
    batch = BATCHES + "/{id}"
    app = Starlette(
        routes=[
            _route(
                BATCHES,
                POST=calls.with_stranger(call("create", calls.create)),
                GET=call("list", calls.list),
            ),
            _route(batch, GET=call("retrieve", calls.retrieve), DELETE=call("delete", calls.delete)),
            _route(batch + "/cancel", POST=call("cancel", calls.cancel)),
            _route(batch + "/results", GET=call("results", calls.results)),
        ],
        exception_handlers=dict.fromkeys((ApiError, HTTPException, Exception), _handle_error),
    )
    app.router.redirect_slashes = False
    return Gate(app, options)


def _route(path: str, **endpoints: Endpoint) -> Route:
    """Return one route for all methods of a path, so that the `Allow` header of a 405 lists them all."""

    async def endpoint(request: Request) -> Response:
        return await endpoints["GET" if request.method == "HEAD" else request.method](request)

    return Route(path, endpoint, methods=list(endpoints))


class _Calls:
    """The endpoints."""

    def __init__(self, options: SandboxOptions) -> None:
        self._clock = Clock(options.speed, options.started_at)
        history = make_history(options.seed, options.batches, self._clock.start)
        self._store = Store(history, self._clock.now)
        self._names = dice("created", options.seed)
        self._live_counts = options.counts == "live"
        self._files: dict[str, ResultFile] = {}
        self._overloaded: set[str] = set()
        self.faults = Faults(options.faults, options.speed)

    async def create(self, request: Request) -> Response:
        """Create a batch."""
        batch = self._add(self._overload(await _submitted(request)))
        request.state.created = batch
        return self._respond(request, batch, batch.created_at)

    def with_stranger(self, endpoint: Endpoint) -> Endpoint:
        """Wrap the create call: before it, another client may create a batch of the same size."""

        async def call(request: Request) -> Response:
            try:
                request.state.body = await body.receive(request)
            except ClientDisconnect:
                return HangUp()  # an incomplete body creates nothing
            if self.faults.has_stranger():
                submitted = await _submitted(request)
                self._add([item._replace(custom_id=f"stranger-{n}") for n, item in enumerate(submitted)])
            return await endpoint(request)

        return call

    def _add(self, submitted: Sequence[Submitted]) -> Batch:
        batch = Batch(
            id=make_id(self._names, "msgbatch_"),
            size=len(submitted),
            created_at=self._clock.now(),
            duration=20 + len(submitted) / 50,
            errored=sum(item.fails for item in submitted),
            job="answers",
            submitted=submitted,
        )
        self._store.add(batch)
        return batch

    async def list(self, request: Request) -> Response:
        """Return one page, newest first."""
        query = request.query_params
        page = self._store.page(_limit(query.get("limit")), query.get("after_id"), query.get("before_id"))
        now = self._clock.now()
        data = [self._wire(request, batch, now) for batch in page.batches]
        first_id, last_id = (data[0]["id"], data[-1]["id"]) if data else (None, None)
        return JSONResponse(
            {"data": data, "has_more": page.has_more, "first_id": first_id, "last_id": last_id}
        )

    async def retrieve(self, request: Request) -> Response:
        """Return one batch."""
        return self._respond(request, self._store.get(request.path_params["id"]), self._clock.now())

    async def cancel(self, request: Request) -> Response:
        """Start cancellation."""
        now = self._clock.now()
        return self._respond(request, self._store.cancel(request.path_params["id"], now), now)

    async def delete(self, request: Request) -> Response:
        """Delete an ended batch."""
        batch_id = request.path_params["id"]
        self._store.delete(batch_id, self._clock.now())
        self._files.pop(batch_id, None)
        return JSONResponse({"id": batch_id, "type": "message_batch_deleted"})

    async def results(self, request: Request) -> Response:
        """Stream the result lines. The errors for running and archived batches are unconfirmed."""
        batch, now = self._store.get(request.path_params["id"]), self._clock.now()
        if batch.status(now) != "ended":
            raise invalid_request(
                f"Message Batch '{batch.id}' has not ended; its results are not available yet."
            )
        if batch.is_archived(now):
            raise not_found(f"Message Batch '{batch.id}' is archived; its results are no longer available.")
        if batch.id not in self._files:
            self._files[batch.id] = await asyncio.to_thread(ResultFile, batch, batch.counts(now))
        return await deliver(self._files[batch.id], request, self.faults)

    def _overload(self, submitted: Sequence[Submitted]) -> Sequence[Submitted]:
        """Apply the fault `overload`, which fails each request at most once."""
        number = self.faults.number("overload")
        if number is None:
            return submitted
        failing = {item.custom_id for item in submitted[number - 1 :: number]} - self._overloaded
        self._overloaded |= failing
        return [item._replace(overloaded=item.custom_id in failing) for item in submitted]

    def _respond(self, request: Request, batch: Batch, now: float) -> JSONResponse:
        return JSONResponse(self._wire(request, batch, now))

    def _wire(self, request: Request, batch: Batch, now: float) -> dict[str, Any]:
        base_url = str(request.base_url).rstrip("/")
        return batch.to_wire(now, base_url, live_counts=self._live_counts)


def _with_faults(faults: Faults, operation: str, endpoint: Endpoint) -> Endpoint:
    """Wrap an endpoint with the faults that strike before or after it."""

    async def call(request: Request) -> Response:
        fault = faults.strike(operation)
        error = faults.error(fault)
        if error:
            raise error
        if fault == "refuse":
            return HangUp()
        response = await endpoint(request)
        if fault == "late":
            batch: Batch = request.state.created
            batch.listed_at = batch.created_at + LATE_SECONDS
        return RESPONSES_AFTER[fault](request) if fault in RESPONSES_AFTER else response

    return call


async def _submitted(request: Request) -> list[Submitted]:
    """Parse the body of a create call."""
    headers = request.headers
    decoded = await asyncio.to_thread(body.decode, request.state.body, headers.getlist("content-encoding"))
    return await asyncio.to_thread(
        submission.read_requests, decoded, headers["anthropic-version"], betas_of(headers)
    )


def _limit(text: str | None) -> int:
    if text is None:
        return DEFAULT_LIMIT
    if not re.fullmatch("-?[0-9]{1,9}", text):
        raise invalid_request("limit: Input should be a valid integer")
    if not 1 <= int(text) <= MAX_LIMIT:
        raise invalid_request(f"limit: Input should be between 1 and {MAX_LIMIT}")
    return int(text)


async def _handle_error(request: Request, error: Exception) -> Response:
    """Convert any exception to an API error. Starlette logs unexpected ones by raising them again."""
    if isinstance(error, ApiError):
        api_error = error
    elif isinstance(error, HTTPException):
        error_type = "not_found_error" if error.status_code == 404 else "invalid_request_error"
        api_error = ApiError(error.status_code, error_type, error.detail, headers=error.headers)
    else:
        api_error = ApiError(500, "api_error", "Internal server error")
    return error_response(api_error, request_id_of(request))
