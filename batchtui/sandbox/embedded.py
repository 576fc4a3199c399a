"""The sandbox in a child process that never outlives its parent."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import subprocess
import sys
import tempfile
from typing import IO, TYPE_CHECKING, cast

from batchtui.sandbox.options import SandboxOptions, base_url, listen

if TYPE_CHECKING:
    from collections.abc import Iterator

SHUTDOWN_SECONDS = 0.4
MAX_LOG = 1_000_000


class Embedded:
    """A running sandbox. Prefer `embedded` to create one.

    Attributes:
        base_url: The base URL.
        api_key: The accepted key.
        pid: The process ID.
    """

    def __init__(self, options: SandboxOptions) -> None:
        self.api_key = options.key
        self._errors: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 (closed by `close`)
        with listen() as sock:
            self.base_url = base_url(sock)
            self._process = subprocess.Popen(  # noqa: S603 (our own module, by our own interpreter)
                # -P: a module in the working directory must not shadow one of ours.
                [sys.executable, "-P", "-m", "batchtui.sandbox", str(sock.fileno())],
                pass_fds=[sock.fileno()],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=self._errors,
                start_new_session=True,  # ctrl+c in the terminal must only reach the parent
            )
        self._stdin = cast("IO[bytes]", self._process.stdin)
        self._stdin.write(json.dumps(dataclasses.asdict(options)).encode() + b"\n")
        self._stdin.flush()
        self.pid = self._process.pid

    def log(self) -> str:
        """Return the server's stderr, which is empty unless the sandbox has a bug."""
        return os.pread(self._errors.fileno(), MAX_LOG, 0).decode(errors="replace")

    def close(self) -> None:
        """Stop the server and wait for it. A second call does nothing."""
        if self._stdin.closed:
            return
        self._stdin.close()  # which makes the child exit
        try:
            self._process.wait(SHUTDOWN_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._errors.close()


@contextlib.contextmanager
def embedded(options: SandboxOptions) -> Iterator[Embedded]:
    """Run a sandbox in a child process for the duration of the context.

    It does not wait for the server to start, because the socket already queues connections.
    """
    sandbox = Embedded(options)
    try:
        yield sandbox
    finally:
        sandbox.close()
