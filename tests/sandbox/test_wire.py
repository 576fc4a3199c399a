"""Headers, status codes and schemas that the SDK hides."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from typing import TYPE_CHECKING, get_args

import httpx
import pytest
from anthropic.types import AnthropicBetaParam

from batchtui.sandbox import Embedded

if TYPE_CHECKING:
    from collections.abc import Callable

MESSAGE_BATCH_KEYS = {
    "id",
    "type",
    "processing_status",
    "request_counts",
    "ended_at",
    "created_at",
    "expires_at",
    "archived_at",
    "cancel_initiated_at",
    "results_url",
}


@pytest.fixture
def http(sandbox: Embedded, http_to: Callable[[Embedded], httpx.Client]) -> httpx.Client:
    """Plain HTTP to the shared sandbox."""
    return http_to(sandbox)


PARAMS = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]}


def assert_error(response: httpx.Response, status: int, error_type: str) -> str:
    """Check all fields of an error, and return its message."""
    assert response.status_code == status, response.text
    body = response.json()
    assert body.keys() == {"type", "error", "request_id"}
    assert (body["type"], body["error"]["type"]) == ("error", error_type)
    assert body["request_id"] == response.headers["request-id"]
    message: str = body["error"]["message"]
    return message


def test_batch_has_all_keys(http: httpx.Client) -> None:
    response = http.get("/batches", params={"limit": 1})
    assert response.json().keys() == {"data", "has_more", "first_id", "last_id"}
    assert response.json()["data"][0].keys() == MESSAGE_BATCH_KEYS


def test_every_response_has_request_organization_and_workspace_ids(http: httpx.Client) -> None:
    responses = [
        http.get("/batches", params={"limit": 1}),
        http.get("/batches/msgbatch_none"),
        http.get("/batches", headers={"x-api-key": "wrong"}),
        http.put("/batches"),
        http.post("/batches", content=b"\xff"),
    ]
    assert [response.status_code for response in responses] == [200, 404, 401, 405, 400]
    assert len({response.headers["request-id"] for response in responses}) == len(responses)
    for name in ("anthropic-organization-id", "anthropic-workspace-id"):
        assert len({response.headers[name] for response in responses}) == 1


@pytest.mark.parametrize(
    ("headers", "status", "error_type"),
    [
        ({"x-api-key": ""}, 401, "authentication_error"),
        ({"x-api-key": "wrong"}, 401, "authentication_error"),
        ({"x-api-key": "", "authorization": "Bearer wrong"}, 401, "authentication_error"),
        ({"x-api-key": "", "authorization": "Basic c2VjcmV0"}, 401, "authentication_error"),
        ({"anthropic-version": "yesterday"}, 400, "invalid_request_error"),
        ({"anthropic-version": "2023-06-02"}, 400, "invalid_request_error"),
        ({"anthropic-workspace-id": "wrkspc_another"}, 403, "permission_error"),
    ],
)
def test_invalid_headers_are_rejected(
    http: httpx.Client, headers: dict[str, str], status: int, error_type: str
) -> None:
    assert_error(http.get("/batches", headers=headers), status, error_type)


def test_version_header_is_required(sandbox: Embedded) -> None:
    url = f"{sandbox.base_url}/v1/messages/batches"
    message = assert_error(
        httpx.get(url, headers={"x-api-key": sandbox.api_key}), 400, "invalid_request_error"
    )
    assert "anthropic-version" in message


@pytest.mark.parametrize("path", ["/v1/models", "/", "/v1/messages/batches/", "/v1/messages/batches/a/b"])
def test_unknown_paths(http: httpx.Client, sandbox: Embedded, path: str) -> None:
    assert_error(http.get(sandbox.base_url + path), 404, "not_found_error")


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("", {"GET", "HEAD", "POST"}),
        ("/msgbatch_x", {"GET", "HEAD", "DELETE"}),
        ("/msgbatch_x/cancel", {"POST"}),
        ("/msgbatch_x/results", {"GET", "HEAD"}),
    ],
)
def test_405_lists_the_allowed_methods(http: httpx.Client, path: str, allowed: set[str]) -> None:
    response = http.put("/batches" + path)
    assert_error(response, 405, "invalid_request_error")
    assert set(response.headers["allow"].split(", ")) == allowed


def test_head_returns_no_body(http: httpx.Client) -> None:
    response = http.head("/batches")
    assert (response.status_code, response.content) == (200, b"")


def test_every_response_has_rate_limit_headers(
    http: httpx.Client, sandbox_with: Callable[..., Embedded], http_to: Callable[[Embedded], httpx.Client]
) -> None:
    limited = http_to(sandbox_with(faults=("429",), batches=0)).get("/batches")
    for response in (http.get("/batches"), http.get("/batches/msgbatch_none"), limited):
        limit, remaining, reset = (
            response.headers[f"anthropic-ratelimit-requests-{name}"]
            for name in ("limit", "remaining", "reset")
        )
        assert 0 <= int(remaining) < int(limit)
        assert (int(remaining) == 0) == (response.status_code == 429)
        ahead = datetime.fromisoformat(reset) - datetime.now(UTC)
        assert abs(ahead) <= timedelta(minutes=1)


def test_sdk_betas_are_known_and_others_rejected(http: httpx.Client) -> None:
    known = [beta for one in get_args(AnthropicBetaParam) for beta in get_args(one)]
    assert len(known) > 50
    assert http.get("/batches", headers={"anthropic-beta": ",".join(known)}).status_code == 200
    twice = [("anthropic-beta", f"{known[0]} , new-2030-01-01"), ("anthropic-beta", "")]
    message = assert_error(http.get("/batches", headers=twice), 400, "invalid_request_error")
    assert message.startswith("Unexpected value(s) `new-2030-01-01` for the `anthropic-beta` header.")


def test_several_keys_share_one_workspace(
    sandbox_with: Callable[..., Embedded], http_to: Callable[[Embedded], httpx.Client]
) -> None:
    server = sandbox_with(other_keys=("second", "third"), workspace="wrkspc_here", batches=2)
    http = http_to(server)
    seen = []
    for key in (server.api_key, "second", "third"):
        response = http.get("/batches", headers={"x-api-key": key, "anthropic-workspace-id": "wrkspc_here"})
        assert response.headers["anthropic-workspace-id"] == "wrkspc_here"
        seen.append([batch["id"] for batch in response.json()["data"]])
    assert seen[0] == seen[1] == seen[2] != []
    assert_error(http.get("/batches", headers={"x-api-key": "fourth"}), 401, "authentication_error")


@pytest.mark.parametrize("limit", ["0", "1001", "-1", "ten", "", "1.5", "9" * 6000])
def test_limit_out_of_range(http: httpx.Client, limit: str) -> None:
    assert "limit" in assert_error(
        http.get("/batches", params={"limit": limit}), 400, "invalid_request_error"
    )


def test_invalid_cursors(http: httpx.Client) -> None:
    known = http.get("/batches", params={"limit": 1}).json()["first_id"]
    both = http.get("/batches", params={"after_id": known, "before_id": known})
    assert_error(both, 400, "invalid_request_error")
    assert_error(http.get("/batches", params={"after_id": "msgbatch_none"}), 404, "not_found_error")
    assert_error(http.get("/batches", params={"before_id": "msgbatch_none"}), 404, "not_found_error")


@pytest.mark.parametrize("call", [("GET", ""), ("DELETE", ""), ("POST", "/cancel"), ("GET", "/results")])
def test_unknown_batch_is_not_found(http: httpx.Client, call: tuple[str, str]) -> None:
    method, end = call
    assert_error(http.request(method, "/batches/msgbatch_none" + end), 404, "not_found_error")


def test_body_is_rejected_by_its_content_length(sandbox: Embedded) -> None:
    connection = HTTPConnection(sandbox.base_url.removeprefix("http://"), timeout=30)
    connection.putrequest("POST", "/v1/messages/batches")
    connection.putheader("x-api-key", sandbox.api_key)
    connection.putheader("anthropic-version", "2023-06-01")
    connection.putheader("content-length", "256000001")
    connection.endheaders()
    response = connection.getresponse()
    body = json.load(response)
    connection.close()
    assert (response.status, body["error"]["type"]) == (413, "request_too_large")


def test_batch_size_limit(http: httpx.Client) -> None:
    requests = [{"custom_id": f"r{number}", "params": PARAMS} for number in range(100_000)]
    accepted = http.post("/batches", json={"requests": requests})
    assert accepted.json()["request_counts"]["processing"] == 100_000
    requests.append({"custom_id": "one-more", "params": PARAMS})
    assert "100000" in assert_error(
        http.post("/batches", json={"requests": requests}), 400, "invalid_request_error"
    )


def test_counts_at_end_stay_at_processing(
    sandbox_with: Callable[..., Embedded], http_to: Callable[[Embedded], httpx.Client]
) -> None:
    live, still = (http_to(sandbox_with(counts=counts, speed=0)) for counts in ("live", "at-end"))
    moved = [batch for batch in live.get("/batches").json()["data"] if batch["request_counts"]["succeeded"]]
    running = [batch["id"] for batch in moved if batch["processing_status"] != "ended"]
    assert len(running) >= 3
    for batch_id in running:
        counts = still.get(f"/batches/{batch_id}").json()["request_counts"]
        assert counts.pop("processing") > 0
        assert set(counts.values()) == {0}
    ended = next(batch for batch in moved if batch["processing_status"] == "ended")
    assert still.get(f"/batches/{ended['id']}").json()["request_counts"] == ended["request_counts"]
