"""Authentication, header checks, and common response headers."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import uuid
from typing import TYPE_CHECKING

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse

from batchtui.sandbox.betas import KNOWN_BETAS
from batchtui.sandbox.chance import dice, make_id
from batchtui.sandbox.errors import ApiError, invalid_request
from batchtui.sandbox.limits import RateLimit

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from batchtui.sandbox.options import SandboxOptions

VERSIONS = ("2023-01-01", "2023-06-01", "2026-10-21")


class Gate:
    """ASGI middleware that assigns request IDs, checks request headers and adds response headers.

    Args:
        app: The wrapped application.
        options: The accepted keys and the workspace ID.
    """

    def __init__(self, app: ASGIApp, options: SandboxOptions) -> None:
        self._app = app
        self._keys = [hashlib.sha256(key.encode()).digest() for key in (options.key, *options.other_keys)]
        self._rate_limit = RateLimit()
        names = dice("workspace", options.seed)
        organization, workspace = uuid.UUID(int=names.getrandbits(128), version=4), make_id(names, "wrkspc_")
        self._workspace = options.workspace or workspace
        self._headers = {
            "anthropic-organization-id": str(organization),
            "anthropic-workspace-id": self._workspace,
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Reject a request or pass it to the application."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = make_id(secrets.SystemRandom(), "req_")
        scope["state"]["request_id"] = request_id

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                limits = self._rate_limit.headers(message["status"])
                MutableHeaders(scope=message).update({"request-id": request_id, **self._headers, **limits})
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
        digest = hashlib.sha256(given.encode()).digest()
        if not any(hmac.compare_digest(digest, key) for key in self._keys):
            raise ApiError(401, "authentication_error", "invalid x-api-key")
        version = headers.get("anthropic-version")
        if version is None:
            raise invalid_request("anthropic-version: header is required")
        if version not in VERSIONS:
            raise invalid_request(f"anthropic-version: {version!r} is not a valid version")
        unknown = betas_of(headers) - KNOWN_BETAS
        if unknown:
            values = ", ".join(f"`{name}`" for name in sorted(unknown))
            raise invalid_request(
                f"Unexpected value(s) {values} for the `anthropic-beta` header. Please consult our "
                "documentation at platform.claude.com/docs or try again without the header."
            )
        workspace = headers.get("anthropic-workspace-id", self._workspace)
        if workspace != self._workspace:  # the API's error is unconfirmed
            message = "anthropic-workspace-id: The key belongs to another workspace."
            raise ApiError(403, "permission_error", message)


def betas_of(headers: Headers) -> frozenset[str]:
    """Return the names in the `anthropic-beta` headers."""
    names = ",".join(headers.getlist("anthropic-beta")).split(",")
    return frozenset(name.strip() for name in names) - {""}


def error_response(error: ApiError, request_id: str) -> JSONResponse:
    """Return the response for an API error."""
    body = {"type": "error", "error": error.error, "request_id": request_id}
    return JSONResponse(body, error.status, {"request-id": request_id, **error.headers})


def request_id_of(request: Request) -> str:
    """Return the request ID assigned by the gate."""
    request_id: str = request.state.request_id
    return request_id
