"""The official SDK as an independent client of the sandbox."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, cast

import anthropic
import pytest

from batchtui.sandbox import Embedded

if TYPE_CHECKING:
    from collections.abc import Callable

    from anthropic.resources.messages.batches import AsyncBatches, Batches
    from anthropic.types import MessageParam
    from anthropic.types.messages import MessageBatch
    from anthropic.types.messages.batch_create_params import Request

DEADLINE = 20.0


@pytest.fixture
def sdk(sandbox: Embedded, sdk_to: Callable[[Embedded], anthropic.Anthropic]) -> anthropic.Anthropic:
    """The official SDK, connected to the shared sandbox."""
    return sdk_to(sandbox)


def request(custom_id: str, prompt: str = "Say hello", max_tokens: int = 500) -> Request:
    message: MessageParam = {"role": "user", "content": prompt}
    return {
        "custom_id": custom_id,
        "params": {"model": "claude-x", "max_tokens": max_tokens, "messages": [message]},
    }


def until_ended(sdk: anthropic.Anthropic, batch: MessageBatch) -> MessageBatch:
    deadline = time.monotonic() + DEADLINE
    while batch.processing_status != "ended":
        assert time.monotonic() < deadline, f"{batch.id} did not end"
        time.sleep(0.02)
        batch = sdk.messages.batches.retrieve(batch.id)
    return batch


def test_create_poll_and_read_results(sdk: anthropic.Anthropic, sandbox: Embedded) -> None:
    created = sdk.messages.batches.create(
        requests=[
            request("first", "What is a 🦊?"),
            request("second", max_tokens=5),
            request("bad", max_tokens=0),
        ]
    )
    assert created.processing_status == "in_progress"
    assert created.request_counts.processing == 3
    assert created.results_url is None
    assert (created.expires_at - created.created_at).total_seconds() == 24 * 3600

    ended = until_ended(sdk, created)
    assert ended.results_url == f"{sandbox.base_url}/v1/messages/batches/{ended.id}/results"
    counts = ended.request_counts
    assert (counts.processing, counts.succeeded, counts.errored) == (0, 2, 1)

    results = {line.custom_id: line.result for line in sdk.messages.batches.results(ended.id)}
    assert results.keys() == {"first", "second", "bad"}
    assert results["first"].type == "succeeded"
    assert "What is a 🦊?" in results["first"].message.content[0].text  # type: ignore[union-attr]
    assert results["first"].message.usage.service_tier == "batch"
    assert results["second"].type == "succeeded"
    assert results["second"].message.stop_reason == "max_tokens"
    assert results["second"].message.usage.output_tokens == 5
    assert results["bad"].type == "errored"
    assert results["bad"].error.error.type == "invalid_request_error"
    assert "max_tokens" in results["bad"].error.error.message


def test_list_pages_in_both_directions(
    sdk_to: Callable[..., anthropic.Anthropic], sandbox_with: Callable[..., Embedded]
) -> None:
    server = sandbox_with(speed=0, batches=47)
    client = sdk_to(server)
    newest_first = [batch.id for batch in client.messages.batches.list(limit=10)]
    assert len(set(newest_first)) == 47
    created = [batch.created_at for batch in client.messages.batches.list(limit=1000)]
    assert created == sorted(created, reverse=True)

    newer = client.messages.batches.list(limit=10, before_id=newest_first[-1])
    assert newer.has_more
    assert [batch.id for batch in newer.data] == newest_first[36:46]
    assert {batch.id for batch in newer} == set(newest_first[:-1])

    last_page = client.messages.batches.list(limit=10, after_id=newest_first[39])
    assert [batch.id for batch in last_page.data] == newest_first[40:]
    assert not last_page.has_more
    assert (last_page.first_id, last_page.last_id) == (newest_first[40], newest_first[-1])


def test_empty_workspace_is_an_empty_page(
    sandbox_with: Callable[..., Embedded], sdk_to: Callable[..., anthropic.Anthropic]
) -> None:
    server = sandbox_with(batches=0)
    page = sdk_to(server).messages.batches.list()
    assert (page.data, page.has_more, page.first_id, page.last_id) == ([], False, None, None)


def test_cancel_keeps_completed_requests(
    sdk_to: Callable[..., anthropic.Anthropic], sandbox_with: Callable[..., Embedded]
) -> None:
    server = sandbox_with(speed=40)
    client = sdk_to(server)
    running = next(batch for batch in client.messages.batches.list() if sum_of(batch) == 2000)
    canceling = client.messages.batches.cancel(running.id)
    assert canceling.processing_status == "canceling"
    assert canceling.cancel_initiated_at is not None
    assert canceling.results_url is None

    ended = until_ended(client, canceling)
    assert ended.cancel_initiated_at == canceling.cancel_initiated_at
    assert ended.request_counts.succeeded > 0
    assert ended.request_counts.canceled > 0
    assert counts_of_results(client, ended) == ended.request_counts.model_dump(exclude={"processing"})
    with pytest.raises(anthropic.BadRequestError):
        client.messages.batches.cancel(ended.id)


def sum_of(batch: MessageBatch) -> int:
    return sum(batch.request_counts.model_dump().values())


def counts_of_results(sdk: anthropic.Anthropic, batch: MessageBatch) -> dict[str, int]:
    outcomes = dict.fromkeys(("succeeded", "errored", "canceled", "expired"), 0)
    for line in sdk.messages.batches.results(batch.id):
        outcomes[line.result.type] += 1
    return outcomes


def test_running_batch_cannot_be_deleted(
    sdk_to: Callable[..., anthropic.Anthropic], sandbox_with: Callable[..., Embedded]
) -> None:
    server = sandbox_with(speed=0)
    client = sdk_to(server)
    running = client.messages.batches.list(limit=1).data[0]
    with pytest.raises(anthropic.BadRequestError, match="still processing"):
        client.messages.batches.delete(running.id)
    assert client.messages.batches.retrieve(running.id).processing_status == "in_progress"


def test_deleted_batch_is_gone(sdk: anthropic.Anthropic) -> None:
    batch = until_ended(sdk, sdk.messages.batches.create(requests=[request("only")]))
    deleted = sdk.messages.batches.delete(batch.id)
    assert (deleted.id, deleted.type) == (batch.id, "message_batch_deleted")
    with pytest.raises(anthropic.NotFoundError):
        sdk.messages.batches.retrieve(batch.id)
    assert batch.id not in {one.id for one in sdk.messages.batches.list(limit=1000)}


def error_type_of(error: pytest.ExceptionInfo[anthropic.APIStatusError]) -> str:
    """Return the error type, after checking that the request ID in the body matches the header."""
    body = cast("dict[str, Any]", error.value.body)
    assert body["type"] == "error"
    assert body["request_id"] == error.value.request_id
    assert error.value.request_id is not None
    assert error.value.request_id.startswith("req_")
    return cast("str", body["error"]["type"])


def test_errors_raise_the_matching_exception(sdk: anthropic.Anthropic) -> None:
    with pytest.raises(anthropic.AuthenticationError, match="invalid x-api-key") as caught:
        sdk.with_options(api_key="sk-ant-sandbox-wrong").messages.batches.list()
    assert error_type_of(caught) == "authentication_error"
    with pytest.raises(anthropic.NotFoundError) as missing:
        sdk.messages.batches.retrieve("msgbatch_nowhere")
    assert error_type_of(missing) == "not_found_error"
    with pytest.raises(anthropic.BadRequestError, match=r"requests\.1\.custom_id") as invalid:
        sdk.messages.batches.create(requests=[request("same"), request("same")])
    assert error_type_of(invalid) == "invalid_request_error"
    with pytest.raises(anthropic.BadRequestError, match="limit"):
        sdk.messages.batches.list(limit=1001)


@pytest.mark.parametrize(
    ("fault", "exception", "error_type"),
    [
        ("429", anthropic.RateLimitError, "rate_limit_error"),
        ("500", anthropic.InternalServerError, "api_error"),
        ("529", anthropic.InternalServerError, "overloaded_error"),
    ],
)
def test_faults_raise_the_matching_exception(
    sdk_to: Callable[..., anthropic.Anthropic],
    sandbox_with: Callable[..., Embedded],
    fault: str,
    exception: type[anthropic.APIStatusError],
    error_type: str,
) -> None:
    server = sandbox_with(faults=(fault,))
    client = sdk_to(server)
    with pytest.raises(exception) as caught:
        client.messages.batches.list()
    assert error_type_of(caught) == error_type
    assert caught.value.response.headers.get("retry-after") == ("1" if fault == "429" else None)


def test_sdk_retries_429(
    sdk_to: Callable[..., anthropic.Anthropic], sandbox_with: Callable[..., Embedded]
) -> None:
    server = sandbox_with(faults=("429:2",), speed=50)
    client = sdk_to(server).with_options(max_retries=2)
    assert [client.messages.batches.list(limit=1).data[0].id for _ in range(2)]


def test_sdk_calls_in_both_namespaces(
    sdk_to: Callable[..., anthropic.Anthropic], sandbox_with: Callable[..., Embedded]
) -> None:
    client = sdk_to(sandbox_with(speed=0))
    for batches in (client.messages.batches, cast("Batches", client.beta.messages.batches)):
        created = batches.create(requests=[request("one"), request("two")])
        listed = {batch.id: batch for batch in batches.list(limit=100)}
        assert created.id in listed
        assert batches.retrieve(created.id).processing_status == "in_progress"
        assert batches.cancel(created.id).processing_status == "canceling"
        ended = next(one for one in listed.values() if one.results_url and sum_of(one) < 100)
        assert sum(1 for _ in batches.results(ended.id)) == sum_of(ended)
        assert batches.delete(ended.id).type == "message_batch_deleted"


async def test_async_sdk_calls_in_both_namespaces(
    sandbox_with: Callable[..., Embedded],
) -> None:
    server = sandbox_with(speed=0)
    async with anthropic.AsyncAnthropic(
        api_key=server.api_key, base_url=server.base_url, max_retries=0
    ) as client:
        for batches in (client.messages.batches, cast("AsyncBatches", client.beta.messages.batches)):
            created = await batches.create(requests=[request("one"), request("two")])
            listed = {batch.id: batch async for batch in batches.list(limit=100)}
            assert created.id in listed
            assert (await batches.retrieve(created.id)).processing_status == "in_progress"
            assert (await batches.cancel(created.id)).processing_status == "canceling"
            ended = next(one for one in listed.values() if one.results_url and sum_of(one) < 100)
            assert len([line async for line in await batches.results(ended.id)]) == sum_of(ended)
            assert (await batches.delete(ended.id)).type == "message_batch_deleted"


def test_betas_and_workspace_headers(sdk: anthropic.Anthropic) -> None:
    workspace = sdk.messages.batches.with_raw_response.list(limit=1).headers["anthropic-workspace-id"]
    beta = sdk.beta.messages.batches
    assert beta.list(limit=1, betas=["output-300k-2026-03-24"], workspace_id=workspace).data
    with pytest.raises(anthropic.BadRequestError, match="output-900k"):
        beta.list(limit=1, betas=["output-900k-2030-01-01"])
    with pytest.raises(anthropic.PermissionDeniedError):
        beta.list(limit=1, workspace_id="wrkspc_another")


def test_invalid_params_end_as_errored(sdk: anthropic.Anthropic) -> None:
    bad: list[Any] = [request("fine"), request("hot"), request("odd"), request("new")]
    bad[1]["params"]["temperature"] = 2
    bad[2]["params"]["messages"] = [{"role": "user", "content": [{"type": "hologram"}]}]
    bad[3]["params"]["response_format"] = {"type": "json"}
    ended = until_ended(sdk, sdk.messages.batches.create(requests=bad))
    results = {line.custom_id: line.result for line in sdk.messages.batches.results(ended.id)}
    assert {custom_id: result.type for custom_id, result in results.items()} == {
        "fine": "succeeded",
        "hot": "errored",
        "odd": "errored",
        "new": "errored",
    }
    errors = {
        custom_id: result.error.error for custom_id, result in results.items() if result.type == "errored"
    }
    assert {error.type for error in errors.values()} == {"invalid_request_error"}
    assert errors["hot"].message.startswith("temperature: ")
    assert errors["odd"].message.startswith("messages.0.content.0: ")
    assert errors["new"].message == "response_format: Extra inputs are not permitted"


def test_bearer_token_is_accepted(sandbox: Embedded) -> None:
    with anthropic.Anthropic(auth_token=sandbox.api_key, base_url=sandbox.base_url, max_retries=0) as client:
        assert client.messages.batches.list(limit=1).data
