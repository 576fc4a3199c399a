"""From somebody's file to requests that can be sent: checked, counted, kept, divided into batches."""

from __future__ import annotations

import errno
import hashlib
import secrets
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from batchtui.config import open_private
from batchtui.disk import transaction
from batchtui.submissions.long_lines import LONG_LINE
from batchtui.submissions.parsing import Item, read_items
from batchtui.submissions.request_store import INDEX_BY_ID, KeptRequests, Load, Span, body_size
from batchtui.submissions.validation import Checked, Fault, check, custom_id_of, identify
from batchtui.text import clean_line, count, size

MOST_REQUESTS = 100_000
MOST_BYTES = 256_000_000
"""Limits of one batch, by the smaller reading of 256 MB. Source: public API guide, Batch processing."""
NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
FAULTS_KEPT = 100_000
"""More are counted but not told one by one: by then it is another kind of file."""
PROMPT_STEP = 10_000
"""Tokens: prompts are told apart by length no finer than that. Prices change at whole multiples of it."""
_INSERT_LOAD = f"INSERT INTO loads VALUES (?{', ?' * len(Load._fields)})"  # noqa: S608 - marks only
_ROWS_AT_ONCE = 2_000
_NEWLINES = bytes.maketrans(b"\r\n", b"  ")
_REPORT_ROWS = 1_000


