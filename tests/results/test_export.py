"""Exports hold exactly what was chosen, and are there whole or not at all."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from batchtui.results import ExportCancelled, Format, Query, Results, export, export_to_file
from tests.results.wire import errored, jsonl, results_of, succeeded

BODY = jsonl(
    succeeded("a", "Hello, *world*"),
    errored("b", "invalid_request_error", "=cmd()"),
    b"",
    succeeded("c", "=1+1"),
    b"broken",
)


def exported(results: Results, form: Format, numbers: list[int] | None = None) -> bytes:
    stream = io.BytesIO()
    export(results, stream, form, numbers)
    return stream.getvalue()


def test_everything_as_lines_is_the_file_itself() -> None:
    with results_of(BODY) as results:
        assert exported(results, Format.JSONL) == BODY


def test_chosen_lines_are_byte_exact_and_in_the_order_asked_for() -> None:
    lines = BODY.split(b"\n")
    with results_of(BODY) as results:
        chosen = results.numbers(Query(descending=True))
        assert exported(results, Format.JSONL, [*chosen]) == b"\n".join(
            [lines[4], lines[3], lines[1], lines[0], b""]
        )
        assert exported(results, Format.JSONL, []) == b""


def test_a_file_is_never_replaced_unasked(tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    path.write_text("mine")
    with results_of(BODY) as results:
        with pytest.raises(FileExistsError, match="exists already"):
            export_to_file(results, path, Format.JSONL)
        assert path.read_text() == "mine"
        export_to_file(results, path, Format.JSONL, overwrite=True)
    assert path.read_bytes() == BODY
    assert [entry.name for entry in tmp_path.iterdir() if entry.is_file()] == ["out.jsonl"]


def test_a_file_that_appears_meanwhile_is_not_replaced(tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"

    def meddle(_: int) -> None:
        path.write_text("theirs")

    with results_of(BODY) as results, pytest.raises(FileExistsError):
        export_to_file(results, path, Format.JSONL, report=meddle)
    assert path.read_text() == "theirs"
    assert [entry.name for entry in tmp_path.iterdir() if entry.is_file()] == ["out.jsonl"]


@pytest.mark.parametrize("form", Format)
def test_a_stopped_export_leaves_nothing(tmp_path: Path, form: Format) -> None:
    with results_of(BODY) as results, pytest.raises(ExportCancelled):
        export_to_file(results, tmp_path / "out", form, report=lambda _: False)
    assert [entry.name for entry in tmp_path.iterdir() if entry.is_file()] == []


def test_progress_is_told_in_results() -> None:
    told: list[int] = []
    with results_of(jsonl(*(succeeded(f"r{n}") for n in range(450)))) as results:
        export(results, io.BytesIO(), Format.CSV, report=told.append)
    assert told == [200, 400, 450]
