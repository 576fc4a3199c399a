"""Cuts a stream of bytes into lines, at newlines only."""

from __future__ import annotations

HELD_BYTES = 4 * 1024 * 1024
"""A longer line is not kept in memory while it comes: it is read back from the file once it is whole."""

Line = tuple[int, int, bytes | memoryview | None]
"""A whole line: where it starts and how long it is without its newline, in bytes; and its bytes, or None
where it is longer than what is held. A plain tuple, and a view where it can be: both for speed."""

SPACE = ord(" ")


class LineSplitter:
    r"""Takes chunks as they come and hands out the lines that they complete.

    Only `\n` ends a line: JSON text may hold U+2028 and other things that Python's text mode splits at.
    Blank lines are passed over.

    Args:
        offset: Where in the file the first chunk starts, in bytes; must be the start of a line.
        held: Longest line in bytes that is kept in memory.
    """

    def __init__(self, offset: int = 0, held: int = HELD_BYTES) -> None:
        self.offset = offset
        """Where the line that is not whole yet starts."""
        self._held = held
        self._length = 0
        self._pieces: list[bytes] = []

    def feed(self, chunk: bytes) -> list[Line]:
        """Takes the next bytes and returns the lines that they complete."""
        end = chunk.find(b"\n")
        if end < 0:
            self._keep(chunk)
            return []
        self._keep(chunk[:end])
        lines = self.end()
        start = end + 1
        base = self.offset - start
        view = memoryview(chunk)
        while (end := chunk.find(b"\n", start)) >= 0:
            if end > start and (chunk[start] > SPACE or chunk[start:end].strip()):
                lines.append((base + start, end - start, view[start:end]))
            start = end + 1
        self.offset = base + start
        self._keep(chunk[start:])
        return lines

    def end(self) -> list[Line]:
        """Ends the line that came so far, as a newline does; one line, or none if it is blank."""
        offset, length = self.offset, self._length
        data = None if length > self._held else b"".join(self._pieces)
        self.offset += length + 1
        self._length = 0
        self._pieces.clear()
        return [] if data is not None and not data.strip() else [(offset, length, data)]

    def _keep(self, piece: bytes) -> None:
        self._length += len(piece)
        if self._length > self._held:
            self._pieces.clear()
        elif piece:
            self._pieces.append(piece)
