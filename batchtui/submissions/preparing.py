"""Prepares requests for submission: checks them, copies them to a draft, and divides them into batches."""

from __future__ import annotations

import errno
import hashlib
import secrets
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Self

from batchtui.config import open_private
from batchtui.disk import transaction
from batchtui.submissions.long_lines import LONG_LINE
from batchtui.submissions.parsing import Item, read_items
from batchtui.submissions.request_file import INDEX_BY_ID, Load, RequestFile, Span, body_size
from batchtui.submissions.validation import Checked, FileError, check, custom_id_of, identify
from batchtui.text import clean_line, count, size

MAX_REQUESTS = 100_000
MAX_BYTES = 256_000_000
"""Limits of one batch, by the smaller reading of 256 MB. Source: public API guide, Batch processing."""
NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
MAX_ERRORS = 100_000
"""Further errors are only counted: a file with that many is something else."""
PROMPT_STEP = 10_000
"""Tokens to which prompt lengths are rounded up. Price limits are whole multiples of it."""
_INSERT_LOAD = f"INSERT INTO loads VALUES (?{', ?' * len(Load._fields)})"  # noqa: S608 - placeholders only
_ROWS_PER_INSERT = 2_000
_NEWLINES = bytes.maketrans(b"\r\n", b"  ")
_PROGRESS_ROWS = 1_000


@dataclass(slots=True)
class Prepared:
    """A draft: requests that were checked and copied, but not sent.

    As a context manager it removes itself on exit, unless the journal has recorded it.

    Attributes:
        file: The copy.
        source: The file that the requests came from, or a description.
        digest: SHA-256 of all requests.
        requests: Number of requests.
        size: Their bytes.
        loads: Requests and tokens by model and prompt length.
        errors: Errors to fix before sending, in the order of the file; at most `MAX_ERRORS`.
        error_count: Number of all errors.
        parts: The batches to create.
        is_recorded: Whether the journal has recorded the requests, which then are no draft any more.
    """

    file: RequestFile
    source: str
    digest: str = ""
    requests: int = 0
    size: int = 0
    loads: list[Load] = field(default_factory=list)
    errors: list[FileError] = field(default_factory=list)
    error_count: int = 0
    parts: list[Span] = field(default_factory=list)
    is_recorded: bool = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.discard()

    def discard(self) -> None:
        """Remove the draft, unless the journal has recorded it."""
        if not self.is_recorded:
            self.file.remove()

    @property
    def span(self) -> Span:
        """The span of all requests."""
        return Span(0, self.requests, 0, self.size)

    def models(self) -> list[Load]:
        """Return requests and tokens by model, most requests first."""
        by_model: dict[str, list[Load]] = {}
        for load in self.loads:
            by_model.setdefault(load.model, []).append(load)
        sums = [_sum_of(model, loads) for model, loads in by_model.items()]
        return sorted(sums, key=lambda load: (-load.requests, load.model))

    @property
    def split_reason(self) -> str:
        """Why one batch cannot hold all requests; empty if it can."""
        if len(self.parts) < 2:
            return ""
        return (
            f"{count(self.requests)} requests, {size(body_size(self.size))}, exceed the limits of one batch "
            f"({count(MAX_REQUESTS)} requests, 256 MB)"
        )


def _sum_of(model: str, loads: Sequence[Load]) -> Load:
    return Load(
        model,
        0,
        sum(load.requests for load in loads),
        sum(load.input_tokens for load in loads),
        sum(load.max_tokens for load in loads),
        most_input_tokens=sum(load.most_input_tokens for load in loads),
        is_bound=all(load.is_bound for load in loads),
    )


OnProgress = Callable[[int], None]
"""Called with the number of requests read."""
Check = Callable[[bytes], Checked | list[str]]
"""Returns what is known of a valid request, or its errors."""


def prepare(
    path: Path, folder: Path, *, was_accepted: bool = False, on_progress: OnProgress | None = None
) -> Prepared:
    """Read and check a request file, and copy it to a draft.

    Args:
        path: JSON lines, a JSON array, or the body of a create call.
        folder: Private folder for the draft; it must exist.
        was_accepted: Whether the server has accepted these requests; then only custom_ids are checked.
        on_progress: Called with the number of requests read.

    Raises:
        OSError: The file cannot be read, or the draft cannot be written.
    """
    check_one = identify if was_accepted else check
    source = clean_line(str(path))
    return prepare_items(read_items(path), folder, source=source, check=check_one, on_progress=on_progress)


def prepare_items(
    items: Iterable[Item],
    folder: Path,
    *,
    source: str,
    check: Check = check,
    on_progress: OnProgress | None = None,
) -> Prepared:
    """Check requests that are already parsed, and copy them to a draft; otherwise as `prepare`."""
    prepared = Prepared(RequestFile(folder, secrets.token_hex(8)), source)
    try:
        _Preparation(prepared, check, on_progress).run(items)
    except BaseException as error:
        prepared.file.remove()
        if isinstance(error, sqlite3.Error) or (isinstance(error, OSError) and error.errno in NO_ROOM):
            why = getattr(error, "strerror", None) or str(error)
            raise OSError(
                f"Cannot store the requests in {folder} ({why}). Free some space and run the command again."
            ) from error
        raise
    return prepared


