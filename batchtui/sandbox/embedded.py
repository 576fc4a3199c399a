"""A sandbox of one's own: the server in a child process that never outlives its parent."""

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

PATIENCE = 0.4
LOG_LIMIT = 1_000_000


class Embedded:
    """A running sandbox. Use `embedded` to make one.

    Attributes:
        base_url: Where it is reached.
        api_key: The key that it lets in.
        pid: Its process id.
    """

    def __init__(self, options: SandboxOptions) -> None:
        self.api_key = options.key
        self._errors: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 (closed by `close`)
        with listen() as sock:
            self.base_url = base_url(sock)
            self._process = subprocess.Popen(  # noqa: S603 (our own module, by our own interpreter)
                # -P: a module in the working directory must not stand in for one of ours.
                [sys.executable, "-P", "-m", "batchtui.sandbox", str(sock.fileno())],
                pass_fds=[sock.fileno()],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=self._errors,
                start_new_session=True,  # ctrl+c in the terminal is for the parent
            )
        self._stdin = cast("IO[bytes]", self._process.stdin)
        self._stdin.write(json.dumps(dataclasses.asdict(options)).encode() + b"\n")
        self._stdin.flush()
        self.pid = self._process.pid

    def log(self) -> str:
        """What the server wrote to stderr: nothing, unless the sandbox itself is broken."""
        return os.pread(self._errors.fileno(), LOG_LIMIT, 0).decode(errors="replace")

    def close(self) -> None:
        """End the server, and wait until it has ended. A second call does nothing."""
        if self._stdin.closed:
            return
        self._stdin.close()  # the child ends when its stdin does
        try:
            self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._errors.close()


@contextlib.contextmanager
def embedded(options: SandboxOptions) -> Iterator[Embedded]:
    """A sandbox in a child process, for as long as the context lasts.

    It does not wait for the server to be up: connections made before that wait in the socket's queue.
    """
    sandbox = Embedded(options)
    try:
        yield sandbox
    finally:
        sandbox.close()
