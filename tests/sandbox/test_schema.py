"""Every response of the sandbox matches the official SDK's models exactly."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from anthropic.types.beta.messages import (
    BetaDeletedMessageBatch,
    BetaMessageBatch,
    BetaMessageBatchIndividualResponse,
)
from anthropic.types.messages import DeletedMessageBatch, MessageBatch, MessageBatchIndividualResponse
from anthropic.types.shared import ErrorResponse

from batchtui.sandbox import Embedded
from tests.sandbox.schema import schema_errors

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import httpx

    Json = dict[str, Any]

FUTURE = "hologram"
"""An unknown block type, because the set of types is open."""

BLOCKS = {
    "text",
    "thinking",
    "redacted_thinking",
    "tool_use",
    "server_tool_use",
    "web_search_tool_result",
    "web_fetch_tool_result",
    "bash_code_execution_tool_result",
    "text_editor_code_execution_tool_result",
    "tool_search_tool_result",
    "container_upload",
    "mcp_tool_use",
    "mcp_tool_result",
    FUTURE,
}
MESSAGE = {"role": "user", "content": "hi"}
PARAMS = {"model": "m", "max_tokens": 9, "messages": [MESSAGE]}


@pytest.fixture
def still(frozen_sandbox: Embedded, http_to: Callable[[Embedded], httpx.Client]) -> httpx.Client:
    return http_to(frozen_sandbox)


def skeleton(value: object) -> object:
    """Return the structure of a value: its keys, its types, and the values of `type`."""
    if isinstance(value, dict):
        return frozenset((key, skeleton(item) if key != "type" else item) for key, item in value.items())
    if isinstance(value, list):
        return frozenset(map(skeleton, value))
    return type(value)


def lines_by_structure(http: httpx.Client) -> Iterator[Json]:
    """Yield one result line of each structure, from batches of some sizes."""
    seen = set()
    for batch in http.get("/batches", params={"limit": 1000}).json()["data"]:
        if batch["results_url"] and sum(batch["request_counts"].values()) in (3, 60, 800, 1000, 1500, 2500):
            for text in http.get(f"/batches/{batch['id']}/results").iter_lines():
                line = json.loads(text)
                structure = skeleton(line["result"])
                if structure not in seen:
                    seen.add(structure)
                    yield line


def blocks_of(line: Json) -> list[Json]:
    message: Json = line["result"].get("message", {"content": []})
    content: list[Json] = message["content"]
    return content


def test_result_lines_match_the_schema(still: httpx.Client) -> None:
    types, outcomes = set(), set()
    for line in lines_by_structure(still):
        kinds = {block["type"] for block in blocks_of(line)}
        types |= kinds
        outcomes.add(line["result"]["type"])
        blocks_of(line)[:] = [block for block in blocks_of(line) if block["type"] != FUTURE]
        assert schema_errors(BetaMessageBatchIndividualResponse, line, optional=False) == []
        if not {"mcp_tool_use", "mcp_tool_result"} & kinds:
            assert schema_errors(MessageBatchIndividualResponse, line) == []
    assert types == BLOCKS
    assert outcomes == {"succeeded", "errored", "canceled", "expired"}


def test_batches_match_the_schema(still: httpx.Client) -> None:
    data = still.get("/batches", params={"limit": 1000}).json()["data"]
    assert {batch["processing_status"] for batch in data} == {"in_progress", "canceling", "ended"}
    for batch in {skeleton(batch): batch for batch in data}.values():
        assert schema_errors(MessageBatch, batch) == []
        assert schema_errors(BetaMessageBatch, batch) == []


def test_create_cancel_and_delete_match_the_schema(
    sandbox_with: Callable[..., Embedded], http_to: Callable[[Embedded], httpx.Client]
) -> None:
    http = http_to(sandbox_with(speed=0, batches=16))
    created = http.post("/batches", json={"requests": [{"custom_id": "a", "params": PARAMS}]}).json()
    canceled = http.post(f"/batches/{created['id']}/cancel").json()
    ended = next(one for one in http.get("/batches").json()["data"] if one["ended_at"])
    deleted = http.delete(f"/batches/{ended['id']}").json()
    for batch in (created, canceled, http.get(f"/batches/{created['id']}").json()):
        assert schema_errors(MessageBatch, batch) == []
    assert (
        schema_errors(DeletedMessageBatch, deleted) == schema_errors(BetaDeletedMessageBatch, deleted) == []
    )


def test_pages_have_all_keys(
    still: httpx.Client, sandbox_with: Callable[..., Embedded], http_to: Callable[[Embedded], httpx.Client]
) -> None:
    empty = http_to(sandbox_with(batches=0)).get("/batches").json()
    full = still.get("/batches").json()
    assert empty == {"data": [], "has_more": False, "first_id": None, "last_id": None}
    assert full.keys() == empty.keys()


@pytest.mark.parametrize(
    ("method", "path", "headers"),
    [
        ("GET", "/batches", {"x-api-key": "wrong"}),
        ("GET", "/batches", {"anthropic-version": "1"}),
        ("GET", "/batches", {"anthropic-beta": "nothing-2020-01-01"}),
        ("GET", "/batches", {"anthropic-workspace-id": "wrkspc_other"}),
        ("GET", "/batches?limit=0", {}),
        ("POST", "/batches", {}),
        ("PUT", "/batches", {}),
        ("POST", "/batches", {"content-encoding": "br"}),
        ("GET", "/batches/msgbatch_none", {}),
        ("GET", "/nowhere", {}),
    ],
)
def test_errors_match_the_schema(
    still: httpx.Client, method: str, path: str, headers: dict[str, str]
) -> None:
    body = still.request(method, path, headers=headers).json()
    assert schema_errors(ErrorResponse, body) == []


@pytest.mark.parametrize("fault", ["429", "500", "529", "spend-limit"])
def test_faults_match_the_schema(
    sandbox_with: Callable[..., Embedded], http_to: Callable[[Embedded], httpx.Client], fault: str
) -> None:
    body = http_to(sandbox_with(faults=(fault + "@create",), batches=0)).post("/batches").json()
    assert schema_errors(ErrorResponse, body) == []


def test_schema_check_finds_missing_wrong_and_unknown_keys(still: httpx.Client) -> None:
    batch = still.get("/batches").json()["data"][0]
    for changed in (
        {key: value for key, value in batch.items() if key != "archived_at"},
        {**batch, "created_at": "yesterday"},
        {**batch, "priority": 1},
        {**batch, "request_counts": {**batch["request_counts"], "paused": 0}},
    ):
        assert len(schema_errors(MessageBatch, changed)) == 1
