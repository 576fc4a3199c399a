"""Configuration of a sandbox, its socket and its key."""

from __future__ import annotations

import dataclasses
import secrets
import socket
import string
from typing import Literal

from batchtui.sandbox.faults import parse_fault

LOOPBACK = "127.0.0.1"
KEY_PREFIX = "sk-ant-sandbox-"


def new_key() -> str:
    """Return a random API key, with a prefix that no real key has."""
    return KEY_PREFIX + "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(40))


@dataclasses.dataclass(frozen=True)
class SandboxOptions:
    """Configuration of a sandbox.

    Args:
        seed: The same seed gives the same batches and results, byte for byte.
        batches: Number of batches at the start.
        speed: Sandbox seconds per real second; 0 stops time.
        counts: `live` updates the counts while a batch runs; `at-end` counts all requests as `processing`
            until the batch ends, as the public documents say.
        faults: Faults to inject, in the format of `parse_fault`.
        key: The accepted API key.
        other_keys: More accepted keys, for the same workspace.
        workspace: The workspace ID; derived from the seed by default.
        started_at: Start time in seconds since the epoch; now by default. With `speed` 0, responses are then
            the same on every run.

    Raises:
        ValueError: A fault is malformed.
    """

    seed: int = 7
    batches: int = 150
    speed: float = 1.0
    counts: Literal["live", "at-end"] = "live"
    faults: tuple[str, ...] = ()
    key: str = dataclasses.field(default_factory=new_key, repr=False)
    other_keys: tuple[str, ...] = dataclasses.field(default=(), repr=False)
    workspace: str | None = None
    started_at: float | None = None

    def __post_init__(self) -> None:
        for fault in self.faults:
            parse_fault(fault)


def listen(port: int = 0) -> socket.socket:
    """Return a socket listening on loopback. It queues connections until `serve` runs.

    Args:
        port: The port, or 0 for any free one.

    Raises:
        OSError: The port is in use or not permitted.
    """
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((LOOPBACK, port))
        sock.listen(128)
    except OSError as error:
        sock.close()
        reason = error.strerror or str(error)
        raise OSError(error.errno, f"cannot listen on {LOOPBACK} port {port}: {reason}") from error
    return sock


def base_url(sock: socket.socket) -> str:
    """Return the base URL of a listening socket, without a trailing slash."""
    host, port = sock.getsockname()
    return f"http://{host}:{port}"
