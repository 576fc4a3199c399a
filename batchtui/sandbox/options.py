"""What a sandbox is like, and the socket and the key it starts with."""

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
    """A random API key whose prefix no real key has."""
    return KEY_PREFIX + "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(40))


@dataclasses.dataclass(frozen=True)
class SandboxOptions:
    """What a sandbox is like.

    Args:
        seed: The same seed gives the same batches and the same results, byte for byte.
        batches: How many batches the workspace has at the start.
        speed: How many sandbox seconds pass in one real second; 0 makes time stand still.
        counts: `live` moves the counts while a batch runs; `at-end` leaves every request at `processing`
            until the batch ends, which is what the public documents promise.
        faults: What goes wrong, each as `parse_fault` reads it.
        key: The API key that is let in.
        other_keys: More keys that are let in, to the same workspace.
        workspace: The workspace's id; one made from the seed unless given.
        started_at: Seconds since 1970 at which its time begins; that of now unless given. With `speed` 0 its
            answers are then the same on every run.

    Raises:
        ValueError: A fault cannot be read.
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
    """A socket that listens on loopback; clients that connect before `serve` runs wait in its queue.

    Args:
        port: The port to take, or 0 for any free one.

    Raises:
        OSError: The port is taken or not allowed; the sentence says which.
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
    """Where clients reach a listening socket, without a slash at the end."""
    host, port = sock.getsockname()
    return f"http://{host}:{port}"
