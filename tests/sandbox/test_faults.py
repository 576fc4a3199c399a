"""Faults strike where and when they were asked to, on real sockets."""

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
    """Starts a sandbox with these faults, and connects to it."""

    def start(*faults: str) -> httpx.Client:
        return http_to(sandbox_with(faults=faults, speed=0, batches=16))

    return start


def how_many(http: httpx.Client) -> int:
    return len(http.get("/batches", params={"limit": 1000}).json()["data"])


def results_path(http: httpx.Client) -> str:
    """The results of the ended batch of 5,000 requests."""
    data = http.get("/batches").json()["data"]
    batch_id = next(one["id"] for one in data if sum(one["request_counts"].values()) == 5000)
    return f"/batches/{batch_id}/results"


def test_every_nth_request_is_hit(faulty: Connect) -> None:
    http = faulty("529:3")
    assert [http.get("/batches").status_code for _ in range(7)] == [200, 200, 529, 200, 200, 529, 200]


def test_a_fault_keeps_to_its_operation(faulty: Connect) -> None:
    http = faulty("500@cancel", "429@create")
    assert http.get("/batches").status_code == 200
    assert http.post("/batches/msgbatch_x/cancel").status_code == 500
    assert http.post("/batches", json=BODY).status_code == 429


def test_a_spend_limit_says_not_to_retry(faulty: Connect) -> None:
    response = faulty("spend-limit").post("/batches", json=BODY)
    assert response.status_code == 429
    assert response.headers["x-should-retry"] == "false"
    assert response.json()["error"]["details"] == {"error_code": "enforced_spend_limit_reached"}


def test_refused_before_anything_is_done(faulty: Connect) -> None:
    http = faulty("refuse")
    with pytest.raises(httpx.RemoteProtocolError):
        http.post("/batches", json=BODY)
    assert how_many(http) == 16


def test_dropped_after_it_was_accepted(faulty: Connect) -> None:
    http = faulty("drop-after-accept")
    with pytest.raises(httpx.RemoteProtocolError):
        http.post("/batches", json=BODY)
    assert how_many(http) == 17


def test_a_gateway_loses_the_answer(faulty: Connect) -> None:
    http = faulty("502-after-accept")
    response = http.post("/batches", json=BODY)
    assert (response.status_code, response.headers["content-type"]) == (502, "text/html; charset=utf-8")
    assert how_many(http) == 17


def test_accepted_and_never_answered(faulty: Connect) -> None:
    http = faulty("timeout")
    assert how_many(http) == 16  # it is up: what is sent now is read at once
    with pytest.raises(httpx.ReadTimeout):
        http.post("/batches", json=BODY, timeout=1.0)
    assert how_many(http) == 17


@pytest.mark.parametrize("status", [408, 409])
def test_accepted_and_answered_with_an_error(faulty: Connect, status: int) -> None:
    http = faulty(f"{status}-after-accept")
    assert http.post("/batches", json=BODY).status_code == status
    assert how_many(http) == 17


def test_a_late_batch_is_listed_after_25_seconds(
    sandbox_with: Callable[..., Embedded], http_to: Callable[[Embedded], httpx.Client]
) -> None:
    http = http_to(sandbox_with(faults=("late",), speed=20, batches=16))
    assert http.post("/batches", json=BODY).status_code == 504
    assert how_many(http) == 16
    while how_many(http) == 16:
        pass  # each call takes its time
    batch = http.get("/batches").json()["data"][0]
    assert http.get(f"/batches/{batch['id']}").status_code == 200


def test_a_strangers_batch_comes_just_before_ours(faulty: Connect) -> None:
    http = faulty("stranger:2", "refuse:2")
    http.post("/batches", json=BODY)
    assert how_many(http) == 17
    with pytest.raises(httpx.RemoteProtocolError):
        http.post("/batches", json=BODY)
    assert how_many(http) == 18


def test_an_unavailable_service_says_when_to_come_back(faulty: Connect) -> None:
    response = faulty("503").post("/batches", json=BODY)
    assert (response.status_code, response.headers["retry-after"]) == (503, "1")


def test_a_create_that_is_refused_is_not_accepted_by_a_fault(faulty: Connect) -> None:
    http = faulty("drop-after-accept")
    assert http.post("/batches", json={"requests": []}).status_code == 400


def test_results_break_off_after_so_many_bytes(faulty: Connect) -> None:
    http = faulty("drop-results:100000")
    received = b""
    with http.stream("GET", results_path(http)) as response, pytest.raises(httpx.RemoteProtocolError):
        for chunk in response.iter_raw():
            received += chunk
    assert len(received) == 100_000


def test_results_cut_short_can_be_read_on(faulty: Connect) -> None:
    http = faulty("short:3000000")
    path, received, parts = results_path(http), b"", 0
    while received.count(b"\n") < 5000:
        part = http.get(path, headers={"range": f"bytes={len(received)}-"})
        received, parts = received + part.content, parts + 1
    assert parts == 1 + len(received) // 3_000_000
    assert received.endswith(b"\n")


def test_without_ranges_there_is_no_validator(faulty: Connect) -> None:
    http = faulty("no-range", "short:1000")
    response = http.get(results_path(http), headers={"range": "bytes=10-"})
    assert response.status_code == 200
    assert not {"etag", "accept-ranges", "content-range"} & response.headers.keys()


def test_a_changing_etag_spoils_every_if_range(faulty: Connect) -> None:
    http = faulty("change-etag", "short:1000")
    path = results_path(http)
    etag = http.get(path).headers["etag"]
    again = http.get(path, headers={"range": "bytes=10-", "if-range": etag})
    assert again.status_code == 200
    assert again.headers["etag"] != etag


def test_slow_results_come_whole(faulty: Connect) -> None:
    http = faulty("slow-results:40000000")
    assert http.get(results_path(http)).content.count(b"\n") == 5000


@pytest.mark.parametrize(
    ("text", "complaint"),
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
def test_faults_that_cannot_be_read(text: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        parse_fault(text)
    with pytest.raises(ValueError, match=complaint):
        SandboxOptions(faults=("500", text))


def test_every_fault_has_its_number_and_its_operations() -> None:
    assert {name: parse_fault(name).name for name in FAULTS} == {name: name for name in FAULTS}
    assert parse_fault("drop-results").number == 65_536
    assert parse_fault("429:3@list") == ("429", 3, ("list",))
