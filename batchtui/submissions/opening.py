"""Opens a file of requests: unpacks gzip, and tells what else it is if it is no UTF-8 text."""

from __future__ import annotations

import gzip
import io
import os
import stat
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

BUFFER_BYTES = 64 * 1024
GZIP = b"\x1f\x8b"
FOREIGN = {
    b"PK\x03\x04": "a zip archive",
    b"\xfd7zXZ": "packed with xz",
    b"BZh": "packed with bzip2",
    b"\x28\xb5\x2f\xfd": "packed with zstd",
}
"""What else a file may be, by its first bytes."""
# The longer ones first: UTF-32 begins as UTF-16 does. Without a mark, JSON begins with ASCII.
ENCODINGS = {
    b"\xff\xfe\x00\x00": "UTF-32",
    b"\x00\x00\xfe\xff": "UTF-32",
    b"\xff\xfe": "UTF-16",
    b"\xfe\xff": "UTF-16",
}
NUL = 0


@contextmanager
def open_requests(path: Path) -> Iterator[io.BufferedReader]:
    """The file, unpacked if it is packed with gzip.

    Raises:
        OSError: It cannot be read or unpacked, or was written to meanwhile.
    """
    with path.open("rb") as file:
        before = os.fstat(file.fileno())
        is_packed = file.peek(len(GZIP)).startswith(GZIP)
        try:
            yield io.BufferedReader(gzip.GzipFile(fileobj=file), BUFFER_BYTES) if is_packed else file
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise OSError(f"{path} cannot be unpacked: the gzip file is damaged or was cut off.") from error
        after = os.fstat(file.fileno())
        changed = (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns)
        if changed and stat.S_ISREG(after.st_mode):
            raise OSError(f"{path} was written to while it was read; run it again once it is finished.")


def foreign_fault(start: bytes) -> str:
    """Why a file that begins so cannot be read; empty if it can."""
    for sign, name in FOREIGN.items():
        if start.startswith(sign):
            return f"the file is {name}; unpack it, or pack it with gzip"
    encoding = next((name for mark, name in ENCODINGS.items() if start.startswith(mark)), "")
    if not encoding and NUL in start[:4]:
        encoding = "UTF-32" if start[:4].count(NUL) > 2 else "UTF-16"
    return f"the file is {encoding}; save it as UTF-8" if encoding else ""
