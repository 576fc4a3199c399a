"""Set up this process before anything else runs: streams, signals, core dumps, and what a bug may print.

A leaf of the standard library's cheapest modules: it is on the path of `--help`.
"""

from __future__ import annotations

import codecs
import io
import os
import resource
import signal
import sys
import threading
from pathlib import Path
from types import FrameType, TracebackType
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer as Buffer

INTERRUPTED = 130
END_SIGNALS = (signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
"""Signals that end this process, after everything is closed and cleaned up."""
_ESCAPES = "batchtui-json-escapes"
_PR_SET_DUMPABLE = 4
_FRAMES = 4
"""Places that the report of a bug names; the innermost is first."""
_OURS = Path(__file__).parent
_received: list[int] = []
"""Signals that asked this process to end."""


class StdoutError(OSError):
    """Stdout cannot be written, for another reason than that its reader has gone."""


class _Stdout(io.FileIO):
    """A file whose errors name it, unlike those of the operating system."""

    def write(self, data: Buffer) -> int:
        try:
            return super().write(data) or 0
        except BrokenPipeError:
            raise
        except OSError as error:
            raise StdoutError(f"Cannot write to stdout: {error.strerror}.") from None


def prepare_process() -> None:
    """Make the process safe to run: to be called once, first, and on the main thread."""
    sys.excepthook = _report_uncaught
    threading.excepthook = lambda args: _report_bug(args.exc_value)
    sys.unraisablehook = lambda args: _report_bug(args.exc_value)
    _open_closed_streams()
    codecs.register_error(_ESCAPES, _json_escapes)
    sys.stdout = _named_stdout(sys.stdout)
    sys.stderr.reconfigure(errors=_ESCAPES)  # type: ignore[union-attr]  # always a TextIOWrapper here
    # A core dump would hold the key and replies. Children, such as a command that prints the key, inherit it.
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    for number in END_SIGNALS:
        if signal.getsignal(number) is signal.SIG_DFL:  # `nohup` ignores SIGHUP, and that must stay so
            signal.signal(number, _interrupt)


def forbid_memory_reads() -> None:
    """Keep the memory, which is about to hold the key, from core dump handlers and other processes.

    RLIMIT_CORE does not bind a handler that the kernel pipes dumps to. Only Linux has this switch.
    """
    if sys.platform == "linux":
        import ctypes  # 2 ms, which `--help` need not wait for

        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def interrupted_code() -> int:
    """Return the exit code of an interrupted process: 130, or 128 and the number of the signal."""
    return 128 + _received[0] if _received else INTERRUPTED


def bug_report(error: BaseException) -> str:
    """Return one sentence on an error that nobody foresaw: where it came from, and nothing of what it says.

    Its text may hold a key, a reply or a whole request.
    """
    places: list[str] = []
    trace = error.__traceback__
    while trace:
        path = Path(trace.tb_frame.f_code.co_filename)
        if path.is_relative_to(_OURS):
            places.insert(0, f"{path.relative_to(_OURS)}:{trace.tb_lineno}")
        trace = trace.tb_next
    where = f" at {' < '.join(places[:_FRAMES])}" if places else ""
    return f"batchtui: Bug: {type(error).__name__}{where}. Saved data is safe. Please report this line."


def silence(number: int) -> None:
    """Send what is still written to a stream that failed to nowhere, so that Python can close it."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), number)


def _report_uncaught(kind: type[BaseException], error: BaseException, _trace: TracebackType | None) -> None:
    if not issubclass(kind, KeyboardInterrupt):
        _report_bug(error)


def _report_bug(error: BaseException | None) -> None:
    if error is None:
        return
    try:
        print(bug_report(error), file=sys.stderr, flush=True)  # noqa: T201 - the last line of defense
    except OSError:
        silence(2)


def _open_closed_streams() -> None:
    """Give each standard stream that was closed (`>&-`) a file, before any other file gets its number.

    A closed stdout is opened for reading: what is written to it fails and is reported, not lost.
    """
    for name, mode, flags in (
        ("stdin", "r", os.O_RDONLY),
        ("stdout", "w", os.O_RDONLY),
        ("stderr", "w", os.O_WRONLY),
    ):
        if getattr(sys, name) is None:
            stream = os.fdopen(os.open(os.devnull, flags), mode, encoding="utf-8")
            setattr(sys, name, stream)
            setattr(sys, f"__{name}__", stream)


def _named_stdout(stdout: TextIO) -> TextIO:
    raw = io.BufferedWriter(_Stdout(stdout.fileno(), "w", closefd=False))
    return io.TextIOWrapper(
        raw, encoding=stdout.encoding, errors=_ESCAPES, line_buffering=stdout.isatty(), write_through=True
    )


def _json_escapes(error: UnicodeError) -> tuple[str, int]:
    r"""Write what an encoding cannot (an ellipsis in Latin-1) as `\uXXXX`, which keeps JSON valid."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    units = error.object[error.start : error.end].encode("utf-16-be", "surrogatepass")
    pairs = (units[start : start + 2].hex() for start in range(0, len(units), 2))
    return "".join(f"\\u{pair}" for pair in pairs), error.end


def _interrupt(number: int, frame: FrameType | None) -> None:
    """End as ctrl+c does, which closes and cleans up everything. A second signal ends at once."""
    _received.append(number)
    signal.signal(number, signal.SIG_DFL)
    on_interrupt = signal.getsignal(signal.SIGINT)
    if callable(on_interrupt):  # asyncio puts its own there, which cancels the running task
        on_interrupt(signal.SIGINT, frame)
    else:  # a shell's background jobs ignore ctrl+c, but not this
        raise KeyboardInterrupt
