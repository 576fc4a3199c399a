"""Lost, damaged, old and new journals and receipts: nothing is sent twice, and no request is lost."""

from __future__ import annotations

import asyncio
import hashlib
import os
import random
import resource
import shutil
import sqlite3
import sys
import time
from contextlib import closing, contextmanager, suppress
from typing import TYPE_CHECKING

import pytest

from batchtui.api import BatchesClient
from batchtui.disk import open_database
from batchtui.submissions import (
    JournalError,
    NotSubmitted,
    PartState,
    SubmissionError,
    preparing,
)
from batchtui.submissions.journal_db import MIGRATIONS
from batchtui.submissions.records import seal, unseal
from batchtui.submissions.request_file import RequestFile
from batchtui.submissions.request_store import DRAFT_SECONDS
from tests.submitting import SLOW, Submitting, batches_on, request, submitting, write

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from pathlib import Path

    from batchtui.sandbox import Embedded

REQUESTS = [request(f"a-{n}", f"Item {n}.") for n in range(10)]


@pytest.fixture
def server(sandbox_with: Callable[..., Embedded]) -> Embedded:
    return sandbox_with(batches=0)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return write(tmp_path / "file.jsonl", REQUESTS)


@pytest.fixture
async def batch_id(server: Embedded, file: Path, folder: Path) -> str:
    """A batch submitted from `folder` by an earlier process."""
    async with submitting(server, folder) as one:
        (batch_id,) = await one.create(file)
    return batch_id


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
async def later(server: Embedded, folder: Path, batch_id: str) -> AsyncIterator[Submitting]:
    """A later process in the same folder."""
    async with submitting(server, folder) as one:
        yield one


def names(folder: Path, pattern: str) -> list[Path]:
    return list(folder.glob(pattern))


def receipt(folder: Path) -> Path:
    (path,) = names(folder, "requests/*.receipt.json")
    return path


def make_old(folder: Path) -> None:
    """Make all files older than drafts may be."""
    for path in folder.rglob("*"):
        os.utime(path, (0, time.time() - DRAFT_SECONDS - 1))


