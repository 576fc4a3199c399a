"""Opens request files: decompresses gzip, and detects other compressions and encodings."""

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
    b"\xfd7zXZ": "compressed with xz",
    b"BZh": "compressed with bzip2",
    b"\x28\xb5\x2f\xfd": "compressed with zstd",
}
"""Unsupported formats by their first bytes."""
# Longest first: UTF-32 starts like UTF-16. Without a byte order mark, JSON starts with ASCII.
ENCODINGS = {
    b"\xff\xfe\x00\x00": "UTF-32",
    b"\x00\x00\xfe\xff": "UTF-32",
    b"\xff\xfe": "UTF-16",
    b"\xfe\xff": "UTF-16",
}
NUL = 0


@contextmanager
def open_requests(path: Path) -> Iterator[io.BufferedReader]:
    """Open a file, and decompress it if it is gzip.

    Raises:
        OSError: It cannot be read or decompressed, or was modified while it was read.
    """
    with path.open("rb") as file:
        before = os.fstat(file.fileno())
        is_gzip = file.peek(len(GZIP)).startswith(GZIP)
        try:
            yield io.BufferedReader(gzip.GzipFile(fileobj=file), BUFFER_BYTES) if is_gzip else file
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise OSError(f"{path} cannot be decompressed: the gzip file is damaged or truncated.") from error
        after = os.fstat(file.fileno())
        changed = (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns)
        if changed and stat.S_ISREG(after.st_mode):
            raise OSError(
                f"{path} was modified while it was read. Run the command again when it is complete."
            )


def foreign_errors(start: bytes) -> str:
    """Return why a file with these first bytes cannot be read; empty if it can."""
    for magic, name in FOREIGN.items():
        if start.startswith(magic):
            return f"the file is {name}; decompress it, or use gzip"
    encoding = next((name for mark, name in ENCODINGS.items() if start.startswith(mark)), "")
    if not encoding and NUL in start[:4]:
        encoding = "UTF-32" if start[:4].count(NUL) > 2 else "UTF-16"
    return f"the file is {encoding}; save it as UTF-8" if encoding else ""
