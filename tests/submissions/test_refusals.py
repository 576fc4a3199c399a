"""A refused create is retried a few times, unless a batch may have been created."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from batchtui.submissions import NotSubmitted, Retrying
from tests.submitting import SHORT_DELAYS, SLOW, Submitting, batches_on, request, submitting, write

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from batchtui.sandbox import Embedded

    SandboxFactory = Callable[..., Embedded]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return write(tmp_path / "file.jsonl", [request(f"a-{n}") for n in range(5)])


def refusals(one: Submitting) -> list[Retrying]:
    return [told for told in one.events if isinstance(told, Retrying)]


@pytest.mark.parametrize("fault", ["429", "503", "529"])
async def test_refused_create_is_retried(
    sandbox_with: SandboxFactory, tmp_path: Path, file: Path, fault: str
) -> None:
    sandbox = sandbox_with(batches=0, faults=(f"{fault}:2@create",), speed=1000)
    async with submitting(sandbox, tmp_path / "data") as one:
        await one.client.create([request("x")])
        (batch_id,) = await one.create(file)
        assert [fault in refusal.why for refusal in refusals(one)] == [True]
    assert [batch.id for batch in await batches_on(sandbox)][:-1] == [batch_id]


@pytest.mark.parametrize("fault", ["429", "503", "529"])
async def test_create_gives_up_after_retries(
    sandbox_with: SandboxFactory, tmp_path: Path, file: Path, fault: str
) -> None:
    sandbox = sandbox_with(batches=0, faults=(f"{fault}@create",), speed=1000)
    async with submitting(sandbox, tmp_path / "data") as one:
        with pytest.raises(NotSubmitted, match=rf"^The batch was not created: .*{fault}"):
            await one.create(file)
        assert [refusal.seconds for refusal in refusals(one)] == list(SHORT_DELAYS)
        assert one.stored == []
    assert await batches_on(sandbox) == []


async def test_spend_limit_is_not_retried(sandbox_with: SandboxFactory, tmp_path: Path, file: Path) -> None:
    sandbox = sandbox_with(batches=0, faults=("spend-limit",))
    async with submitting(sandbox, tmp_path / "data") as one:
        with pytest.raises(NotSubmitted, match=r"The batch was not created: .*spend limit"):
            await one.create(file)
        assert refusals(one) == []
        assert one.stored == []
    assert await batches_on(sandbox) == []


async def test_retry_after_is_honored(sandbox_with: SandboxFactory, tmp_path: Path, file: Path) -> None:
    sandbox = sandbox_with(batches=0, faults=("429:2@create",), speed=SLOW)  # asks for one second
    async with submitting(sandbox, tmp_path / "data") as one:
        await one.client.create([request("x")])
        assert await one.create(file)
        assert [refusal.seconds for refusal in refusals(one)] == [1.0]


async def test_retry_stops_if_batch_appears(sandbox_with: SandboxFactory, tmp_path: Path, file: Path) -> None:
    sandbox = sandbox_with(batches=0, faults=("stranger:2", "529:2@create"), speed=SLOW)
    async with submitting(sandbox, tmp_path / "data") as one:
        await one.client.create([request("x")])
        for _ in range(2):
            with pytest.raises(NotSubmitted, match=r"^Probably msgbatch_.*Not confirmed"):
                await one.create(file)
    assert len(await batches_on(sandbox)) == 2
