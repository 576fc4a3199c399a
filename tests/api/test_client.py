"""The client against the sandbox over real sockets, compared with the official SDK."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator

import anthropic
import httpx
import pytest

from batchtui.api import BadRequest, BatchesClient, NotAuthorized, NotFound, NotReachable, RetryPolicy
from batchtui.config import Credentials, Profile, Secret
from batchtui.sandbox import Embedded

ONE_TRY = RetryPolicy(attempts=1)
REQUEST = {
    "custom_id": "first",
    "params": {
        "model": "claude-haiku-4-5-20251001",
        "max_tokens": 64,
        "messages": [{"role": "user", "content": "Name three rivers."}],
    },
}


def profile_of(sandbox: Embedded, kind: str = "key", key: str | None = None) -> Profile:
    credentials = Credentials(Secret(key or sandbox.api_key), "token" if kind == "token" else "key")
    return Profile(name="test", base_url=sandbox.base_url, credentials=credentials)


@pytest.fixture
async def client(sandbox: Embedded) -> AsyncIterator[BatchesClient]:
    async with BatchesClient(profile_of(sandbox)) as client:
        yield client


@pytest.fixture
def sdk(sandbox: Embedded) -> Iterator[anthropic.Anthropic]:
    with anthropic.Anthropic(api_key=sandbox.api_key, base_url=sandbox.base_url, max_retries=0) as client:
        yield client


async def test_list_matches_the_sdk(client: BatchesClient, sdk: anthropic.Anthropic) -> None:
    ours = [batch.id async for batch in client.iterate(limit=40)]
    theirs = [batch.id for batch in sdk.messages.batches.list(limit=100)]
    assert ours == theirs
    assert len(ours) > 100


async def test_iterate_with_before_id_reaches_the_newest(client: BatchesClient) -> None:
    newest = (await client.list(limit=30)).data
    upwards = [batch.id async for batch in client.iterate(limit=7, before_id=newest[-1].id)]
    assert sorted(upwards) == sorted(batch.id for batch in newest[:-1])


async def test_retrieve_matches_the_sdk(client: BatchesClient, sdk: anthropic.Anthropic) -> None:
    ended = next(b for b in (await client.list(limit=100)).data if b.processing_status == "ended")
    ours, theirs = await client.retrieve(ended.id), sdk.messages.batches.retrieve(ended.id)
    assert json.loads(ours.model_dump_json()) == json.loads(theirs.model_dump_json())


async def test_results_match_the_sdk(client: BatchesClient, sdk: anthropic.Anthropic) -> None:
    batches = [b for b in (await client.list(limit=100)).data if b.processing_status == "ended"]
    small = next(b for b in batches if 100 < b.request_counts.total < 2000)
    async with client.results(small.id) as stream:
        body = b"".join([chunk async for chunk in stream])
    theirs = [line.custom_id for line in sdk.messages.batches.results(small.id)]
    assert [json.loads(line)["custom_id"] for line in body.splitlines()] == theirs
    assert len(theirs) == small.request_counts.total


async def test_results_resume_from_an_offset(client: BatchesClient) -> None:
    batches = [b for b in (await client.list(limit=100)).data if b.processing_status == "ended"]
    small = next(b for b in batches if 3 <= b.request_counts.total < 500)
    async with client.results(small.id) as stream:
        validator, body = stream.validator, b"".join([chunk async for chunk in stream])
    async with client.results(small.id, start=100, validator=validator) as rest:
        assert rest.start == 100
        assert b"".join([chunk async for chunk in rest]) == body[100:]
    async with client.results(small.id, start=100, validator='"another"') as whole:
        assert whole.start == 0


async def test_create_cancel_delete(client: BatchesClient) -> None:
    created = await client.create([REQUEST])
    assert created.request_counts.total == 1
    assert (await client.cancel(created.id)).processing_status in ("canceling", "ended")
    while (await client.retrieve(created.id)).processing_status != "ended":
        pass
    assert (await client.delete(created.id)).id == created.id
    with pytest.raises(NotFound) as caught:
        await client.retrieve(created.id)
    assert caught.value.request_id
    assert caught.value.request_id in str(caught.value)


async def test_rejected_create_gives_the_reason(client: BatchesClient) -> None:
    with pytest.raises(BadRequest, match="custom_id"):
        await client.create([{**REQUEST, "custom_id": "not allowed!"}])


async def test_bearer_token(sandbox: Embedded) -> None:
    async with BatchesClient(profile_of(sandbox, "token")) as client:
        assert (await client.list(limit=1)).data


async def test_wrong_key(sandbox: Embedded) -> None:
    async with BatchesClient(profile_of(sandbox, key="sk-ant-wrong"), retry=ONE_TRY) as client:
        with pytest.raises(NotAuthorized) as caught:
            await client.list()
    assert caught.value.status == 401
    assert caught.value.request_id
    assert "sk-ant-wrong" not in repr(caught.value)


async def test_unreachable_server() -> None:
    profile = Profile(
        name="unreachable", base_url="http://127.0.0.1:9", credentials=Credentials(Secret("sk-test"), "key")
    )
    async with BatchesClient(profile, retry=ONE_TRY) as client:
        with pytest.raises(NotReachable, match=r"127\.0\.0\.1:9") as caught:
            await client.list()
    assert isinstance(caught.value.__cause__, httpx.ConnectError)
