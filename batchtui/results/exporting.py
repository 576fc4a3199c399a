"""Writes results out: to a stream, or to a file that is there whole or not at all."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import chain
from pathlib import Path
from typing import BinaryIO

from batchtui.results.formats import WRITERS, Format, Lines
from batchtui.results.merging import Chosen
from batchtui.results.reader import Results

BATCH_ROWS = 200
COPY_BYTES = 8 * 1024 * 1024
WRITE_BYTES = 256 * 1024


class ExportCancelled(Exception):
    """The export was stopped before its end; a file has not been made."""


Report = Callable[[int], bool | None]
"""Told how many results are done; answers False to stop."""


def export_to_file(
    results: Results,
    path: Path,
    form: Format,
    numbers: Sequence[int] | None = None,
    *,
    overwrite: bool = False,
    report: Report | None = None,
) -> None:
    """Writes results to a file that appears only when it is whole.

    Args:
        results: Where they are.
        path: The file.
        form: In which form.
        numbers: Which rows, in this order; None for the whole file as it is.
        overwrite: Replace the file if it exists.
        report: Told of progress.

    Raises:
        FileExistsError: The file exists and shall not be replaced.
        ExportCancelled: `report` answered False.
        OSError: It cannot be written.
    """
    with _whole_or_not_at_all(path, overwrite=overwrite) as stream:
        export(results, stream, form, numbers, report=report)


def export_merged(chosen: Sequence[Chosen], path: Path, form: Format) -> None:
    """Writes results of several batches to one new file, which appears only when it is whole.

    Raises:
        FileExistsError: The file exists.
        OSError: It cannot be written.
    """
    with _whole_or_not_at_all(path) as stream:
        write_merged(chosen, stream, form)


def write_merged(chosen: Sequence[Chosen], stream: BinaryIO, form: Format) -> None:
    """Writes results of several batches to a stream of bytes, one batch after the other."""
    _write_lines(chain.from_iterable(_lines(*some, None) for some in chosen), stream, form)


@contextmanager
def _whole_or_not_at_all(path: Path, *, overwrite: bool = False) -> Iterator[BinaryIO]:
    """A file that gets its name once the block has ended well."""
    if path.exists() and not overwrite:
        raise FileExistsError(f"{path} exists already; choose another name, or say that it may be replaced.")
    rough = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        with rough.open("xb", buffering=0) as stream:
            yield stream
        if overwrite:
            rough.replace(path)
        else:
            _rename_new(rough, path)
    finally:
        rough.unlink(missing_ok=True)


def export(
    results: Results,
    stream: BinaryIO,
    form: Format,
    numbers: Sequence[int] | None = None,
    *,
    report: Report | None = None,
) -> None:
    """Writes results to a stream of bytes; arguments as for `export_to_file`."""
    if numbers is None and form is Format.JSONL:
        _copy(results, stream, report)
        return
    chosen = range(results.rows_here) if numbers is None else numbers
    _write_lines(_lines(results, chosen, report), stream, form)


def _write_lines(lines: Lines, stream: BinaryIO, form: Format) -> None:
    waiting = bytearray()
    for part in WRITERS[form](lines):
        waiting += part
        if len(waiting) >= WRITE_BYTES:
            _write(stream, waiting)
            waiting = bytearray()
    _write(stream, waiting)


def _lines(results: Results, numbers: Sequence[int], report: Report | None) -> Lines:
    for start in range(0, len(numbers), BATCH_ROWS):
        for row in results.rows_at(numbers[start : start + BATCH_ROWS]):
            yield row, results.raw(row)
        _tell(report, min(start + BATCH_ROWS, len(numbers)))


def _copy(results: Results, stream: BinaryIO, report: Report | None) -> None:
    """Copies the file as it is, blank lines and all."""
    size, rows = results.files.size, results.rows_here
    stream.flush()
    with results.files.data.open("rb", buffering=0) as source:
        position = 0
        while position < size:
            copied = _copy_piece(source.fileno(), stream, position, min(COPY_BYTES, size - position))
            position += copied
            _tell(report, rows * position // size)


def _copy_piece(source: int, stream: BinaryIO, position: int, length: int) -> int:
    """Copies some bytes, inside the kernel where it can, and answers how many."""
    # Not on this system, or not to this kind of stream; a disk that is full is met again below.
    with suppress(AttributeError, OSError):
        copied = os.copy_file_range(source, stream.fileno(), length, position)
        if copied:
            return copied
    data = os.pread(source, length, position)
    if not data:
        raise OSError("The results file became shorter while it was copied; try again.")
    _write(stream, data)
    return len(data)


def _write(stream: BinaryIO, data: bytes | bytearray) -> None:
    view = memoryview(data)
    while view:
        view = view[stream.write(view) :]


def _tell(report: Report | None, done: int) -> None:
    if report and report(done) is False:
        raise ExportCancelled


def _rename_new(rough: Path, path: Path) -> None:
    """Gives the file its name unless another one got it meanwhile."""
    try:
        os.link(rough, path)  # unlike a rename it never replaces
    except FileExistsError:
        raise
    except OSError:  # no hard links on this file system
        if path.exists():
            raise FileExistsError(f"{path} exists already.") from None
        rough.rename(path)
