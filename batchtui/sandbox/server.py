"""Serving the sandbox with uvicorn."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from batchtui.sandbox.app import create_app

if TYPE_CHECKING:
    import socket
    from types import FrameType

    from starlette.types import Receive, Scope, Send

    from batchtui.sandbox.options import SandboxOptions

SHUTDOWN_SECONDS = 0.2


class _Connection(H11Protocol):
    """Extends ASGI, so that the application can close its connection with `await scope["hang_up"]()`."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._lost = asyncio.Event()
        app = self.app

        async def hang_up() -> None:
            transport.close()
            await self._lost.wait()

        async def app_with_hang_up(scope: Scope, receive: Receive, send: Send) -> None:
            await app({**scope, "hang_up": hang_up}, receive, send)

        self.app = app_with_hang_up

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._lost.set()


class _Server(uvicorn.Server):
    """Stops immediately at the first signal."""

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self.should_exit = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in self.servers:
            server.close()
        for connection in list(self.server_state.connections):
            connection.transport.abort()
        if self.server_state.tasks:  # each ends once its client is disconnected
            await asyncio.wait(self.server_state.tasks, timeout=SHUTDOWN_SECONDS)


def serve(options: SandboxOptions, sock: socket.socket) -> None:
    """Serve on a listening socket until SIGTERM or SIGINT. Exceptions in the sandbox go to stderr."""
    logging.getLogger("uvicorn.error").setLevel(logging.ERROR)
    config = uvicorn.Config(
        create_app(options),
        loop="asyncio",
        http=_Connection,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
    )
    _Server(config).run(sockets=[sock])
