"""From a file to requests that can be sent: counted, kept, divided, and nothing left behind when it fails."""

from __future__ import annotations

import asyncio
import gzip
import json
import resource
from contextlib import contextmanager
from itertools import chain
from typing import TYPE_CHECKING, Any

import pytest

from batchtui.submissions import Prepared, RequestBody, parsing, preparing
from batchtui.submissions.preparing import prepare

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def request(custom_id: str, text: str = "Hello.", model: str = "claude-haiku-4-5") -> dict[str, Any]:
    message = {"role": "user", "content": text}
    return {"custom_id": custom_id, "params": {"model": model, "max_tokens": 100, "messages": [message]}}


def write(path: Path, *requests: object) -> Path:
    path.write_text("".join(f"{json.dumps(one)}\n" for one in requests), encoding="utf-8")
    return path


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    folder = tmp_path / "kept"
    folder.mkdir()
    return folder


def body(prepared: Prepared, part: int = 0) -> Any:  # noqa: ANN401 - JSON
    async def read() -> bytes:
        stream = RequestBody(prepared.kept.data, prepared.parts[part])
        whole = b"".join([chunk async for chunk in stream])
        assert len(whole) == stream.size
        return whole

    return json.loads(asyncio.run(read()))


def test_what_is_kept_is_what_was_in_the_file(tmp_path: Path, kept: Path) -> None:
    requests = [request(f"a-{n}", "naïve \u2028 結果" * n, f"model-{n % 2}") for n in range(1, 8)]
    prepared = prepare(write(tmp_path / "file", *requests), kept)

    assert body(prepared) == {"requests": requests}
    assert (prepared.requests, prepared.faults, prepared.why_split) == (7, [], "")
    assert prepared.size == prepared.kept.data.stat().st_size
    assert [(load.model, load.requests, load.max_tokens) for load in prepared.models()] == [
        ("model-1", 4, 400),
        ("model-0", 3, 300),
    ]
    assert [json.loads(raw) for _, raw in prepared.kept.lines(["a-3", "none", "a-2"], prepared.whole)] == [
        requests[1],
        requests[2],
    ]
    assert list(prepared.kept.custom_ids(prepared.whole)) == [one["custom_id"] for one in requests]
    assert prepared.kept.data.stat().st_mode & 0o777 == 0o600


def test_an_array_over_many_lines_becomes_lines(tmp_path: Path, kept: Path) -> None:
    requests = [request("a", "x\ny"), request("b")]
    path = tmp_path / "file"
    path.write_bytes(json.dumps({"requests": requests}, indent=2).replace("\n", "\r\n").encode())
    prepared = prepare(path, kept)
    assert body(prepared) == {"requests": requests}
    assert prepared.kept.data.read_bytes().count(b"\n") == 2


def test_every_fault_is_listed_with_its_place(tmp_path: Path, kept: Path) -> None:
    twin_of_a_faulty_one = request("b") | {"params": {}}
    path = write(tmp_path / "file", request("a"), twin_of_a_faulty_one, "x", request("b"), request("a"))
    prepared = prepare(path, kept)
    assert [(fault.line, fault.custom_id, fault.fault.split(";")[0]) for fault in prepared.faults] == [
        (2, "b", "params.model is missing"),
        (2, "b", "params.max_tokens is missing"),
        (2, "b", "params.messages is missing"),
        (3, "", "not an object"),
        (4, "b", "the custom_id of line 2 again"),
        (5, "a", "the custom_id of line 1 again"),
    ]


def test_in_an_array_on_one_line_faults_name_the_request(tmp_path: Path, kept: Path) -> None:
    path = tmp_path / "file"
    path.write_text(json.dumps([request("a"), {}, request("a")]))
    first, *_, twin = prepare(path, kept).faults
    assert (first.line, first.request) == (1, 2)
    assert (twin.line, twin.request, twin.fault.split(";")[0]) == (1, 3, "the custom_id of request 1 again")


def test_more_faults_than_are_listed_are_counted(
    tmp_path: Path, kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preparing, "FAULTS_KEPT", 3)
    prepared = prepare(write(tmp_path / "file", *range(8)), kept)
    assert (len(prepared.faults), prepared.fault_count) == (3, 8)


