"""Fault injection over real sockets."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest

from batchtui.sandbox import FAULTS, Embedded, SandboxOptions, parse_fault

if TYPE_CHECKING:
    from collections.abc import Callable

    Connect = Callable[..., httpx.Client]

MESSAGE = {"role": "user", "content": "hi"}
BODY = {"requests": [{"custom_id": "a", "params": {"model": "m", "max_tokens": 9, "messages": [MESSAGE]}}]}


@pytest.fixture
def faulty(sandbox_with: Callable[..., Embedded], http_to: Callable[[Embedded], httpx.Client]) -> Connect:
    """Start a sandbox with these faults, and connect to it."""

    def start(*faults: str) -> httpx.Client:
        return http_to(sandbox_with(faults=faults, speed=0, batches=16))

    return start


def count_batches(http: httpx.Client) -> int:
    return len(http.get("/batches", params={"limit": 1000}).json()["data"])


def results_path(http: httpx.Client) -> str:
    """Return the path of the results of the ended batch of 5,000 requests."""
    data = http.get("/batches").json()["data"]
    batch_id = next(batch["id"] for batch in data if sum(batch["request_counts"].values()) == 5000)
    return f"/batches/{batch_id}/results"


def test_fault_strikes_every_nth_request(faulty: Connect) -> None:
    http = faulty("529:3")
    assert [http.get("/batches").status_code for _ in range(7)] == [200, 200, 529, 200, 200, 529, 200]


def test_fault_strikes_only_its_operation(faulty: Connect) -> None:
    http = faulty("500@cancel", "429@create")
    assert http.get("/batches").status_code == 200
    assert http.post("/batches/msgbatch_x/cancel").status_code == 500
    assert http.post("/batches", json=BODY).status_code == 429


def test_spend_limit_forbids_a_retry(faulty: Connect) -> None:
    response = faulty("spend-limit").post("/batches", json=BODY)
    assert response.status_code == 429
    assert response.headers["x-should-retry"] == "false"
    assert response.json()["error"]["details"] == {"error_code": "enforced_spend_limit_reached"}


def test_refuse(faulty: Connect) -> None:
    http = faulty("refuse")
    with pytest.raises(httpx.RemoteProtocolError):
        http.post("/batches", json=BODY)
    assert count_batches(http) == 16


def test_drop_after_accept(faulty: Connect) -> None:
    http = faulty("drop-after-accept")
    with pytest.raises(httpx.RemoteProtocolError):
        http.post("/batches", json=BODY)
    assert count_batches(http) == 17


def test_502_after_accept(faulty: Connect) -> None:
    http = faulty("502-after-accept")
    response = http.post("/batches", json=BODY)
    assert (response.status_code, response.headers["content-type"]) == (502, "text/html; charset=utf-8")
    assert count_batches(http) == 17


def test_timeout_after_accept(faulty: Connect) -> None:
    http = faulty("timeout")
    assert count_batches(http) == 16  # the server is up, so the next request is read immediately
    with pytest.raises(httpx.ReadTimeout):
        http.post("/batches", json=BODY, timeout=1.0)
    assert count_batches(http) == 17


@pytest.mark.parametrize("status", [408, 409])
def test_error_after_accept(faulty: Connect, status: int) -> None:
    http = faulty(f"{status}-after-accept")
    assert http.post("/batches", json=BODY).status_code == status
    assert count_batches(http) == 17


def test_late_batch_is_listed_after_25_seconds(
    sandbox_with: Callable[..., Embedded], http_to: Callable[[Embedded], httpx.Client]
) -> None:
    http = http_to(sandbox_with(faults=("late",), speed=20, batches=16))
    assert http.post("/batches", json=BODY).status_code == 504
    assert count_batches(http) == 16
    while count_batches(http) == 16:
        pass  # each call takes some time
    batch = http.get("/batches").json()["data"][0]
    assert http.get(f"/batches/{batch['id']}").status_code == 200


def test_stranger_creates_a_batch_before_ours(faulty: Connect) -> None:
    http = faulty("stranger:2", "refuse:2")
    http.post("/batches", json=BODY)
    assert count_batches(http) == 17
    with pytest.raises(httpx.RemoteProtocolError):
        http.post("/batches", json=BODY)
    assert count_batches(http) == 18


def test_503_has_retry_after(faulty: Connect) -> None:
    response = faulty("503").post("/batches", json=BODY)
    assert (response.status_code, response.headers["retry-after"]) == (503, "1")


def test_invalid_create_is_rejected_before_the_fault(faulty: Connect) -> None:
    http = faulty("drop-after-accept")
    assert http.post("/batches", json={"requests": []}).status_code == 400


def test_drop_results(faulty: Connect) -> None:
    http = faulty("drop-results:100000")
    received = b""
    with http.stream("GET", results_path(http)) as response, pytest.raises(httpx.RemoteProtocolError):
        for chunk in response.iter_raw():
            received += chunk
    assert len(received) == 100_000


def test_short_results_can_be_resumed(faulty: Connect) -> None:
    http = faulty("short:3000000")
    path, received, parts = results_path(http), b"", 0
    while received.count(b"\n") < 5000:
        part = http.get(path, headers={"range": f"bytes={len(received)}-"})
        received, parts = received + part.content, parts + 1
    assert parts == 1 + len(received) // 3_000_000
    assert received.endswith(b"\n")


def test_no_range_sends_no_validator(faulty: Connect) -> None:
    http = faulty("no-range", "short:1000")
    response = http.get(results_path(http), headers={"range": "bytes=10-"})
    assert response.status_code == 200
    assert not {"etag", "accept-ranges", "content-range"} & response.headers.keys()


def test_change_etag_invalidates_if_range(faulty: Connect) -> None:
    http = faulty("change-etag", "short:1000")
    path = results_path(http)
    etag = http.get(path).headers["etag"]
    response = http.get(path, headers={"range": "bytes=10-", "if-range": etag})
    assert response.status_code == 200
    assert response.headers["etag"] != etag


def test_slow_results_are_complete(faulty: Connect) -> None:
    http = faulty("slow-results:40000000")
    assert http.get(results_path(http)).content.count(b"\n") == 5000


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "unknown fault ''"),
        ("430", "unknown fault '430'"),
        ("429:0", "1 or more"),
        ("429:-2", "1 or more"),
        ("429:", "1 or more"),
        ("429:two", "1 or more"),
        ("429@upload", "cannot strike 'upload'"),
        ("429@", "cannot strike ''"),
        ("short@list", "cannot strike 'list'"),
    ],
)
def test_malformed_faults(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse_fault(text)
    with pytest.raises(ValueError, match=message):
        SandboxOptions(faults=("500", text))


def test_fault_defaults() -> None:
    assert {name: parse_fault(name).name for name in FAULTS} == {name: name for name in FAULTS}
    assert parse_fault("drop-results").number == 65_536
    assert parse_fault("429:3@list") == ("429", 3, ("list",))
