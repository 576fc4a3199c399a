"""Content of result files, and range requests."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from batchtui.sandbox import Embedded

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx


@pytest.fixture
def still(frozen_sandbox: Embedded, http_to: Callable[[Embedded], httpx.Client]) -> httpx.Client:
    """A sandbox with stopped time, so that batches can be found by their size."""
    return http_to(frozen_sandbox)


def batches(http: httpx.Client, **fields: object) -> list[dict[str, Any]]:
    data: list[dict[str, Any]] = http.get("/batches", params={"limit": 1000}).json()["data"]
    return [batch for batch in data if all(batch[key] == value for key, value in fields.items())]


def batch_of(http: httpx.Client, size: int) -> str:
    """Return the ID of the newest ended batch of this size."""
    ended = batches(http, processing_status="ended")
    return next(str(batch["id"]) for batch in ended if sum(batch["request_counts"].values()) == size)


def results(http: httpx.Client, batch_id: str) -> list[dict[str, Any]]:
    body = http.get(f"/batches/{batch_id}/results").content
    assert body.endswith(b"\n")
    return [json.loads(line) for line in body.removesuffix(b"\n").split(b"\n")]


def test_counts_match_the_results(still: httpx.Client) -> None:
    checked = 0
    for batch in batches(still, processing_status="ended", archived_at=None):
        counts = Counter(batch["request_counts"])
        if counts.total() > 500:
            continue
        lines = results(still, batch["id"])
        assert Counter(line["result"]["type"] for line in lines) == +counts
        assert len({line["custom_id"] for line in lines}) == len(lines)
        checked += 1
    assert checked > 30


def test_same_seed_gives_the_same_bytes(
    sandbox_with: Callable[..., Embedded], http_to: Callable[[Embedded], httpx.Client]
) -> None:
    one, same, other = (http_to(sandbox_with(seed=seed, speed=0)) for seed in (3, 3, 4))
    ids = [batch["id"] for batch in batches(one)]
    assert ids == [batch["id"] for batch in batches(same)]
    assert not set(ids) & {batch["id"] for batch in batches(other)}
    path = f"/batches/{batch_of(one, 1000)}/results"
    first, repeated, second = one.get(path), one.get(path), same.get(path)
    assert first.content == repeated.content == second.content
    assert first.headers["etag"] == second.headers["etag"]


def test_results_are_uncompressed_json_lines(still: httpx.Client) -> None:
    response = still.get(f"/batches/{batch_of(still, 250)}/results", headers={"accept-encoding": "gzip"})
    assert response.headers["content-type"] == "application/x-jsonl"
    assert response.headers["transfer-encoding"] == "chunked"
    assert "content-encoding" not in response.headers
    assert not response.headers["etag"].startswith("W/")


def test_range_returns_the_rest_of_the_file(still: httpx.Client) -> None:
    path = f"/batches/{batch_of(still, 1000)}/results"
    whole = still.get(path)
    body, size = whole.content, len(whole.content)
    for start in (0, 1, 150_000, size // 2, size - 1):
        part = still.get(path, headers={"range": f"bytes={start}-", "if-range": whole.headers["etag"]})
        assert part.status_code == 206
        assert part.headers["content-range"] == f"bytes {start}-{size - 1}/{size}"
        assert part.headers["etag"] == whole.headers["etag"]
        assert part.content == body[start:]


def test_range_works_as_the_first_request(
    still: httpx.Client, sandbox_with: Callable[..., Embedded], http_to: Callable[[Embedded], httpx.Client]
) -> None:
    path = f"/batches/{batch_of(still, 1000)}/results"
    part = http_to(sandbox_with(speed=0)).get(path, headers={"range": "bytes=100000-"})
    assert part.status_code == 206
    assert still.get(path).content[100_000:] == part.content


def test_if_range_mismatch_returns_the_whole_file(still: httpx.Client) -> None:
    path = f"/batches/{batch_of(still, 250)}/results"
    response = still.get(path, headers={"range": "bytes=10-", "if-range": '"another"'})
    assert response.status_code == 200
    assert "content-range" not in response.headers
    assert len(response.content.splitlines()) >= 250


@pytest.mark.parametrize("value", ["bytes=-500", "bytes=5-9", "bytes=1-2,4-5", "lines=1-", "bytes=x-"])
def test_other_ranges_are_ignored(still: httpx.Client, value: str) -> None:
    assert still.get(f"/batches/{batch_of(still, 3)}/results", headers={"range": value}).status_code == 200


def test_range_past_the_end(still: httpx.Client) -> None:
    path = f"/batches/{batch_of(still, 3)}/results"
    size = len(still.get(path).content)
    response = still.get(path, headers={"range": f"bytes={size}-"})
    assert response.status_code == 416
    assert response.headers["content-range"] == f"bytes */{size}"
    assert response.json()["error"]["type"] == "invalid_request_error"


def test_unavailable_results(still: httpx.Client) -> None:
    running = batches(still, processing_status="in_progress")[0]
    early = still.get(f"/batches/{running['id']}/results")
    assert (early.status_code, early.json()["error"]["type"]) == (400, "invalid_request_error")
    archived = next(batch for batch in batches(still) if batch["archived_at"])
    assert archived["results_url"] is None
    late = still.get(f"/batches/{archived['id']}/results")
    assert (late.status_code, late.json()["error"]["type"]) == (404, "not_found_error")


def test_content_is_varied(still: httpx.Client) -> None:
    types, stops, error_types, error_keys = set(), set(), set(), set()
    for size in (5000, 1000, 10_000, 2500, 800):
        for line in results(still, batch_of(still, size)):
            result = line["result"]
            if result["type"] == "succeeded":
                types |= {block["type"] for block in result["message"]["content"]}
                stops.add(result["message"]["stop_reason"])
            elif result["type"] == "errored":
                error_types.add(result["error"]["error"]["type"])
                error_keys.add("request_id" in result["error"] and result["error"]["request_id"] is not None)
    assert types >= {
        "text",
        "thinking",
        "redacted_thinking",
        "tool_use",
        "server_tool_use",
        "web_search_tool_result",
    }
    assert stops >= {"end_turn", "max_tokens", "stop_sequence", "tool_use", "refusal"}
    assert len(error_types) >= 4
    assert error_keys == {True, False}


def test_lines_vary_in_length_encoding_and_order(still: httpx.Client) -> None:
    body = still.get(f"/batches/{batch_of(still, 5000)}/results").content
    lengths = sorted(map(len, body.splitlines()))
    assert lengths[len(lengths) // 2] < 3000
    assert lengths[-1] > 15_000
    translations = still.get(f"/batches/{batch_of(still, 250)}/results").content
    assert rb"\u" in translations
    assert "商品は".encode() in translations
    ids = [line["custom_id"] for line in results(still, batch_of(still, 250))]
    assert ids != sorted(ids)


def test_one_batch_attacks_the_terminal(still: httpx.Client) -> None:
    body = still.get(f"/batches/{batch_of(still, 320)}/results").content
    for payload in (
        rb"\u001b]52;",
        rb"\u001b[2J",
        "\x9b2J".encode(),
        b"[@click=app.quit]",
        "\u202e".encode(),
        b"\\ud83d and",
    ):
        assert payload in body
    errors = [line for line in results(still, batch_of(still, 320)) if line["result"]["type"] == "errored"]
    assert any("\x1b" in line["result"]["error"]["error"]["message"] for line in errors)