@pytest.mark.parametrize("text", ["", "\n \r\n", "[]", '{"requests": []}\n'])
def test_a_file_without_requests_is_a_fault(tmp_path: Path, kept: Path, text: str) -> None:
    path = tmp_path / "file"
    path.write_text(text)
    (fault,) = prepare(path, kept).faults
    assert (fault.line, fault.fault.split(";")[0]) == (0, "no requests in it")


def test_it_is_divided_by_number_and_by_size(
    tmp_path: Path, kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    requests = [request(f"a-{n}", "x" * (400 if n == 4 else 1)) for n in range(7)]
    path = write(tmp_path / "file", *requests)
    monkeypatch.setattr(preparing, "MOST_REQUESTS", 3)
    monkeypatch.setattr(preparing, "MOST_BYTES", 700)
    prepared = prepare(path, kept)
    parts = [body(prepared, part)["requests"] for part in range(len(prepared.parts))]
    assert list(chain.from_iterable(parts)) == requests
    assert [len(part) for part in parts] == [3, 2, 2]
    assert prepared.why_split


def test_the_same_content_has_the_same_digest_and_no_other_has(tmp_path: Path, kept: Path) -> None:
    requests = [request("a"), request("b")]
    one = prepare(write(tmp_path / "one", *requests), kept)
    (tmp_path / "two").write_text("\n\n".join(map(json.dumps, requests)))
    assert prepare(tmp_path / "two", kept).digest == one.digest
    assert prepare(write(tmp_path / "three", *requests[::-1]), kept).digest != one.digest


@contextmanager
def files_up_to(size: int) -> Iterator[None]:
    """No file may become larger: what a full disk is like."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("limit", [100_000, 8_000])
def test_nothing_is_left_behind_when_the_disk_is_full(tmp_path: Path, kept: Path, limit: int) -> None:
    path = write(tmp_path / "file", *(request(f"a-{n}", "x" * 200) for n in range(3000)))
    with files_up_to(limit), pytest.raises(OSError, match="cannot be kept"):
        prepare(path, kept)
    assert not list(kept.iterdir())


def test_nothing_is_left_behind_when_the_file_changes(tmp_path: Path, kept: Path) -> None:
    path = write(tmp_path / "file", *(request(f"a-{n}") for n in range(3000)))

    def report(_: int) -> None:
        with path.open("a") as file:
            file.write("\n")

    with pytest.raises(OSError, match="written to"):
        prepare(path, kept, report=report)
    assert not list(kept.iterdir())


def test_a_request_larger_than_a_batch_is_a_fault(
    tmp_path: Path, kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parsing, "LARGEST_REQUEST", 1000)
    monkeypatch.setattr("batchtui.submissions.validation.LARGEST_REQUEST", 1000)
    prepared = prepare(write(tmp_path / "file", request("a", "x" * 1000), request("b")), kept)
    assert [(fault.line, fault.fault.split(";")[0]) for fault in prepared.faults] == [
        (1, "longer than the 256 MB that a whole batch may have")
    ]


def test_half_a_character_in_a_custom_id_is_a_fault_and_no_crash(tmp_path: Path) -> None:
    file = tmp_path / "requests.jsonl"
    file.write_text('{"custom_id": "a\\ud83d", "params": {}}\n', encoding="utf-8")
    (tmp_path / "kept").mkdir(mode=0o700)
    faults = prepare(file, tmp_path / "kept").faults
    assert {fault.custom_id for fault in faults} == {"a\ufffd"}
    assert prepare(file, tmp_path / "kept", was_accepted=True).requests == 1


def test_a_fault_of_the_file_is_no_request(tmp_path: Path, kept: Path) -> None:
    path = tmp_path / "file"
    path.write_text(json.dumps({"model": "x", "requests": [request("a"), {}]}))
    outside, *inside = prepare(path, kept).faults
    assert (outside.line, outside.request, outside.fault.split(";")[0]) == (
        1,
        0,
        '"model" is not allowed beside "requests"',
    )
    assert {fault.request for fault in inside} == {2}
    path.write_bytes(json.dumps(request("a")).encode("utf-16"))
    assert [(fault.line, fault.request, fault.fault) for fault in prepare(path, kept).faults] == [
        (0, 0, "the file is UTF-16; save it as UTF-8")
    ]


def test_a_gzip_file_becomes_lines(tmp_path: Path, kept: Path) -> None:
    path = tmp_path / "file.jsonl.gz"
    path.write_bytes(gzip.compress(json.dumps(request("a")).encode()))
    assert body(prepare(path, kept)) == {"requests": [request("a")]}
