"""The wire itself: headers, status codes and shapes that the SDK hides."""

from __future__ import annotations

import json
from http.client import HTTPConnection
from typing import TYPE_CHECKING

import httpx
import pytest

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
    """Check the whole shape of an error.

    Returns:
        Its message.
    """
    assert response.status_code == status, response.text
    body = response.json()
    assert body.keys() == {"type", "error", "request_id"}
    assert (body["type"], body["error"]["type"]) == ("error", error_type)
    assert body["request_id"] == response.headers["request-id"]
    message: str = body["error"]["message"]
    return message


def test_a_batch_has_all_ten_keys(http: httpx.Client) -> None:
    response = http.get("/batches", params={"limit": 1})
    assert response.json().keys() == {"data", "has_more", "first_id", "last_id"}
    assert response.json()["data"][0].keys() == MESSAGE_BATCH_KEYS


def test_every_answer_names_request_organization_and_workspace(http: httpx.Client) -> None:
    first, second = http.get("/batches", params={"limit": 1}), http.get("/batches/msgbatch_none")
    assert first.headers["request-id"] != second.headers["request-id"]
    for name in ("anthropic-organization-id", "anthropic-workspace-id"):
        assert first.headers[name] == second.headers[name]


@pytest.mark.parametrize(
    ("headers", "status", "error_type"),
    [
        ({"x-api-key": ""}, 401, "authentication_error"),
        ({"x-api-key": "wrong"}, 401, "authentication_error"),
        ({"x-api-key": "", "authorization": "Bearer wrong"}, 401, "authentication_error"),
        ({"x-api-key": "", "authorization": "Basic c2VjcmV0"}, 401, "authentication_error"),
        ({"anthropic-version": "yesterday"}, 400, "invalid_request_error"),
    ],
)
def test_who_is_not_let_in(http: httpx.Client, headers: dict[str, str], status: int, error_type: str) -> None:
    assert_error(http.get("/batches", headers=headers), status, error_type)


def test_the_version_header_is_required(sandbox: Embedded) -> None:
    url = f"{sandbox.base_url}/v1/messages/batches"
    message = assert_error(
        httpx.get(url, headers={"x-api-key": sandbox.api_key}), 400, "invalid_request_error"
    )
    assert "anthropic-version" in message


@pytest.mark.parametrize("path", ["/v1/models", "/", "/v1/messages/batches/", "/v1/messages/batches/a/b"])
def test_unknown_paths(http: httpx.Client, sandbox: Embedded, path: str) -> None:
    assert_error(http.get(sandbox.base_url + path), 404, "not_found_error")


def test_wrong_methods(http: httpx.Client) -> None:
    assert_error(http.put("/batches"), 405, "invalid_request_error")
    assert_error(http.get("/batches/msgbatch_x/cancel"), 405, "invalid_request_error")


@pytest.mark.parametrize("limit", ["0", "1001", "-1", "ten", "", "1.5", "9" * 6000])
def test_limits_out_of_range(http: httpx.Client, limit: str) -> None:
    assert "limit" in assert_error(
        http.get("/batches", params={"limit": limit}), 400, "invalid_request_error"
    )


def test_cursors_that_make_no_sense(http: httpx.Client) -> None:
    known = http.get("/batches", params={"limit": 1}).json()["first_id"]
    both = http.get("/batches", params={"after_id": known, "before_id": known})
    assert_error(both, 400, "invalid_request_error")
    assert_error(http.get("/batches", params={"after_id": "msgbatch_none"}), 404, "not_found_error")
    assert_error(http.get("/batches", params={"before_id": "msgbatch_none"}), 404, "not_found_error")


@pytest.mark.parametrize("call", [("GET", ""), ("DELETE", ""), ("POST", "/cancel"), ("GET", "/results")])
def test_an_unknown_batch_is_not_found_by_any_call(http: httpx.Client, call: tuple[str, str]) -> None:
    method, end = call
    assert_error(http.request(method, "/batches/msgbatch_none" + end), 404, "not_found_error")


def test_a_body_is_refused_by_its_announced_length(sandbox: Embedded) -> None:
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


def test_a_hundred_thousand_requests_are_taken_and_one_more_is_not(http: httpx.Client) -> None:
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
