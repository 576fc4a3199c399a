"""Process setup that runs before anything else: streams, signals, core dumps, reports of uncaught exceptions.

Imports only cheap standard library modules, because `--help` imports this one.
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
from types import FrameType, ModuleType, TracebackType
from typing import TYPE_CHECKING, TextIO, cast

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer as Buffer

FAILED, USAGE, NOT_AUTHORIZED, NOT_REACHABLE, INCOMPLETE, INTERRUPTED = 1, 2, 3, 4, 5, 130
"""Exit codes of the command line."""
END_SIGNALS = (signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
"""Signals that end this process, after cleanup."""

_ESCAPES = "batchtui-json-escapes"
_PR_SET_DUMPABLE = 4
_MAX_FRAMES = 4
_PACKAGE = Path(__file__).parent
_received: list[int] = []
"""Termination signals that this process received."""


class StdoutError(OSError):
    """Writing to stdout failed for a reason other than a closed pipe."""


class _Stdout(io.FileIO):
    """Stdout as a file whose errors say that stdout failed, which the operating system's do not."""

    def write(self, data: Buffer) -> int:
        try:
            return super().write(data) or 0
        except BrokenPipeError:
            raise
        except OSError as error:
            raise StdoutError(f"Cannot write to stdout: {error.strerror}.") from None


def prepare_process() -> None:
    """Set up streams, signals and exception hooks. Call once, first, on the main thread."""
    sys.excepthook = _report_uncaught
    threading.excepthook = lambda args: _report_bug(args.exc_value)
    sys.unraisablehook = lambda args: _report_bug(args.exc_value)
    _open_closed_streams()
    codecs.register_error(_ESCAPES, _json_escapes)
    # httpx imports its own command line, with rich and pygments, if they are installed: 30 ms for nothing.
    sys.modules.setdefault("httpx._main", cast("ModuleType", None))
    sys.stdout = _named_stdout(sys.stdout)
    sys.stderr.reconfigure(errors=_ESCAPES)  # type: ignore[union-attr]  # always a TextIOWrapper here
    # A core dump would hold the key and replies. Children, such as a command that prints the key, inherit it.
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    for number in END_SIGNALS:
        if signal.getsignal(number) is signal.SIG_DFL:  # `nohup` ignores SIGHUP, and that must stay so
            signal.signal(number, _interrupt)


def read_large_chunks() -> None:
    """Let httpcore read 256 kB at a time, not 64 kB: 268 MB of results take 0.30 s instead of 0.54 s."""
    import httpcore

    httpcore.AsyncHTTP11Connection.READ_NUM_BYTES = 256 * 1024


def forbid_memory_reads() -> None:
    """Deny core dump handlers and other processes access to this process's memory. Call before reading a key.

    RLIMIT_CORE does not stop handlers that the kernel pipes dumps to. Linux only.
    """
    if sys.platform == "linux":
        import ctypes  # 2 ms, deferred for `--help`

        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def interrupted_code() -> int:
    """Return the exit code of an interrupted process: 130, or 128 plus the signal number."""
    return 128 + _received[0] if _received else INTERRUPTED


def bug_report(error: BaseException) -> str:
    """Describe an unexpected exception by type and location only.

    Its message is left out, because it may hold a key, a reply or a whole request.
    """
    locations: list[str] = []
    trace = error.__traceback__
    while trace:
        path = Path(trace.tb_frame.f_code.co_filename)
        if path.is_relative_to(_PACKAGE):
            locations.insert(0, f"{path.relative_to(_PACKAGE)}:{trace.tb_lineno}")
        trace = trace.tb_next
    where = f" at {' < '.join(locations[:_MAX_FRAMES])}" if locations else ""
    return f"batchtui: Bug: {type(error).__name__}{where}. Saved data is safe. Please report this line."


def silence(number: int) -> None:
    """Redirect a failed stream to the null device, so that Python can flush and close it.

    Args:
        number: The stream's file descriptor.
    """
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
    """Open the null device for each closed standard stream (`>&-`), before another file gets its descriptor.

    Stdout is opened read-only, so that writes fail and are reported instead of lost.
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
    r"""Encode unsupported characters (an ellipsis in Latin-1) as `\uXXXX`, which keeps JSON valid."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    units = error.object[error.start : error.end].encode("utf-16-be", "surrogatepass")
    pairs = (units[start : start + 2].hex() for start in range(0, len(units), 2))
    return "".join(f"\\u{pair}" for pair in pairs), error.end


def _interrupt(number: int, frame: FrameType | None) -> None:
    """Exit as on ctrl+c, with cleanup. A second signal kills the process."""
    _received.append(number)
    signal.signal(number, signal.SIG_DFL)
    on_interrupt = signal.getsignal(signal.SIGINT)
    if callable(on_interrupt):  # asyncio installs its own, which cancels the running task
        on_interrupt(signal.SIGINT, frame)
    else:  # background jobs of a shell ignore SIGINT
        raise KeyboardInterrupt
