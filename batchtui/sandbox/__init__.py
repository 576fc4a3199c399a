"""A Message Batches API server on loopback, for demos, tests and trying other clients.

It keeps the rules of the public API guide ("Batch processing") and needs no network. From the door inwards:

- `options`, `embedded`, `server`: how a sandbox is described, started inside another program, and served;
- `app`, `gate`, `betas`, `limits`: the HTTP face, who may enter, and the headers of answers;
- `faults`, `errors`: what may be made to go wrong, and how it is answered;
- `body`, `submission`, `params`: what a create call sends, and what is wrong with it;
- `store`, `batch`, `clock`, `history`: what batches there are and how they move with time;
- `results`, `content`: one batch's result lines, made from the seed each time they are read.

Importing this room is cheap: the web server is imported when it is first needed.
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
    """The sandbox as an ASGI application, with its workspace as of now."""
    from batchtui.sandbox.app import create_app

    return create_app(options)


def serve(options: SandboxOptions, sock: socket.socket) -> None:
    """Serve on a listening socket until SIGTERM or SIGINT. Call it from the main thread.

    Args:
        options: What the sandbox is like.
        sock: A socket from `listen`. It is closed at the end.
    """
    from batchtui.sandbox.server import serve

    serve(options, sock)