def flip(path: Path, bit: int) -> None:
    data = bytearray(path.read_bytes())
    data[bit // 8] ^= 1 << bit % 8
    path.write_bytes(data)


def delete_journal(folder: Path) -> None:
    (folder / "journal.db").unlink()


def empty_journal(folder: Path) -> None:
    os.truncate(folder / "journal.db", 0)


def overwrite_journal(folder: Path) -> None:
    (folder / "journal.db").write_bytes(b"not a database, " * 100)


def make_the_journal_a_folder(folder: Path) -> None:
    delete_journal(folder)
    (folder / "journal.db").mkdir()
    (folder / "journal.db" / "something").touch()


def go_back_to_an_older_journal(folder: Path) -> None:
    (folder / "journal.db").write_bytes(b"")
    with closing(open_database(folder / "journal.db", MIGRATIONS)) as db:
        one = unseal(receipt(folder).read_bytes())
        parts = [type(part)(part.submission, part.number, part.span) for part in one.parts]
        earlier = type(one)(
            one.id, one.digest, one.source, one.requests, None, one.created_at, parts, one.revision - 2
        )
        db.execute("INSERT INTO receipts VALUES (?, ?, ?)", (one.id, "old", seal(earlier)))


LOSSES = (delete_journal, empty_journal, overwrite_journal, make_the_journal_a_folder)


@pytest.mark.parametrize("lose", [*LOSSES, go_back_to_an_older_journal])
async def test_lost_journal_is_rebuilt(
    server: Embedded,
    file: Path,
    folder: Path,
    batch_id: str,
    later: Submitting,
    lose: Callable[[Path], None],
) -> None:
    lose(folder)
    make_old(folder)
    assert await later.create(file) == []
    assert [batch.id for batch in await batches_on(server)] == [batch_id]
    assert later.submissions.request(batch_id, "a-7") is not None
    if lose in LOSSES:
        assert "was rebuilt from" in (later.submissions.notice or "")
    assert (folder / "journal.db").read_bytes()[:6] == b"SQLite"


async def test_damaged_journal_is_backed_up(folder: Path, file: Path, later: Submitting) -> None:
    overwrite_journal(folder)
    assert await later.create(file) == []
    (backup,) = names(folder, "journal.db.corrupt-*")
    assert backup.read_bytes().startswith(b"not a database, ")
    assert str(backup) in (later.submissions.notice or "")


@pytest.mark.parametrize("lose", LOSSES)
async def test_journal_lost_while_running_is_rebuilt(
    server: Embedded, file: Path, tmp_path: Path, lose: Callable[[Path], None]
) -> None:
    folder = tmp_path / "data"
    async with submitting(server, folder) as one, submitting(server, folder) as two:
        (batch_id,) = await one.create(file)
        assert two.submissions.known_batches() == {batch_id}
        lose(folder)
        assert await two.create(file) == []
        other = write(tmp_path / "other.jsonl", [request("b")])
        (other_id,) = await one.create(other)
        assert await two.create(other) == []
        assert one.submissions.known_batches() == two.submissions.known_batches() == {batch_id, other_id}
    assert len(await batches_on(server)) == 2


@pytest.mark.parametrize("place", ["journal.db", "receipt"])
async def test_flipped_bits_are_repaired(
    server: Embedded, file: Path, folder: Path, batch_id: str, tmp_path: Path, place: str
) -> None:
    picked = random.Random(20261122)
    path = receipt(folder) if place == "receipt" else folder / place
    bits = path.stat().st_size * 8
    # The head of the file and what it holds, not the empty pages.
    data = path.read_bytes()
    places = [bit for bit in range(bits) if bit < 800 or data[bit // 8]]
    for number, bit in enumerate(picked.sample(places, 40)):
        damaged = tmp_path / f"{number}"
        shutil.copytree(folder, damaged)
        flip(damaged / path.relative_to(folder), bit)
        make_old(damaged)
        async with submitting(server, damaged) as one:
            with suppress(JournalError):  # such as for a version that looks newer
                assert await one.create(file) == []
            assert one.submissions.request(batch_id, "a-7") is not None, bit
        shutil.rmtree(damaged)
    assert len(await batches_on(server)) == 1


async def test_damaged_receipt_is_restored_from_journal(
    folder: Path, file: Path, batch_id: str, later: Submitting
) -> None:
    before = receipt(folder).read_bytes()
    receipt(folder).write_bytes(before[:100])
    assert later.submissions.known_batches() == {batch_id}
    assert receipt(folder).read_bytes() == before
    delete_journal(folder)
    assert await later.create(file) == []


async def test_moved_requests_are_not_sent_again(
    server: Embedded, file: Path, folder: Path, later: Submitting
) -> None:
    (folder / "requests").rename(folder / "elsewhere")
    assert await later.create(file) == []
    assert len(await batches_on(server)) == 1


# Unrecorded requests


def lose_all_records(folder: Path) -> None:
    delete_journal(folder)
    receipt(folder).write_bytes(b"")
    make_old(folder)


async def test_unrecorded_requests_are_neither_removed_nor_sent(
    server: Embedded, file: Path, folder: Path, tmp_path: Path, later: Submitting
) -> None:
    lose_all_records(folder)
    earlier = later.newest_identical(file)
    assert earlier
    assert earlier.is_unrecorded
    assert earlier.source == str(folder / "requests" / f"{later.stored[0]}.jsonl")
    assert len(await batches_on(server)) == 1

    other = write(tmp_path / "other.jsonl", [request("b")])
    assert len(await later.create(other)) == 1
    assert len(await later.create(file, allow_duplicate=True)) == 1
    assert len(await batches_on(server)) == 3
    assert earlier.id in later.stored


async def test_attach_records_unrecorded_requests(
    file: Path, folder: Path, batch_id: str, later: Submitting
) -> None:
    lose_all_records(folder)
    later.submissions.attach(batch_id, file, requests=10)
    assert len(later.stored) == 1
    assert later.submissions.request(batch_id, "a-3") is not None
    earlier = later.newest_identical(file)
    assert earlier
    assert earlier.batch_ids == [batch_id]


@pytest.fixture
def split(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file of two batches, of 5 requests and of 3."""
    monkeypatch.setattr(preparing, "MAX_REQUESTS", 5)
    return write(tmp_path / "split.jsonl", REQUESTS[:8])


async def test_unrecorded_part_is_looked_for_after_another_was_attached(
    sandbox_with: Callable[..., Embedded], folder: Path, split: Path
) -> None:
    sandbox = sandbox_with(batches=0, speed=SLOW)
    async with submitting(sandbox, folder) as one:
        first, second = await one.create(split)
    lose_all_records(folder)
    async with submitting(sandbox, folder) as later:
        later.submissions.attach(first, split, requests=5)
        assert later.submissions.request(first, "a-4") is not None
        assert later.submissions.request(first, "a-5") is None
        with pytest.raises(NotSubmitted, match=f"^Probably {second}"):
            await later.create(split)
        later.submissions.attach(second, split, requests=3)
        assert later.submissions.request(second, "a-5") is not None
        assert await later.create(split) == []
    assert len(await batches_on(sandbox)) == 2


async def test_unrecorded_part_is_sent_only_with_allow_duplicate(
    sandbox_with: Callable[..., Embedded], folder: Path, split: Path
) -> None:
    sandbox = sandbox_with(batches=0, faults=("refuse:2@create",), speed=SLOW)
    async with submitting(sandbox, folder) as one:
        with pytest.raises(NotSubmitted):
            await one.create(split)
    (first,) = (batch.id for batch in await batches_on(sandbox))
    lose_all_records(folder)
    async with submitting(sandbox, folder, appear_seconds=0) as later:
        later.submissions.attach(first, split, requests=5)
        for _ in range(2):
            with pytest.raises(NotSubmitted, match=r"^3 requests of .* may have been sent: the record was"):
                await later.create(split)
        assert (await later.create(split, allow_duplicate=True))[0] == first
        assert await later.create(split) == []
    assert len(await batches_on(sandbox)) == 2


async def test_replaced_attachment_leaves_all_parts_unrecorded(
    sandbox_with: Callable[..., Embedded], folder: Path, split: Path, tmp_path: Path
) -> None:
    sandbox = sandbox_with(batches=0, speed=SLOW)
    async with submitting(sandbox, folder) as one:
        first, _ = await one.create(split)
    lose_all_records(folder)
    other = write(tmp_path / "other.jsonl", [request(f"b-{n}") for n in range(5)])
    async with submitting(sandbox, folder, appear_seconds=0) as later:
        later.submissions.attach(first, split, requests=5)
        later.submissions.attach(first, other, requests=5)
        with pytest.raises(NotSubmitted, match=r"^5 requests of .* may have been sent: the record was lost"):
            await later.create(split)
    assert len(await batches_on(sandbox)) == 2


async def test_replaced_attachment_leaves_requests_unrecorded(
    file: Path, folder: Path, batch_id: str, later: Submitting, tmp_path: Path
) -> None:
    lose_all_records(folder)
    later.submissions.attach(batch_id, file, requests=10)
    other = write(tmp_path / "other.jsonl", [request(f"b-{n}") for n in range(10)])
    later.submissions.attach(batch_id, other, requests=10)
    assert len(later.stored) == 2
    earlier = later.newest_identical(file)
    assert earlier
    assert earlier.is_unrecorded


async def test_unrecorded_resubmission_blocks_overlapping_one(
    server: Embedded, file: Path, folder: Path, batch_id: str, later: Submitting
) -> None:
    with later.plan_resubmission(batch_id, ["a-1", "a-2"]) as plan:
        child = await later.submissions.submit(plan)
    later.submissions.close()
    delete_journal(folder)
    (folder / "requests" / f"{child.id}.receipt.json").unlink()
    async with submitting(server, folder) as one:
        lost = pytest.raises(SubmissionError, match=f"record of .*{child.id}.jsonl was lost. Run `batchtui")
        with one.plan_resubmission(batch_id, ["a-2", "a-3"]) as overlapping, lost:
            assert not overlapping.identical
            await one.submissions.submit(overlapping)
    assert len(await batches_on(server)) == 2


async def test_attached_resubmission_without_record_is_not_sent_again(
    server: Embedded, file: Path, folder: Path, batch_id: str, later: Submitting
) -> None:
    with later.plan_resubmission(batch_id, ["a-1", "a-2"]) as plan:
        child = await later.submissions.submit(plan)
    later.submissions.close()
    delete_journal(folder)
    (folder / "requests" / f"{child.id}.receipt.json").unlink()
    async with submitting(server, folder) as one:
        one.submissions.attach(child.batch_ids[0], folder / "requests" / f"{child.id}.jsonl", requests=2)
        with one.plan_resubmission(batch_id, ["a-1", "a-2"]) as again:
            assert await one.send(again) == []
        refused = pytest.raises(SubmissionError, match=f"may have been resubmitted as {child.batch_ids[0]}")
        with one.plan_resubmission(batch_id, ["a-2", "a-3"]) as overlapping, refused:
            await one.send(overlapping)
        with one.plan_resubmission(batch_id, ["a-3"]) as rest:
            assert len(await one.send(rest)) == 1
    assert len(await batches_on(server)) == 3


async def test_resubmissions_survive_journal_rebuild(
    file: Path, folder: Path, batch_id: str, later: Submitting
) -> None:
    with later.plan_resubmission(batch_id, ["a-1", "a-2"]) as plan:
        (child,) = (await later.submissions.submit(plan)).batch_ids
    with later.plan_resubmission(batch_id, ["a-2", "a-3"]) as overlapping:
        delete_journal(folder)
        with pytest.raises(SubmissionError, match=f"just resubmitted some of them as {child}"):
            await later.submissions.submit(overlapping)
    assert later.submissions.family(batch_id) == ([batch_id], [child])


# Other versions


def write_first_journal(folder: Path, *, lose_wal: bool) -> None:
    """Turn a folder into what version 1 would leave after a kill."""
    one = unseal(receipt(folder).read_bytes())
    (part,) = one.parts
    receipt(folder).unlink()
    delete_journal(folder)
    facts = one.id, one.digest, one.source, one.requests, one.parent, one.created_at
    known = part.batch_id, part.sent_at, part.newest_before, part.newest_before_at
    with closing(open_database(folder / "new.db", MIGRATIONS[:1])) as db:
        db.execute("INSERT INTO submissions VALUES (?, ?, ?, ?, ?, ?)", facts)
        sent = one.id, part.number, *part.span, part.state, *known
        db.execute(f"INSERT INTO parts VALUES ({', '.join('?' * len(sent))})", sent)
        tie = part.batch_id, one.id, *part.span, one.created_at
        db.execute("INSERT INTO batches VALUES (?, ?, ?, ?, ?, ?, ?)", tie)
        for end in ("",) if lose_wal else ("", "-wal"):
            shutil.copy(folder / f"new.db{end}", folder / f"journal.db{end}")


async def test_version_1_journal_is_migrated(
    server: Embedded, file: Path, folder: Path, batch_id: str
) -> None:
    before = unseal(receipt(folder).read_bytes())
    write_first_journal(folder, lose_wal=False)
    async with submitting(server, folder) as one:
        assert one.submissions.known_batches() == {batch_id}
    assert unseal(receipt(folder).read_bytes()).parts == before.parts
    assert not names(folder, "journal.db-*")
    delete_journal(folder)
    async with submitting(server, folder) as one:
        assert await one.create(file) == []
    assert len(await batches_on(server)) == 1


async def test_version_1_journal_without_wal_sends_nothing(
    server: Embedded, file: Path, folder: Path, batch_id: str
) -> None:
    write_first_journal(folder, lose_wal=True)
    make_old(folder)
    async with submitting(server, folder) as one:
        assert await one.create(file) == []
        assert len(one.stored) == 1
    assert len(await batches_on(server)) == 1


def make_the_journal_newer(folder: Path) -> None:
    with closing(sqlite3.connect(folder / "journal.db")) as db:
        db.execute("PRAGMA user_version = 99")


def make_the_receipt_newer(folder: Path) -> None:
    text = receipt(folder).read_bytes()
    one = unseal(text)
    newer = seal(one).replace(b'"accepted"', b'"invented"')
    body = newer[newer.index(b'"receipt":') + 10 : -2]
    receipt(folder).write_bytes(
        b'{"sha256":"%s","receipt":%s}\n' % (hashlib.sha256(body).hexdigest().encode(), body)
    )


@pytest.mark.parametrize("make_newer", [make_the_journal_newer, make_the_receipt_newer])
async def test_newer_journal_blocks_sending_but_not_reading(
    server: Embedded,
    folder: Path,
    batch_id: str,
    later: Submitting,
    tmp_path: Path,
    make_newer: Callable[[Path], None],
) -> None:
    make_newer(folder)
    before = receipt(folder).read_bytes()
    assert later.submissions.known_batches() == {batch_id}
    other = write(tmp_path / "other.jsonl", [request("b")])
    with pytest.raises(JournalError, match=r"from a newer batchtui\. Update batchtui to submit"):
        await later.create(other)
    assert receipt(folder).read_bytes() == before
    assert len(await batches_on(server)) == 1


# The disk


@contextmanager
def files_up_to(size: int) -> Iterator[None]:
    """Limit the size of files, like a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("limit", [100, 2000], ids=["receipt", "journal"])
async def test_full_disk_sends_nothing(
    server: Embedded, folder: Path, later: Submitting, tmp_path: Path, limit: int
) -> None:
    with later.submissions.plan_file(write(tmp_path / "other.jsonl", [request("b")])) as plan:
        with (
            files_up_to(limit),
            pytest.raises(JournalError, match="Free some space and run the same") as error,
        ):
            await later.submissions.submit(plan)
        assert "away" not in str(error.value)
    assert len(await batches_on(server)) == 1
    assert len(await later.create(tmp_path / "other.jsonl")) == 1


async def test_accepted_batch_is_found_after_full_disk(
    server: Embedded, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = write(tmp_path / "other.jsonl", [request("b")])
    create_from = BatchesClient.create_from

    async def fill_the_disk(client: BatchesClient, body: object) -> object:
        batch = await create_from(client, body)  # type: ignore[arg-type]
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, resource.RLIM_INFINITY))
        return batch

    async with submitting(server, folder) as one:
        monkeypatch.setattr(BatchesClient, "create_from", fill_the_disk)
        with files_up_to(resource.RLIM_INFINITY), pytest.raises(JournalError, match="Free some space"):
            await one.create(file)
        monkeypatch.undo()
        (batch,) = await batches_on(server)
        with pytest.raises(NotSubmitted, match=f"Probably {batch.id}:"):
            await one.create(file)
    assert len(await batches_on(server)) == 1


@pytest.mark.parametrize("path", ["journal.db", "requests", "."])
async def test_read_only_folder_blocks_sending_but_not_reading(
    server: Embedded, folder: Path, batch_id: str, file: Path, path: str
) -> None:
    mode = (folder / path).stat().st_mode
    (folder / path).chmod(mode & 0o555)
    if os.access(folder / path, os.W_OK):
        pytest.skip("root may write anywhere")
    try:
        async with submitting(server, folder) as one:
            assert one.submissions.request(batch_id, "a-7") is not None
            other = write(file.with_name("other.jsonl"), [request("b")])
            with pytest.raises(OSError, match=r"Permission denied|readonly|Errno 13"):
                await one.create(other)
    finally:
        (folder / path).chmod(mode)
    assert len(await batches_on(server)) == 1


async def test_missing_requests_are_restored_on_resume(
    sandbox_with: Callable[..., Embedded], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preparing, "MAX_REQUESTS", 5)
    server = sandbox_with(batches=0, faults=("refuse:2@create",))
    file = write(tmp_path / "file.jsonl", REQUESTS)
    async with submitting(server, tmp_path / "data", appear_seconds=0) as one:
        with pytest.raises(NotSubmitted):
            await one.create(file)
        (kept,) = one.stored
        RequestFile(tmp_path / "data" / "requests", kept).remove()
        ids = await one.create(file)
        assert one.stored == [kept]
        assert one.submissions.request(ids[1], "a-7") is not None
    assert len(await batches_on(server)) == 2


@pytest.mark.parametrize("damage", [b"", b"not a database, " * 100, None], ids=["empty", "damaged", "gone"])
async def test_request_index_is_rebuilt(
    folder: Path, batch_id: str, later: Submitting, damage: bytes | None
) -> None:
    before = later.submissions.request(batch_id, "a-7")
    (index,) = names(folder, "requests/*.index.db")
    if damage is None:
        index.unlink()
    else:
        index.write_bytes(damage)
    assert later.submissions.request(batch_id, "a-7") == before
    assert before


# Killed

KILLED = """
import asyncio, os, signal, sys
from pathlib import Path
from tests.submitting import request, submitting, write
from types import SimpleNamespace

def killed_before(step):
    def counted(real):
        def call(*args, **kwargs):
            nonlocal step
            step -= 1
            if step < 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return real(*args, **kwargs)
        return call
    for name in ("rename", "replace", "fsync", "unlink"):
        setattr(os, name, counted(getattr(os, name)))

async def create(home, file):
    server = SimpleNamespace(base_url=sys.argv[1], api_key=sys.argv[2])
    async with submitting(server, home / "data", lookup_delays=()) as one:
        await one.create(file)

status, step = signal.SIGKILL, 0
while os.waitstatus_to_exitcode(status) == -signal.SIGKILL if step else True:
    home = Path(sys.argv[3]) / str(step)
    home.mkdir(0o700)
    file = write(home / "file.jsonl", [request(f"a-{n}") for n in range(step + 1)])
    child = os.fork()
    if not child:
        killed_before(step)
        asyncio.run(create(home, file))
        os._exit(0)
    _, status = os.waitpid(child, 0)
    step += 1
print(step, os.waitstatus_to_exitcode(status))
"""


async def test_kill_before_any_disk_step_creates_one_batch(server: Embedded, tmp_path: Path) -> None:
    words = [sys.executable, "-c", KILLED, server.base_url, server.api_key, str(tmp_path)]
    process = await asyncio.create_subprocess_exec(*words, stdout=-1)
    printed, _ = await process.communicate()
    steps, status = map(int, printed.split())
    assert status == 0
    assert steps > 10
    for step in range(steps):
        home = tmp_path / str(step)
        async with submitting(server, home / "data", appear_seconds=0) as one:
            with suppress(NotSubmitted):  # it was accepted, but its custom_ids cannot be compared yet
                await one.create(home / "file.jsonl")
            lost = one.submissions.store.journal.lost_parts()
            assert all(part.state is PartState.PROBABLE for part in lost), step
            assert len(one.stored) == 1, step
    # Each had as many requests as no other.
    assert sorted(one.request_counts.total for one in await batches_on(server)) == list(range(1, steps + 1))
