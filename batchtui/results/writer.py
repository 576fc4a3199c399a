"""Brings bytes to the results file and keeps its index in step. No network here."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Sequence
from contextlib import suppress
from functools import cache
from itertools import takewhile
from pathlib import Path

from batchtui.disk import NewerSchema, is_damage
from batchtui.results.decode import BEGINNING_BYTES, decode_beginning, decode_line
from batchtui.results.files import ResultFiles, require_room, sync_file
from batchtui.results.index import FileState, Index, remove_index
from batchtui.results.index_sum import check_index, remove_index_sum, write_index_sum
from batchtui.results.lines import LineSplitter
from batchtui.results.row import ResultRow
from batchtui.results.sealing import Digest, write_seal
from batchtui.results.tally import Tally

READ_BYTES = 64 * 1024 * 1024
"""Of a longer line only the beginning is read: reading it takes several times its length in memory."""
CHUNK_BYTES = 256 * 1024
RESERVE_BYTES = 128 * 1024 * 1024
"""What a body of unknown length leaves of the disk; once it is this long, this much is checked each time."""
COMMIT_ROWS = 2000
"""Rows that wait in memory at most."""


class ResultWriter:
    """The one writer of a batch's results; whoever makes one holds the batch's lock.

    The file is always a prefix of what the server sent. Bytes are written first and indexed after, so
    that a crash leaves at worst an index that is behind; opening brings it up to the file. After the
    machine itself went down only what was synced is trusted.

    Args:
        files: The batch's files; an index that is missing, old or wrong is made anew.

    Raises:
        OSError: The files cannot be read or written.
        sqlite3.Error: The index cannot be written.
    """

    def __init__(self, files: ResultFiles) -> None:
        self.size = 0
        """Bytes of results that are here."""
        self._files = files
        self._state = FileState()
        self._splitter = LineSplitter()
        self._ended = False
        self._torn_by: Exception | None = None
        self._position = 0
        """How far the responses have come: up to here the file is as the server has it now."""
        self._coming: str | None = None
        self._digest = Digest()
        self._news: list[bytes] = []
        """Bytes at the end of the file that the digest has not been given yet."""
        self._row_end = 0
        self._file = os.open(files.data, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            self._index = self._open_index()
        except BaseException:
            os.close(self._file)
            raise

    # What is here

    @property
    def rows(self) -> int:
        """Results that are here."""
        return self._index.rows

    @property
    def readable_rows(self) -> int:
        """Those of them that readers see."""
        return self._index.rows - self._index.waiting

    @property
    def is_at_end(self) -> bool:
        """Whether the responses so far have given the whole file, as far as can be told."""
        return self._position == self.total or (self.total is None and self._position == self.size)

    @property
    def validator(self) -> str | None:
        """What the server called the version that all bytes here belong to, if that is known."""
        return self._state.validator

    @property
    def total(self) -> int | None:
        """Bytes of the whole file, if the server said so."""
        return self._state.total

    @property
    def is_past_what_was_here(self) -> bool:
        """Whether all that is here is as the server has it now, as far as it has come."""
        return self._position >= self.size

    @property
    def open_bytes(self) -> int:
        """Bytes since the end of the last line that is whole and not blank."""
        return self.size - self._row_end

    def offset_of(self, n: int) -> int:
        """Where row `n` starts, in bytes; the end of the file if it is not here yet."""
        return self._index.offset_of(n, default=self.size)

    # What comes

    def forget_version(self) -> None:
        """Has the next response start at 0, to be compared with what is here."""
        self._state = self._state._replace(validator=None, total=None)

    def begin(self, start: int, validator: str | None, total: int | None) -> None:
        """Announces that the bytes to come start at `start` of the whole file.

        Args:
            start: Not beyond what is here. What comes again is compared with what is here, and takes
                its place from the first difference on.
            validator: What the server calls this version of the file.
            total: Bytes of the whole file, if known.

        Raises:
            OSError: The disk has no room for them.
        """
        if start > self.size:
            raise ValueError(f"a gap: {self.size} bytes are here and the next ones start at {start}")
        if self._ended:
            self._cut(self.size)
        require_room(self._files.folder, (total or 0) - self.size)
        self._position = start
        self._coming = validator
        # Until all that is here was seen again it may be of another version: no resuming in between.
        self._state = self._state._replace(validator=validator if start == self.size else None, total=total)

    def land(self, chunks: Sequence[bytes]) -> None:
        """Takes the next bytes. Once this has failed nothing more may land: there would be a gap."""
        if self._torn_by:
            raise self._torn_by
        had_rows = self.rows > 0
        try:
            if self.total is None and self.size >= RESERVE_BYTES:
                require_room(self._files.folder, RESERVE_BYTES)
            for chunk in chunks:
                self._land(chunk)
            self._digest_news()
        except (OSError, sqlite3.Error) as error:
            self._torn_by = error
            raise
        if self.rows and not had_rows:
            self.commit()

    def commit(self) -> None:
        """Lets readers see what has landed."""
        self._state = self._state._replace(covered=min(self._splitter.offset, self.size), boot=_boot())
        self._index.commit(self._state)

    def sync(self) -> None:
        """Waits until all that has landed is on disk, then commits."""
        os.fsync(self._file)
        self._state = self._state._replace(synced=self.size)
        self.commit()

    # The end

    def suffices(self, expected: int | None) -> bool:
        """Whether what the responses gave so far has a result for every request, whatever else is here."""
        self.commit()
        return expected is not None and self._index.distinct_ids(before=self._position) >= expected

    def end(self, expected: int | None) -> Tally:
        """Takes the end of the file for the end of its last line, and counts what is here.

        Only for when `is_at_end` or `suffices`.

        Args:
            expected: Requests in the batch; if unknown, the server's word is taken.
        """
        if self._position < self.size:
            self._state = self._state._replace(replaced=self._state.replaced + 1)
            self._cut(self._position)  # the server has less than what is here
        self._end_line()
        self._state = self._state._replace(expected=expected)
        self.commit()
        self._state = self._index.seal(self._state)
        return self.tally(expected)

    def tally(self, expected: int | None) -> Tally:
        """How the results that are here compare with the batch."""
        return Tally(self.rows, self._index.distinct_ids(), self._index.nameless_rows(), expected)

    def finish(self) -> None:
        """Makes the file the complete one, sealed and safely on disk."""
        self.sync()
        data = self._files.data
        write_seal(self._files, data, self._digest.of(self._file, self.size))
        if data != self._files.complete:
            data.rename(self._files.complete)
        sync_file(self._files.folder)

    def close(self) -> None:
        """Closes the files. Nothing is lost if this fails or never happens."""
        with suppress(OSError, sqlite3.Error):  # a full disk: opening again makes up for it
            self.sync()
        self._index.close()
        with suppress(OSError):
            write_index_sum(self._files)
        self._digest.close()
        os.close(self._file)

    # How it is done

    def _open_index(self) -> Index:
        is_intact = check_index(self._files)
        remove_index_sum(self._files)
        if is_intact is not False:
            try:
                return self._recover(Index(self._files), is_trusted=is_intact is True)
            except NewerSchema:
                pass
            except sqlite3.Error as error:
                if not is_damage(error):
                    raise
        remove_index(self._files)
        return self._recover(Index(self._files), is_trusted=True)

    def _recover(self, index: Index, *, is_trusted: bool) -> Index:
        """Brings the index and the file to the same state.

        Args:
            index: What is there of it.
            is_trusted: Whether its rows can be believed; else they are made again.
        """
        self._index, self._state = index, index.state
        size = os.fstat(self._file).st_size
        is_new = not self._state.boot
        if not (is_new or self._files.is_complete or self._state.boot == _boot()):
            size = min(size, self._state.synced)
        try:
            self._state = index.cut(size if is_trusted else 0, self._state)
            self._state = self._state._replace(synced=min(self._state.synced, size))
            self._cut(size)
            if self._files.is_complete:
                self._end_line()
                self.commit()
                if self._state.sealed_rows < self.rows:
                    self._state = index.seal(self._state)
        except BaseException:
            index.close()
            raise
        # Without a validator it is not sure that all that is here is of one version.
        self._position = self.size if self._state.validator else 0
        return index

    def _cut(self, size: int) -> None:
        """Drops what is beyond `size` bytes, and reads what the index does not cover."""
        if os.fstat(self._file).st_size > size:
            os.ftruncate(self._file, size)
        self._digest_news()
        self._digest.cut(size)
        self.size = size
        self._ended = False
        self._state = self._index.cut(size, self._state)
        self._state = self._state._replace(synced=min(self._state.synced, size))
        self._row_end = self._state.covered
        self._splitter = LineSplitter(self._state.covered)
        position = self._state.covered
        while position < size:
            chunk = os.pread(self._file, min(CHUNK_BYTES, size - position), position)
            position += len(chunk)
            self._take(chunk)

    def _land(self, chunk: bytes) -> None:
        news = self._compare(chunk) if self._position < self.size else chunk
        self._write(news)
        self._take(news)
        self._news.append(news)
        self._position += len(chunk)
        if self._position == self.size and self._coming != self._state.validator:
            self._state = self._state._replace(validator=self._coming)

    def _compare(self, chunk: bytes) -> bytes:
        """What is new of bytes that come again; from the first difference on, they replace what is here."""
        known = os.pread(self._file, min(len(chunk), self.size - self._position), self._position)
        if chunk.startswith(known):
            return chunk[len(known) :]
        same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(known, chunk, strict=False)))
        self._state = self._state._replace(replaced=self._state.replaced + 1)
        self._cut(self._position + same)
        return chunk[same:]

    def _digest_news(self) -> None:
        news, self._news = self._news, []
        self._digest.update(self.size - sum(map(len, news)), news)

    def _write(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            written = os.pwrite(self._file, view, self.size)
            self.size += written
            view = view[written:]

    def _take(self, data: bytes) -> None:
        lines = self._splitter.feed(data)
        for offset, length, line in lines:
            self._index.add(self._row(self._index.rows, offset, length, line))
        if lines:
            self._row_end = offset + length
        if self._index.waiting >= COMMIT_ROWS:
            self.commit()

    def _end_line(self) -> None:
        """Takes a last line that has no newline as it is; `begin` takes it back if more comes."""
        for offset, length, line in self._splitter.end():
            self._index.add(self._row(self._index.rows, offset, length, line))
        self._ended = True

    def _row(self, n: int, offset: int, length: int, line: bytes | memoryview | None) -> ResultRow:
        if line is None and length > READ_BYTES:
            return decode_beginning(n, offset, length, os.pread(self._file, BEGINNING_BYTES, offset))
        return decode_line(n, offset, os.pread(self._file, length, offset) if line is None else line)


@cache
def _boot() -> str:
    """Which run of this machine it is, so that a restart is noticed; a question mark if it cannot be told."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return "?"