@dataclass(slots=True)
class Prepared:
    """Requests that were read, checked and kept, but not sent.

    Attributes:
        kept: Where they are; `kept.remove()` unless they are sent.
        source: The file that they came from, or another word for it.
        digest: SHA-256 of all requests: the same content, the same digest.
        requests: How many.
        size: Their bytes.
        loads: What is asked of each model, by the length of the prompts.
        faults: All that must be mended before they can be sent, in the order of the file.
        fault_count: How many there are, told or not.
        parts: How they are divided into batches; one part unless they are too many.
        same: Submissions of the same content that the person was told of, by id.
        is_begun: Whether its sending has begun: then `kept` is the journal's.
    """

    kept: KeptRequests
    source: str
    digest: str = ""
    requests: int = 0
    size: int = 0
    loads: list[Load] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    fault_count: int = 0
    parts: list[Span] = field(default_factory=list)
    same: set[str] = field(default_factory=set)
    is_begun: bool = False

    @property
    def whole(self) -> Span:
        """All of it."""
        return Span(0, self.requests, 0, self.size)

    def models(self) -> list[Load]:
        """What is asked of each model in all, most requests first."""
        by_model: dict[str, list[Load]] = {}
        for load in self.loads:
            by_model.setdefault(load.model, []).append(load)
        sums = [_sum_of(model, loads) for model, loads in by_model.items()]
        return sorted(sums, key=lambda load: (-load.requests, load.model))

    @property
    def why_split(self) -> str:
        """Why one batch cannot hold all of it; empty if it can."""
        if len(self.parts) < 2:
            return ""
        return (
            f"{count(self.requests)} requests, {size(body_size(self.size))}, are more than one batch may "
            f"have ({count(MOST_REQUESTS)} requests, 256 MB)"
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


Report = Callable[[int], None]
"""Told how many requests are done."""
Look = Callable[[bytes], Checked | list[str]]
"""Answers what to keep of a request, or all that is wrong with it."""


def prepare(
    path: Path, folder: Path, *, was_accepted: bool = False, report: Report | None = None
) -> Prepared:
    """Reads and checks a file of requests, and keeps a copy that can be sent as it is.

    Args:
        path: JSON lines, a JSON array, or the body of a create call.
        folder: Where to keep the copy; a private folder that exists.
        was_accepted: The server has taken these requests already: whatever has a custom_id is kept.
        report: Told of progress.

    Raises:
        OSError: The file cannot be read, or the copy not be written.
    """
    look = identify if was_accepted else check
    return prepare_items(read_items(path), folder, source=clean_line(str(path)), look=look, report=report)


def prepare_items(
    items: Iterable[Item],
    folder: Path,
    *,
    source: str,
    look: Look = check,
    report: Report | None = None,
) -> Prepared:
    """As `prepare`, of requests that were taken apart already, looked at by `look`."""
    prepared = Prepared(KeptRequests(folder, secrets.token_hex(8)), source)
    try:
        _Preparation(prepared, look, report).run(items)
    except BaseException as error:
        prepared.kept.remove()
        if isinstance(error, sqlite3.Error) or (isinstance(error, OSError) and error.errno in NO_ROOM):
            why = getattr(error, "strerror", None) or str(error)
            raise OSError(
                f"The requests cannot be kept in {folder} ({why}): make room there and run it again."
            ) from error
        raise
    return prepared


class _Preparation:
    """One run through the items."""

    def __init__(self, prepared: Prepared, look: Look, report: Report | None) -> None:
        self._made = prepared
        self._look = look
        self._report = report or (lambda _: None)
        self._digest = hashlib.sha256()
        self._rows: list[tuple[int, str, int, int, int]] = []
        self._items = 0
        self._sums: dict[tuple[Any, ...], list[int]] = {}
        """Requests and tokens of the part, by all that their price depends on."""
        self._part_loads: list[tuple[object, ...]] = []
        self._part = Span(0, 0, 0, 0)

    def run(self, items: Iterable[Item]) -> None:
        made = self._made
        with (
            closing(made.kept.new_index()) as db,
            transaction(db),
            open(made.kept.data, "xb", opener=open_private) as file,
        ):
            for item in items:
                self._take(item, file)
                if len(self._rows) >= _ROWS_AT_ONCE:
                    self._store(db)
            self._store(db)
            db.execute(INDEX_BY_ID)
            self._look_for_twins(db)
            self._close_part()
            db.executemany(_INSERT_LOAD, self._part_loads)
        made.digest = self._digest.hexdigest()
        made.faults.sort(key=lambda fault: (fault.line, fault.request))
        if not self._items and not made.fault_count:
            self._note(0, 0, "", ["no requests in it; each line has to be one request"])

    def _take(self, item: Item, file: BinaryIO) -> None:
        if not item.raw:  # a fault of the file, not of a request
            self._note(item.line, 0, "", [item.fault])
            return
        self._items += 1
        if self._items % _REPORT_ROWS == 0:
            self._report(self._items)
        checked = [item.fault] if item.fault else self._look(item.raw)
        if isinstance(checked, Checked):
            self._keep(item, checked, file)
        else:
            custom_id = custom_id_of(item.raw)
            self._note(item.line, self._items, custom_id, checked)
            if custom_id:  # its twins are to be told too
                self._rows.append((self._items - 1, custom_id, item.line, 0, 0))

    def _keep(self, item: Item, checked: Checked, file: BinaryIO) -> None:
        made, size = self._made, len(item.raw) + 1
        self._part = self._part_for(size)
        self._rows.append((self._items - 1, checked.custom_id, item.line, made.size, size - 1))
        line = item.raw
        if b"\n" in line or b"\r" in line:
            line = line.translate(_NEWLINES)  # it is JSON: there are none inside of strings
        # A long line is not held a second time for its newline.
        for piece in (line, b"\n") if size > LONG_LINE else (line + b"\n",):
            self._digest.update(piece)
            file.write(piece)
        made.requests += 1
        made.size += size
        tokens, most_tokens, *rest = checked.weight
        kind = checked.model, _rounded_up(tokens), _rounded_up(most_tokens), *rest
        sums = self._sums.setdefault(kind, [0, 0, 0, 0])
        sums[0] += 1
        sums[1] += tokens
        sums[2] += checked.max_tokens
        sums[3] += most_tokens

    def _part_for(self, size: int) -> Span:
        """The part that takes the next request, which has so many bytes."""
        part = self._part
        if part.requests >= MOST_REQUESTS or body_size(part.size + size) > MOST_BYTES:
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
            self._made.loads += loads
            self._made.parts.append(part)
            self._part = Span(part.first + part.requests, 0, part.start + part.size, 0)

    def _store(self, db: sqlite3.Connection) -> None:
        db.executemany("INSERT INTO requests VALUES (?, ?, ?, ?, ?)", self._rows)
        self._rows.clear()

    def _note(self, line: int, request: int, custom_id: str, faults: Iterable[str]) -> None:
        for what in faults:
            self._made.fault_count += 1
            if len(self._made.faults) < FAULTS_KEPT:
                self._made.faults.append(Fault(line, request, custom_id, what))

    def _look_for_twins(self, db: sqlite3.Connection) -> None:
        for line, request, custom_id, first_line, first in _twins(db):
            where = f"line {first_line}" if first_line != line else f"request {first}"
            what = f"the custom_id of {where} again; every request of a submission needs its own"
            self._note(line, request, custom_id, [what])


def _rounded_up(tokens: int) -> int:
    """A prompt's length as prices tell prompts apart, never on the cheaper side of a limit."""
    return -(-tokens // PROMPT_STEP) * PROMPT_STEP


def _twins(db: sqlite3.Connection) -> Iterator[tuple[int, int, str, int, int]]:
    """Requests whose custom_id stands earlier too: line, number, custom_id; line and number of the first."""
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
