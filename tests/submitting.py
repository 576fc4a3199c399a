"""Helpers to submit in tests: requests, sandboxes, and submissions without delays."""

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
from batchtui.submissions import APPEAR_SECONDS, Failures, Plan, Submission, Submissions

MODEL = "claude-haiku-4-5-20251001"
NO_DELAYS = (0.0, 0.0)
"""Lookups of a batch that exists already, or never will."""
LONG_DELAYS = (0.0, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2)
"""Lookups of a batch that the server may still be creating."""
ONE_TRY = RetryPolicy(attempts=1)
SLOW = 0.01
"""Sandbox speed at which batches have an order, and none ends during a test."""
SHORT_DELAYS = (0.0, 0.01)
"""Retries without waiting."""


def request(custom_id: str, text: str = "Hello.") -> dict[str, Any]:
    """Return a valid request."""
    message = {"role": "user", "content": text}
    return {"custom_id": custom_id, "params": {"model": MODEL, "max_tokens": 100, "messages": [message]}}


def write(path: Path, requests: Iterable[object]) -> Path:
    """Write a file of JSON lines."""
    path.write_text("".join(f"{json.dumps(one)}\n" for one in requests), encoding="utf-8")
    return path


def profile_of(sandbox: Embedded, *, read_only: bool = False) -> Profile:
    """Return a profile for a sandbox."""
    credentials = Credentials(Secret(sandbox.api_key), "key")
    return Profile(name="test", base_url=sandbox.base_url, credentials=credentials, read_only=read_only)


class Submitting:
    """Submissions of one folder to one sandbox, as one process makes them."""

    def __init__(
        self, client: BatchesClient, folder: Path, lookup_delays: Sequence[float], appear_seconds: float
    ) -> None:
        self.client = client
        self.folder = folder
        self.events: list[object] = []
        self.submissions = Submissions(
            folder,
            lambda: client,
            lambda _: None,
            lookup_delays=lookup_delays,
            appear_seconds=appear_seconds,
            retry_delays=SHORT_DELAYS,
        )

    async def create(self, path: Path, *, allow_duplicate: bool = False) -> list[str]:
        """Submit a file like `batchtui create FILE`; return the ids of the batches."""
        with self.submissions.plan_file(path) as plan:
            return await self.send(plan, allow_duplicate=allow_duplicate)

    def plan_resubmission(self, batch_id: str, custom_ids: Sequence[str]) -> Plan:
        """Plan to resubmit some requests."""
        return self.submissions.plan_resubmission(batch_id, Failures(list(custom_ids)))

    def newest_identical(self, path: Path) -> Submission | None:
        """Return the newest submission with the same requests as a file."""
        with self.submissions.plan_file(path) as plan:
            return plan.identical[0] if plan.identical else None

    async def send(self, plan: Plan, *, allow_duplicate: bool = False) -> list[str]:
        """Send or resume a plan; return no ids if it is a duplicate."""
        assert not plan.errors
        if plan.duplicate and not allow_duplicate:
            return []
        submission = await self.submissions.submit(
            plan, allow_duplicate=allow_duplicate, on_event=self.events.append
        )
        return submission.batch_ids

    @property
    def stored(self) -> list[str]:
        """Names of the stored requests."""
        folder = self.folder / "requests"
        return sorted(path.stem for path in folder.glob("*.jsonl")) if folder.exists() else []


@asynccontextmanager
async def submitting(
    sandbox: Embedded,
    folder: Path,
    *,
    create_seconds: float = 10.0,
    lookup_delays: Sequence[float] = NO_DELAYS,
    appear_seconds: float = APPEAR_SECONDS,
    read_only: bool = False,
) -> AsyncIterator[Submitting]:
    """Open submissions in a folder, which stays.

    `appear_seconds=0` is as if the time had passed in which a batch may still appear.
    """
    private_dir(folder)
    profile = profile_of(sandbox, read_only=read_only)
    async with BatchesClient(profile, retry=ONE_TRY, create_seconds=create_seconds) as client:
        one = Submitting(client, folder, lookup_delays, appear_seconds)
        try:
            yield one
        finally:
            one.submissions.close()


async def batches_on(sandbox: Embedded) -> list[MessageBatch]:
    """List all batches with another client, newest first."""
    async with BatchesClient(profile_of(sandbox)) as client:
        return [batch async for batch in client.iterate(limit=1000)]


def record_of(batch: MessageBatch) -> Batch:
    """Return a batch as the cache has it."""
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
    """Wait until a batch has ended."""
    while True:
        batch = await client.retrieve(batch_id)
        if batch.processing_status == "ended":
            return batch


async def results_of(one: Submitting, batch_id: str) -> Results:
    """Wait until a batch has ended, and download its results."""
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
