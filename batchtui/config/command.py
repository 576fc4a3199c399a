"""Runs the person's own command for the little that it prints."""

from __future__ import annotations

import os
import selectors
import subprocess
import time
from typing import IO, TYPE_CHECKING, cast

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def output_of(
    command: Sequence[str], env: Mapping[str, str], *, seconds: float, most_bytes: int
) -> tuple[bytes, int]:
    """What a command prints, and its exit code.

    `subprocess.run` would wait for ever where the command leaves a child that holds its output, and would
    take in whatever a command that has gone wild prints.

    Args:
        command: The program and its arguments; no shell is between. It keeps our terminal, on which it may
            ask for a passphrase.
        env: Its environment.
        seconds: How long it may take.
        most_bytes: How much to take; of one that prints more, somewhat more is answered, with code 0.

    Raises:
        subprocess.TimeoutExpired: It takes too long.
        OSError: It cannot be run.
    """
    deadline = time.monotonic() + seconds
    with subprocess.Popen(  # noqa: S603 - the person's own command
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=dict(env),
    ) as process:
        try:
            output = _read(cast("IO[bytes]", process.stdout), deadline, most_bytes)
            if len(output) > most_bytes:
                return output, 0
            return output, process.wait(_left(deadline))
        finally:
            process.kill()


def _read(pipe: IO[bytes], deadline: float, most_bytes: int) -> bytes:
    output = b""
    with selectors.DefaultSelector() as selector:
        selector.register(pipe, selectors.EVENT_READ)
        while len(output) <= most_bytes:
            if not selector.select(_left(deadline)):
                raise subprocess.TimeoutExpired("", 0)
            chunk = os.read(pipe.fileno(), most_bytes)
            if not chunk:
                break
            output += chunk
    return output


def _left(deadline: float) -> float:
    return max(0.0, deadline - time.monotonic())
