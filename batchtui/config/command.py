"""Run the person's own command for the little that it prints."""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import time
from contextlib import contextmanager, suppress
from typing import IO, TYPE_CHECKING, cast

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence


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
        seconds: How long it may take. One that takes longer is killed with all that it started.
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
        process_group=0,
    ) as process:
        try:
            with _in_foreground(process.pid):
                output = _read(cast("IO[bytes]", process.stdout), deadline, most_bytes)
                if len(output) <= most_bytes:
                    return output, _exit_code(process.wait(_left(deadline)))
                return output, 0
        finally:
            if process.returncode is None:  # else what it left running is meant to, like an agent
                _signal_group(process.pid, signal.SIGKILL)


def _exit_code(code: int) -> int:
    if code == -signal.SIGINT:  # ctrl+c goes to the group in the foreground, not to us
        raise KeyboardInterrupt
    return code


def _signal_group(group: int, number: signal.Signals) -> None:
    with suppress(OSError):  # all of it has ended
        os.killpg(group, number)


@contextmanager
def _in_foreground(group: int) -> Iterator[None]:
    """Let a process group of its own read from our terminal, if we have one and are in its foreground."""
    try:
        terminal = os.open("/dev/tty", os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        yield
        return
    try:
        ours = os.getpgrp()
        if os.tcgetpgrp(terminal) != ours:
            yield
            return
        _put_in_foreground(terminal, group)
        _signal_group(group, signal.SIGCONT)  # it was stopped if it has asked already
        try:
            yield
        finally:
            _put_in_foreground(terminal, ours)
    finally:
        os.close(terminal)


def _put_in_foreground(terminal: int, group: int) -> None:
    # Without the mask, a process that is in the background itself would be stopped here.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTTOU})
    try:
        with suppress(OSError):  # the group has ended already
            os.tcsetpgrp(terminal, group)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


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
