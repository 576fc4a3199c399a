"""Result lines made by hand, and what a plain JSON parse says of them."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from batchtui.results import ResultFiles, ResultRow, Results
from batchtui.results.writer import ResultWriter


def succeeded(custom_id: str, text: str = "Ébauche: 你好, “done”.", **message: Any) -> dict[str, Any]:  # noqa: ANN401
    """A result line of a reply."""
    reply = {
        "id": "msg_01",
        "type": "message",
        "role": "assistant",
        "model": "claude-haiku-4-5-20251001",
        "content": [{"type": "text", "text": text}],
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": {"input_tokens": 11, "cache_read_input_tokens": 5, "output_tokens": 7},
    }
    return {"custom_id": custom_id, "result": {"type": "succeeded", "message": reply | message}}


def errored(custom_id: str, type_: str = "overloaded_error", message: str = "Overloaded") -> dict[str, Any]:
    """A result line of a failure, nested as on the wire."""
    error = {"type": "error", "error": {"type": type_, "message": message}, "request_id": "req_01"}
    return {"custom_id": custom_id, "result": {"type": "errored", "error": error}}


def jsonl(*lines: dict[str, Any] | bytes, ascii_only: bool = False) -> bytes:
    """Lines as a body: objects are written as JSON, bytes as they are."""
    parts = [
        line if isinstance(line, bytes) else json.dumps(line, ensure_ascii=ascii_only).encode()
        for line in lines
    ]
    return b"".join(part + b"\n" for part in parts)


def body_of(count: int, text_chars: int = 200) -> bytes:
    """A body of so many results, every seventh of them a failure."""
    lines = [
        errored(f"request-{n}", message=f"Overloaded {n} times")
        if n % 7 == 3
        else succeeded(f"request-{n}", f"é你{n}\n" + "x" * (text_chars + n % 50))
        for n in range(count)
    ]
    return jsonl(*lines)


@contextmanager
def results_of(body: bytes) -> Iterator[Results]:
    """The results of a body, as if it had been fetched."""
    with tempfile.TemporaryDirectory() as folder:
        files = ResultFiles(Path(folder), "batch")
        with closing(ResultWriter(files)) as writer:
            writer.begin(0, None, None)
            writer.land([body])
            writer.end(None)
        with Results(files) as results:
            yield results


def all_rows(files: ResultFiles) -> list[ResultRow]:
    """Every row of the index."""
    with Results(files) as results:
        return results.view().rows(0, results.rows_here)


def assert_true_index(files: ResultFiles, body: bytes) -> None:
    """The file is the body, and the index has each of its lines once, where it is."""
    assert files.data.read_bytes() == body
    rows = all_rows(files)
    lines = body.removesuffix(b"\n").split(b"\n")
    assert [row.n for row in rows] == list(range(len(lines)))
    for row, line in zip(rows, lines, strict=True):
        assert body[row.offset : row.offset + row.length] == line
        assert row.custom_id == json.loads(line)["custom_id"]
