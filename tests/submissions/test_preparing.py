"""Preparing drafts: counting, copying and splitting requests, and cleaning up after errors."""

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
        stream = RequestBody(prepared.file.data, prepared.parts[part])
        whole = b"".join([chunk async for chunk in stream])
        assert len(whole) == stream.size
        return whole

    return json.loads(asyncio.run(read()))


def test_draft_has_requests_of_file(tmp_path: Path, kept: Path) -> None:
    requests = [request(f"a-{n}", "naïve \u2028 結果" * n, f"model-{n % 2}") for n in range(1, 8)]
    prepared = prepare(write(tmp_path / "file", *requests), kept)

    assert body(prepared) == {"requests": requests}
    assert (prepared.requests, prepared.errors, prepared.split_reason) == (7, [], "")
    assert prepared.size == prepared.file.data.stat().st_size
    assert [(load.model, load.requests, load.max_tokens) for load in prepared.models()] == [
        ("model-1", 4, 400),
        ("model-0", 3, 300),
    ]
    assert [json.loads(raw) for _, raw in prepared.file.lines(["a-3", "none", "a-2"], prepared.span)] == [
        requests[1],
        requests[2],
    ]
    assert list(prepared.file.custom_ids(prepared.span)) == [one["custom_id"] for one in requests]
    assert prepared.file.data.stat().st_mode & 0o777 == 0o600


def test_multiline_array_becomes_lines(tmp_path: Path, kept: Path) -> None:
    requests = [request("a", "x\ny"), request("b")]
    path = tmp_path / "file"
    path.write_bytes(json.dumps({"requests": requests}, indent=2).replace("\n", "\r\n").encode())
    prepared = prepare(path, kept)
    assert body(prepared) == {"requests": requests}
    assert prepared.file.data.read_bytes().count(b"\n") == 2


def test_errors_are_listed_with_place(tmp_path: Path, kept: Path) -> None:
    twin_of_a_faulty_one = request("b") | {"params": {}}
    path = write(tmp_path / "file", request("a"), twin_of_a_faulty_one, "x", request("b"), request("a"))
    prepared = prepare(path, kept)
    assert [(error.line, error.custom_id, error.message.split(";")[0]) for error in prepared.errors] == [
        (2, "b", "params.model is missing"),
        (2, "b", "params.max_tokens is missing"),
        (2, "b", "params.messages is missing"),
        (3, "", "not an object"),
        (4, "b", "duplicate custom_id (first used on line 2)"),
        (5, "a", "duplicate custom_id (first used on line 1)"),
    ]


def test_errors_on_one_line_name_request(tmp_path: Path, kept: Path) -> None:
    path = tmp_path / "file"
    path.write_text(json.dumps([request("a"), {}, request("a")]))
    first, *_, twin = prepare(path, kept).errors
    assert (first.line, first.request) == (1, 2)
    assert (twin.line, twin.request, twin.message.split(";")[0]) == (
        1,
        3,
        "duplicate custom_id (first used in request 1)",
    )


def test_errors_beyond_limit_are_counted(tmp_path: Path, kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preparing, "MAX_ERRORS", 3)
    prepared = prepare(write(tmp_path / "file", *range(8)), kept)
    assert (len(prepared.errors), prepared.error_count) == (3, 8)


@pytest.mark.parametrize("text", ["", "\n \r\n", "[]", '{"requests": []}\n'])
def test_empty_file_is_an_error(tmp_path: Path, kept: Path, text: str) -> None:
    path = tmp_path / "file"
    path.write_text(text)
    (error,) = prepare(path, kept).errors
    assert (error.line, error.message.split(";")[0]) == (0, "no requests")


def test_requests_are_split_by_number_and_size(
    tmp_path: Path, kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    requests = [request(f"a-{n}", "x" * (400 if n == 4 else 1)) for n in range(7)]
    path = write(tmp_path / "file", *requests)
    monkeypatch.setattr(preparing, "MAX_REQUESTS", 3)
    monkeypatch.setattr(preparing, "MAX_BYTES", 700)
    prepared = prepare(path, kept)
    parts = [body(prepared, part)["requests"] for part in range(len(prepared.parts))]
    assert list(chain.from_iterable(parts)) == requests
    assert [len(part) for part in parts] == [3, 2, 2]
    assert prepared.split_reason


def test_digest_depends_on_content_only(tmp_path: Path, kept: Path) -> None:
    requests = [request("a"), request("b")]
    one = prepare(write(tmp_path / "one", *requests), kept)
    (tmp_path / "two").write_text("\n\n".join(map(json.dumps, requests)))
    assert prepare(tmp_path / "two", kept).digest == one.digest
    assert prepare(write(tmp_path / "three", *requests[::-1]), kept).digest != one.digest


@contextmanager
def files_up_to(size: int) -> Iterator[None]:
    """Limit the size of files, like a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("limit", [100_000, 8_000])
def test_full_disk_leaves_no_draft(tmp_path: Path, kept: Path, limit: int) -> None:
    path = write(tmp_path / "file", *(request(f"a-{n}", "x" * 200) for n in range(3000)))
    with files_up_to(limit), pytest.raises(OSError, match="Cannot store"):
        prepare(path, kept)
    assert not list(kept.iterdir())


def test_changed_file_leaves_no_draft(tmp_path: Path, kept: Path) -> None:
    path = write(tmp_path / "file", *(request(f"a-{n}") for n in range(3000)))

    def on_progress(_: int) -> None:
        with path.open("a") as file:
            file.write("\n")

    with pytest.raises(OSError, match="was modified"):
        prepare(path, kept, on_progress=on_progress)
    assert not list(kept.iterdir())


def test_oversized_request_is_an_error(tmp_path: Path, kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parsing, "MAX_REQUEST_BYTES", 1000)
    monkeypatch.setattr("batchtui.submissions.validation.MAX_REQUEST_BYTES", 1000)
    prepared = prepare(write(tmp_path / "file", request("a", "x" * 1000), request("b")), kept)
    assert [(error.line, error.message.split(";")[0]) for error in prepared.errors] == [
        (1, "exceeds the 256 MB limit of a batch")
    ]


def test_lone_surrogate_in_custom_id_is_an_error(tmp_path: Path) -> None:
    file = tmp_path / "requests.jsonl"
    file.write_text('{"custom_id": "a\\ud83d", "params": {}}\n', encoding="utf-8")
    (tmp_path / "kept").mkdir(mode=0o700)
    faults = prepare(file, tmp_path / "kept").errors
    assert {error.custom_id for error in faults} == {"a\ufffd"}
    assert prepare(file, tmp_path / "kept", was_accepted=True).requests == 1


def test_file_error_has_no_request_number(tmp_path: Path, kept: Path) -> None:
    path = tmp_path / "file"
    path.write_text(json.dumps({"model": "x", "requests": [request("a"), {}]}))
    outside, *inside = prepare(path, kept).errors
    assert (outside.line, outside.request, outside.message.split(";")[0]) == (
        1,
        0,
        '"model" is not allowed next to "requests"',
    )
    assert {error.request for error in inside} == {2}
    path.write_bytes(json.dumps(request("a")).encode("utf-16"))
    assert [(error.line, error.request, error.message) for error in prepare(path, kept).errors] == [
        (0, 0, "the file is UTF-16; save it as UTF-8")
    ]


def test_gzip_file_becomes_lines(tmp_path: Path, kept: Path) -> None:
    path = tmp_path / "file.jsonl.gz"
    path.write_bytes(gzip.compress(json.dumps(request("a")).encode()))
    assert body(prepare(path, kept)) == {"requests": [request("a")]}