class _Preparation:
    """One pass through the items."""

    def __init__(self, prepared: Prepared, check: Check, on_progress: OnProgress | None) -> None:
        self._prepared = prepared
        self._check = check
        self._on_progress = on_progress or (lambda _: None)
        self._digest = hashlib.sha256()
        self._rows: list[tuple[int, str, int, int, int]] = []
        self._items = 0
        self._sums: dict[tuple[Any, ...], list[int]] = {}
        """Requests and tokens of the current part, by everything that their price depends on."""
        self._part_loads: list[tuple[object, ...]] = []
        self._part = Span(0, 0, 0, 0)

    def run(self, items: Iterable[Item]) -> None:
        prepared = self._prepared
        with (
            closing(prepared.file.new_index()) as db,
            transaction(db),
            open(prepared.file.data, "xb", opener=open_private) as file,
        ):
            for item in items:
                self._take(item, file)
                if len(self._rows) >= _ROWS_PER_INSERT:
                    self._store(db)
            self._store(db)
            db.execute(INDEX_BY_ID)
            self._find_duplicates(db)
            self._close_part()
            db.executemany(_INSERT_LOAD, self._part_loads)
        prepared.digest = self._digest.hexdigest()
        prepared.errors.sort(key=lambda error: (error.line, error.request))
        if not self._items and not prepared.error_count:
            self._note(0, 0, "", ["no requests; write one request per line"])

    def _take(self, item: Item, file: BinaryIO) -> None:
        if not item.raw:  # an error of the file, not of a request
            self._note(item.line, 0, "", [item.error])
            return
        self._items += 1
        if self._items % _PROGRESS_ROWS == 0:
            self._on_progress(self._items)
        checked = [item.error] if item.error else self._check(item.raw)
        if isinstance(checked, Checked):
            self._keep(item, checked, file)
        else:
            custom_id = custom_id_of(item.raw)
            self._note(item.line, self._items, custom_id, checked)
            if custom_id:  # to report duplicates of it
                self._rows.append((self._items - 1, custom_id, item.line, 0, 0))

    def _keep(self, item: Item, checked: Checked, file: BinaryIO) -> None:
        prepared, size = self._prepared, len(item.raw) + 1
        self._part = self._part_for(size)
        self._rows.append((self._items - 1, checked.custom_id, item.line, prepared.size, size - 1))
        line = item.raw
        if b"\n" in line or b"\r" in line:
            line = line.translate(_NEWLINES)  # JSON strings cannot contain newlines
        # Do not copy a long line only to add a newline.
        for piece in (line, b"\n") if size > LONG_LINE else (line + b"\n",):
            self._digest.update(piece)
            file.write(piece)
        prepared.requests += 1
        prepared.size += size
        tokens, most_tokens, *rest = checked.tokens
        kind = checked.model, _rounded_up(tokens), _rounded_up(most_tokens), *rest
        sums = self._sums.setdefault(kind, [0, 0, 0, 0])
        sums[0] += 1
        sums[1] += tokens
        sums[2] += checked.max_tokens
        sums[3] += most_tokens

    def _part_for(self, size: int) -> Span:
        """Return the part with the next request added, starting a new part if needed."""
        part = self._part
        if part.requests >= MAX_REQUESTS or body_size(part.size + size) > MAX_BYTES:
            self._close_part()
            part = self._part
        return Span(part.first, part.requests + 1, part.start, part.size + size)

    def _close_part(self) -> None:
        part = self._part
        if part.requests:
            loads = [
                Load(model, prompt, requests, tokens, max_tokens, most, most_tokens, *rest)
                for (model, prompt, most, *rest), (requests, tokens, max_tokens, most_tokens) in (
                    self._sums.items()
                )
            ]
            self._part_loads += [(part.first, *load) for load in loads]
            self._sums.clear()
            self._prepared.loads += loads
            self._prepared.parts.append(part)
            self._part = Span(part.first + part.requests, 0, part.start + part.size, 0)

    def _store(self, db: sqlite3.Connection) -> None:
        db.executemany("INSERT INTO requests VALUES (?, ?, ?, ?, ?)", self._rows)
        self._rows.clear()

    def _note(self, line: int, request: int, custom_id: str, messages: Iterable[str]) -> None:
        for message in messages:
            self._prepared.error_count += 1
            if len(self._prepared.errors) < MAX_ERRORS:
                self._prepared.errors.append(FileError(line, request, custom_id, message))

    def _find_duplicates(self, db: sqlite3.Connection) -> None:
        for line, request, custom_id, first_line, first in _duplicates(db):
            where = f"on line {first_line}" if first_line != line else f"in request {first}"
            self._note(line, request, custom_id, [f"duplicate custom_id (first used {where})"])


def _rounded_up(tokens: int) -> int:
    """Round up a prompt length, so that it is never on the cheaper side of a price limit."""
    return -(-tokens // PROMPT_STEP) * PROMPT_STEP


def _duplicates(db: sqlite3.Connection) -> Iterator[tuple[int, int, str, int, int]]:
    """Return requests with a custom_id used before: line, number, custom_id; line and number of the first."""
    yield from db.execute(
        """
        SELECT line, n + 1, custom_id, first, first_n + 1 FROM requests
        JOIN (
            SELECT custom_id, MIN(line) AS first, MIN(n) AS first_n FROM requests
            GROUP BY custom_id HAVING COUNT(*) > 1
        ) USING (custom_id)
        WHERE n > first_n ORDER BY n
        """
    )
