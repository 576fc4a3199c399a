"""Exports hold exactly what was chosen, are harmless, and are there whole or not at all."""

from __future__ import annotations

import csv
import io
import json
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batchtui.results import ExportCancelled, Format, Query, Results, export, export_to_file
from tests.results.odd import ODD
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


def cells(data: bytes) -> list[dict[str, str]]:
    csv.field_size_limit(sys.maxsize)
    return list(csv.DictReader(io.StringIO(data.decode(), newline="")))


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


def test_a_table_for_spreadsheets_runs_nothing() -> None:
    with results_of(BODY) as results:
        rows = cells(exported(results, Format.CSV))
    assert [row["custom_id"] for row in rows] == ["a", "b", "c", ""]
    assert rows[0]["reply"] == "Hello, *world*"
    assert rows[0]["input_tokens"] == "11"
    assert rows[1]["error_message"] == "'=cmd()"
    assert rows[2]["reply"] == "'=1+1"
    assert rows[3]["flag"] == "not JSON"


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(max_size=8) | st.sampled_from(["=A1", "+1", "-1", "@x", "\t=1", "\r=1", "\n=1"])))
def test_no_cell_starts_a_formula_and_every_cell_comes_back(texts: list[str]) -> None:
    with results_of(jsonl(*(succeeded(f"n{n}", text) for n, text in enumerate(texts)))) as results:
        replies = [row["reply"] for row in cells(exported(results, Format.CSV))]
    assert not [reply for reply in replies if reply.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))]
    for reply, text in zip(replies, texts, strict=True):
        assert reply in (text, "'" + text)


def test_one_json_array_whatever_the_lines_are() -> None:
    body = jsonl(succeeded("fine"), *(line for line, *_ in ODD.values()))
    with results_of(body) as results:
        values = json.loads(exported(results, Format.JSON), parse_int=str)
        assert json.loads(exported(results, Format.JSON, [])) == []
    assert len(values) == len(ODD) + 1
    assert values[0]["custom_id"] == "fine"
    flags = [value["flag"] for value in values if "flag" in value]
    assert set(flags) == {"not JSON", "loose JSON"}
    broken = next(value for value in values if value.get("flag") == "not JSON")
    assert broken["line"] == '{"custom_id": "bro'


def test_markdown_for_people() -> None:
    tool = {"type": "tool_use", "name": "save", "input": {"text": "```"}}
    body = jsonl(
        succeeded("a", content=[{"type": "text", "text": "**Hi**"}, tool]),
        errored("b\n# x", message="No\nway"),
    )
    with results_of(body) as results:
        text = exported(results, Format.MARKDOWN).decode()
    assert text == (
        "## a\n\n"
        "*succeeded · claude-haiku-4-5-20251001 · end_turn · 16 tokens in, 7 out*\n\n"
        "**Hi**\n\n"
        "**tool_use save**\n\n"
        '````json\n{\n  "text": "```"\n}\n````\n\n'
        "## b # x\n\n"
        "*errored*\n\n"
        "> overloaded_error No way (resubmit as is)\n\n"
    )


@pytest.mark.parametrize("form", Format)
def test_odd_lines_go_out_in_every_form(form: Format) -> None:
    with results_of(jsonl(*(line for line, *_ in ODD.values()))) as results:
        exported(results, form).decode("utf-8", "strict" if form is not Format.JSONL else "replace")


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
