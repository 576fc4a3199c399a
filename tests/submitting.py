"""Submitting in a test: requests, sandboxes as somebody else sees them, and submissions without waiting."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from batchtui.api import BatchesClient, MessageBatch, RetryPolicy
from batchtui.cache import Batch, Counts
from batchtui.config import Credentials, Profile, Secret, private_dir
from batchtui.results import Fetcher, ResultFiles, Results
from batchtui.sandbox import Embedded
from batchtui.submissions import UNKNOWN_SECONDS, Prepared, Submissions

MODEL = "claude-haiku-4-5-20251001"
AT_ONCE = (0.0, 0.0)
"""Looks for a batch that is there already, or never will be."""
PATIENTLY = (0.0, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2)
"""Looks for a batch that the server may still be making."""
ONE_TRY = RetryPolicy(attempts=1)
SLOW = 0.01
"""Sandbox seconds in a real second: batches have an order, and none ends in a test."""
SOON = (0.0, 0.01)
"""Retries of what was refused, without waiting."""


def request(custom_id: str, text: str = "Hello.") -> dict[str, Any]:
    """A request in which nothing is wrong."""
    message = {"role": "user", "content": text}
    return {"custom_id": custom_id, "params": {"model": MODEL, "max_tokens": 100, "messages": [message]}}


def write(path: Path, requests: Iterable[object]) -> Path:
    """A file of JSON lines."""
    path.write_text("".join(f"{json.dumps(one)}\n" for one in requests), encoding="utf-8")
    return path


def profile_of(sandbox: Embedded) -> Profile:
    """A profile that points there."""
    credentials = Credentials(Secret(sandbox.api_key), "key")
    return Profile(name="test", base_url=sandbox.base_url, credentials=credentials)


class Submitting:
    """Submissions of one folder to one sandbox, as a process of its own would make them."""

    def __init__(
        self, client: BatchesClient, folder: Path, look_seconds: Sequence[float], unknown_seconds: float
    ) -> None:
        self.client = client
        self.folder = folder
        self.told: list[object] = []
        self.submissions = Submissions(
            folder,
            lambda: client,
            lambda _: None,
            look_seconds=look_seconds,
            unknown_seconds=unknown_seconds,
            retry_seconds=SOON,
        )

    async def create(self, path: Path, *, again: bool = False) -> list[str]:
        """As `batchtui create FILE`; answers the ids of the batches."""
        prepared = self.submissions.prepare(path)
        try:
            return await self.send(prepared, again=again)
        finally:
            self.submissions.discard(prepared)

    async def send(self, prepared: Prepared, *, parent: str | None = None, again: bool = False) -> list[str]:
        """Sends what was prepared, or goes on with it; nothing if it is done already."""
        assert not prepared.faults
        earlier = self.submissions.earlier(prepared, parent)
        if earlier and earlier.is_whole and not again:
            return []
        unfinished = earlier if earlier and not earlier.is_whole else None
        done = await self.submissions.submit(
            prepared, unfinished=unfinished, parent=parent, regardless=again, on_sent=self.told.append
        )
        return done.batch_ids

    @property
    def kept(self) -> list[str]:
        """The names of the copies of requests that are kept."""
        folder = self.folder / "requests"
        return sorted(path.stem for path in folder.glob("*.jsonl")) if folder.exists() else []


@asynccontextmanager
async def submitting(
    sandbox: Embedded,
    folder: Path,
    *,
    create_seconds: float = 10.0,
    look_seconds: Sequence[float] = AT_ONCE,
    unknown_seconds: float = UNKNOWN_SECONDS,
) -> AsyncIterator[Submitting]:
    """Submissions that end with the block; what they keep stays in the folder.

    With `unknown_seconds=0` it is as if the time had passed in which a batch may still appear.
    """
    private_dir(folder)
    client = BatchesClient(profile_of(sandbox), retry=ONE_TRY, create_seconds=create_seconds)
    async with client:
        one = Submitting(client, folder, look_seconds, unknown_seconds)
        try:
            yield one
        finally:
            one.submissions.close()


async def batches_on(sandbox: Embedded) -> list[MessageBatch]:
    """What somebody else with the same key sees, newest first."""
    async with BatchesClient(profile_of(sandbox)) as client:
        return [batch async for batch in client.iterate(limit=1000)]


def record_of(batch: MessageBatch) -> Batch:
    """A batch as the cache knows it."""
    counts = batch.request_counts
    return Batch(
        id=batch.id,
        status=batch.processing_status,
        counts=Counts(counts.processing, counts.succeeded, counts.errored, counts.canceled, counts.expired),
        created_at=batch.created_at.timestamp(),
        expires_at=batch.expires_at.timestamp(),
        ended_at=None,
        cancel_initiated_at=None,
        archived_at=None,
        has_results_url=batch.results_url is not None,
        seen_at=batch.created_at.timestamp(),
    )


async def ended(client: BatchesClient, batch_id: str) -> MessageBatch:
    """A batch once it has ended; each call takes long enough not to be a storm."""
    while True:
        batch = await client.retrieve(batch_id)
        if batch.processing_status == "ended":
            return batch


async def results_of(one: Submitting, batch_id: str) -> Results:
    """All results of a batch, once it has ended."""
    batch = await ended(one.client, batch_id)
    files = ResultFiles(one.folder, batch_id)
    fetcher = Fetcher(
        files,
        lambda start, validator: one.client.results(batch_id, start=start, validator=validator),
        expected=batch.request_counts.total,
    )
    fetcher.want_all()
    await fetcher.run()
    return Results(files)
