"""Who is let in, and the headers that every answer carries."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import uuid
from typing import TYPE_CHECKING

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse

from batchtui.sandbox.chance import dice, make_id
from batchtui.sandbox.errors import ApiError, invalid_request

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

VERSION = re.compile(r"\d{4}-\d{2}-\d{2}")


class Gate:
    """ASGI middleware: gives each request its id, checks key and version, adds the response headers.

    Args:
        app: What is behind the gate.
        key: The API key that is let in.
        seed: Names the organization and the workspace.
    """

    def __init__(self, app: ASGIApp, key: str, seed: int) -> None:
        self._app = app
        self._key = hashlib.sha256(key.encode()).digest()
        names = dice("workspace", seed)
        self._headers = {
            "anthropic-organization-id": str(uuid.UUID(int=names.getrandbits(128), version=4)),
            "anthropic-workspace-id": make_id(names, "wrkspc_"),
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or let the application do it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = make_id(secrets.SystemRandom(), "req_")
        scope["state"]["request_id"] = request_id

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update({"request-id": request_id, **self._headers})
            await send(message)

        try:
            self._check(Headers(scope=scope))
        except ApiError as error:
            await error_response(error, request_id)(scope, receive, send_with_headers)
        else:
            await self._app(scope, receive, send_with_headers)

    def _check(self, headers: Headers) -> None:
        scheme, _, token = headers.get("authorization", "").partition(" ")
        given = headers.get("x-api-key") or (token if scheme.lower() == "bearer" else "")
        if not given:
            raise ApiError(401, "authentication_error", "x-api-key header is required")
        if not hmac.compare_digest(hashlib.sha256(given.encode()).digest(), self._key):
            raise ApiError(401, "authentication_error", "invalid x-api-key")
        version = headers.get("anthropic-version")
        if version is None:
            raise invalid_request("anthropic-version: header is required")
        if not VERSION.fullmatch(version):
            raise invalid_request(f"anthropic-version: {version!r} is not a valid version")


def error_response(error: ApiError, request_id: str) -> JSONResponse:
    """An error as the API answers it."""
    body = {"type": "error", "error": error.error, "request_id": request_id}
    return JSONResponse(body, error.status, {"request-id": request_id, **error.headers})


def request_id_of(request: Request) -> str:
    """The id that the gate gave this request."""
    request_id: str = request.state.request_id
    return request_id
