"""A Message Batches API server on loopback, for demos, tests and trying out clients.

It follows the public API guide ("Batch processing") and needs no network.

- `options`, `embedded`, `server`: configuration, child process, and serving with uvicorn;
- `app`, `gate`, `betas`, `limits`: HTTP endpoints, authentication, and response headers;
- `faults`, `errors`: fault injection and error responses;
- `body`, `submission`, `params`: parsing and validation of create calls;
- `store`, `batch`, `clock`, `history`: the batches and their state over time;
- `results`, `content`: result lines, generated from the seed on each read.

The web server is imported on first use, so importing this package is cheap.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from batchtui.sandbox.embedded import Embedded, embedded
from batchtui.sandbox.faults import FAULTS, parse_fault
from batchtui.sandbox.options import SandboxOptions, listen, new_key

if TYPE_CHECKING:
    import socket

    from starlette.types import ASGIApp

__all__ = [
    "FAULTS",
    "Embedded",
    "SandboxOptions",
    "create_app",
    "embedded",
    "listen",
    "new_key",
    "parse_fault",
    "serve",
]


def create_app(options: SandboxOptions) -> ASGIApp:
    """Create the sandbox's ASGI application. Its clock starts now."""
    from batchtui.sandbox.app import create_app

    return create_app(options)


def serve(options: SandboxOptions, sock: socket.socket) -> None:
    """Serve on a listening socket until SIGTERM or SIGINT. Call it from the main thread.

    Args:
        options: The sandbox's configuration.
        sock: A socket from `listen`; closed at the end.
    """
    from batchtui.sandbox.server import serve

    serve(options, sock)
