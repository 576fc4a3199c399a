"""What each format makes of results: JSON for programs, CSV and Markdown that are safe to look at."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import re
import sys
from functools import cache
from itertools import pairwise

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from batchtui.results import Format, export
from batchtui.results.formats import JSON_FIELDS
from batchtui.sandbox.batch import Batch
from batchtui.sandbox.results import ResultFile
from batchtui.text import clean_line, clean_text
from tests.results.odd import ODD
from tests.results.wire import errored, jsonl, results_of, succeeded

ESCAPES = "\x1b]52;c;QQ==\x07 \x9b31m \u202e \x00 \x7f \ufeff\u2028"
RUNS = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")
BEFORE = ("", " ", "\t", "\r", "\n", "\u00a0", "\u3000 ")
MARKDOWN_ATTACKS = (
    "## other\n\n*succeeded*\n\nforged",
    "other\n=====\n\nforged",
    "```\nno end of the fence",
    "~~~~~~~~\nno end of this one",
    "<!-- everything after this is gone",
    "<script>x()</script>\n\n<pre>\n",
    "[other]: https://example.invalid\n\n[other] ![](https://example.invalid/seen)",
    "\n\n\n# late\n    ## deep\n\t# tab\n",
    "- a list\n\n  ## in it",
    "> ## quoted",
    "\r\n## windows\r## old mac\u2028## line\x0b## tab\x85## next\n",
)
NASTY = (
    st.text(alphabet="\\`*_[]<>&#!~|${}-+=1. \t\r\n>ab:/", max_size=12)
    | st.text(max_size=30)
    | st.sampled_from(MARKDOWN_ATTACKS)
    | st.just(ESCAPES)
)


def written(body: bytes, form: Format) -> str:
    stream = io.BytesIO()
    with results_of(body) as results:
        export(results, stream, form, range(results.rows_here))
    return stream.getvalue().decode()


def cells(text: str) -> list[dict[str, str]]:
    csv.field_size_limit(sys.maxsize)
    return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))


@cache
def hostile_lines() -> tuple[bytes, ...]:
    """The sandbox's hostile batch, and every line of `ODD`."""
    batch = Batch("msgbatch_hostile", 320, 0.0, 60.0, 64, "hostile")

    async def read() -> bytes:
        return b"".join([chunk async for chunk in ResultFile(batch, batch.counts(100.0)).read()])

    return (*asyncio.run(read()).splitlines(), *(line for line, *_ in ODD.values()))


def hostile_body() -> bytes:
    return b"\n".join(hostile_lines()) + b"\n"


def unprintable(text: str) -> set[str]:
    return {char for char in text if not char.isprintable()}


# CSV and Markdown


def test_csv_and_markdown_hold_no_control_characters_whatever_the_results_say() -> None:
    assert unprintable(hostile_body().decode("utf-8", "replace")) - {"\n"}
    assert unprintable(written(hostile_body(), Format.MARKDOWN)) == {"\n"}
    table = written(hostile_body(), Format.CSV)
    assert unprintable(table) == {"\r", "\n"}
    assert table.count("\r") == table.count("\r\n") == len(hostile_lines()) + 1


@settings(max_examples=60, deadline=None)
@given(NASTY, NASTY)
def test_no_text_brings_control_characters_into_csv_or_markdown(custom_id: str, text: str) -> None:
    tool = {"type": text, "name": text, "input": {text: text}}
    body = jsonl(
        succeeded(custom_id, text, model=text, stop_reason=text),
        succeeded("b", content=[{"type": "text", "text": text}, tool]),
        errored("c", text, text),
        ascii_only=True,
    )
    assert unprintable(written(body, Format.MARKDOWN)) <= {"\n"}
    assert unprintable(written(body, Format.CSV)) == {"\r", "\n"}


@pytest.mark.parametrize("form", Format)
def test_malformed_lines_are_exported_in_every_format(form: Format) -> None:
    body = b"\n".join(line for line, *_ in ODD.values() if not line.startswith(b"\xff")) + b"\n"
    assert written(body, form)


@pytest.mark.parametrize("form", [Format.CSV, Format.MARKDOWN])
def test_a_long_error_message_is_exported_whole(form: Format) -> None:
    message = "x" * 5000 + " end"
    assert message in written(jsonl(errored("a", message=message)), form)


# CSV


def test_a_csv_row_holds_a_result() -> None:
    body = jsonl(succeeded("a", "Hello, *world*"), errored("b", "invalid_request_error", "no"), b"broken")
    rows = cells(written(body, Format.CSV))
    assert [row["custom_id"] for row in rows] == ["a", "b", ""]
    assert [row["reply"] for row in rows] == ["Hello, *world*", "", ""]
    assert (rows[0]["input_tokens"], rows[0]["output_tokens"]) == ("11", "7")
    assert (rows[1]["outcome"], rows[1]["error_message"]) == ("errored", "no")
    assert rows[2]["flag"] == "not JSON"


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(max_size=8) | NASTY, max_size=5))
def test_csv_gives_back_every_text_cleaned(texts: list[str]) -> None:
    body = jsonl(*(succeeded(f"n{n}", text) for n, text in enumerate(texts)), ascii_only=True)
    replies = [row["reply"] for row in cells(written(body, Format.CSV))]
    for reply, text in zip(replies, texts, strict=True):
        assert reply in (clean_text(text), "'" + clean_text(text))


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(BEFORE), st.sampled_from(RUNS), st.sampled_from(["cmd()", "A1", "", "1+1", "-5|'x'!A0"])
)
def test_csv_runs_nothing_in_a_spreadsheet(before: str, sign: str, rest: str) -> None:
    formula = before + sign + rest
    body = jsonl(
        succeeded("a", formula, model=formula, stop_reason=formula), errored(formula + "()", formula, formula)
    )
    reply, error = cells(written(body, Format.CSV))
    guarded = [reply["reply"], reply["model"], reply["stop_reason"]]
    guarded += [error["custom_id"], error["error_type"], error["error_message"]]
    assert not [cell for cell in guarded if cell.lstrip().startswith(RUNS)]
    if before != "\r":  # which is shown, so that nothing starts with a sign
        assert [cell[0] for cell in guarded] == ["'"] * 6


@pytest.mark.parametrize("invisible", ["\ufeff", "\x00", "\u200b", "\x08"])
def test_csv_shows_what_a_spreadsheet_would_skip_before_a_formula(invisible: str) -> None:
    (row,) = cells(written(jsonl(succeeded("a", f"{invisible}=1+1"), ascii_only=True), Format.CSV))
    assert row["reply"] == clean_text(invisible) + "=1+1"
    assert row["reply"][0].isprintable()
    assert not row["reply"][0].isspace()


@pytest.mark.parametrize("custom_id", ["-5", "-rf", "--x", "-1-2", "_a", "a-b", "-"])
def test_csv_leaves_legal_custom_ids_alone(custom_id: str) -> None:
    (row,) = cells(written(jsonl(succeeded(custom_id)), Format.CSV))
    assert row["custom_id"] == custom_id


@pytest.mark.parametrize("number", ["-5", "+5", "-1,234.5", "-.5", "-1e5", " -5%"])
def test_csv_leaves_numbers_alone(number: str) -> None:
    (row,) = cells(written(jsonl(succeeded("a", number)), Format.CSV))
    assert row["reply"] == number


def test_texts_of_a_reply_keep_apart_what_tools_said_between_them() -> None:
    said = [{"type": "text", "text": text} for text in ("I look.", "It ", "rains.", "")]
    tool = {"type": "server_tool_use", "name": "web_search", "input": {}}
    body = jsonl(succeeded("a", content=[said[0], tool, said[1], said[2], tool, said[3]]))
    (row,) = cells(written(body, Format.CSV))
    assert row["reply"] == "I look.\n\nIt rains."
    assert re.findall("(?m)^(?:\\*\\*| {4}).*", written(body, Format.MARKDOWN)) == [
        "**text**",
        "    I look.",
        "**server\\_tool\\_use web\\_search**".replace("\\_", "_"),
        "    {}",
        "**text**",
        "    It rains.",
        "**server_tool_use web_search**",
        "    {}",
    ]


# JSON


def test_json_gives_every_line_the_same_fields_with_the_same_types() -> None:
    objects = json.loads(written(hostile_body(), Format.JSON), parse_int=str)
    assert len(objects) == len(hostile_lines())
    assert {tuple(each) for each in objects} == {JSON_FIELDS}
    for each in objects:
        assert isinstance(each["custom_id"], str)
        assert isinstance(each["result"], dict | None)
        assert isinstance(each["flag"], str | None)
        assert isinstance(each["line"], str | None)
    assert json.loads(written(b"", Format.JSON)) == []


def test_json_is_read_by_a_strict_parser_whatever_the_lines_are() -> None:
    text = written(b"\n".join(line for line in hostile_lines() if b"999999" not in line), Format.JSON)
    assert len(msgspec.json.decode(text)) > 300


def test_json_keeps_a_well_formed_result_byte_for_byte() -> None:
    result = b'{"type": "succeeded",  "message": {"x": 1e999, "n": 12345678901234567890123, "e": "\\u00e9"}}'
    text = written(b'{"custom_id": "a", "result": ' + result + b"}\n", Format.JSON)
    assert text == f'[\n{{"custom_id": "a", "result": {result.decode()}, "flag": null, "line": null}}\n]\n'


@pytest.mark.parametrize(("line", "custom_id", "outcome", "flag"), ODD.values(), ids=ODD)
def test_json_loses_nothing_of_a_malformed_line(
    line: bytes, custom_id: str, outcome: str, flag: str | None
) -> None:
    (value,) = json.loads(written(line + b"\n", Format.JSON), parse_int=str)
    assert (value["custom_id"], value["flag"]) == (custom_id, flag)
    assert (value["result"] or {}).get("type", "") == outcome
    if value["line"] is None:
        sent = json.loads(line.decode("utf-8-sig"), parse_int=str)
        assert sent == {"custom_id": custom_id, "result": value["result"]}
    else:
        assert value["line"] == line.decode("utf-8", "replace")


# Markdown


def test_a_markdown_section_holds_a_result() -> None:
    tool = {"type": "tool_use", "name": "save_it", "input": {"text": "```"}}
    body = jsonl(
        succeeded("a", content=[{"type": "text", "text": "**Hi**\n\n\tthere"}, tool]),
        errored("b_c\n# x", message="No\nway"),
        b"broken",
    )
    assert written(body, Format.MARKDOWN) == (
        "## a\n\n"
        "*succeeded · claude-haiku-4-5-20251001 · end_turn · 16 tokens in, 7 out*\n\n"
        "**text**\n\n"
        "    **Hi**\n\n        there\n\n"
        "**tool_use save_it**\n\n"
        '    {\n      "text": "```"\n    }\n\n'
        "## b_c⏎\\# x\n\n"
        "*errored*\n\n"
        "> **overloaded_error**: resubmit as is\n\n"
        "    No\n    way\n\n"
        "## (line 3)\n\n"
        "*not JSON*\n\n"
        "**not JSON**\n\n"
        "    broken\n\n"
    )


def parts_of(text: str) -> tuple[list[str], set[str], dict[str, object]]:
    """What a CommonMark parser with tables and strikethrough sees: headings, kinds of tokens, definitions."""
    env: dict[str, object] = {}
    tokens = MarkdownIt("gfm-like", {"linkify": False}).parse(text, env)
    headings = [
        "".join(child.content for child in after.children or ())
        for token, after in pairwise(tokens)
        if token.type == "heading_open"
    ]
    kinds = {token.type for token in tokens} | {
        child.type for token in tokens for child in token.children or ()
    }
    return headings, kinds, env


PLAIN_KINDS = {
    *("heading_open", "heading_close", "paragraph_open", "paragraph_close", "inline", "code_block"),
    *("blockquote_open", "blockquote_close", "text", "em_open", "em_close", "strong_open", "strong_close"),
}
"""What our Markdown is made of: no HTML, no link or image, no fence, no list, no table."""


@settings(max_examples=150, deadline=None)
@given(NASTY.filter(str.strip), NASTY)
def test_no_result_forges_or_swallows_a_section(custom_id: str, text: str) -> None:
    tool = {"type": text or "x", "name": text, "input": {text: text}}
    body = jsonl(
        succeeded(custom_id, text, model=text, stop_reason=text),
        succeeded("second", content=[{"type": "text", "text": text}, tool]),
        errored("third", text, text),
        succeeded("last", "the end"),
        ascii_only=True,
    )
    markdown = written(body, Format.MARKDOWN)
    headings, kinds, definitions = parts_of(markdown)
    shown = clean_line(custom_id)
    assert headings == [shown.strip() or "(line 1)", "second", "third", "last"]
    assert kinds <= PLAIN_KINDS
    assert not definitions.get("references")
    assert [line for line in markdown.split("\n") if line.lstrip(" ")[:1] == "#" and line[:4] != "    "] == [
        line for line in markdown.split("\n") if line.startswith("## ")
    ]
    assert len(re.findall("(?m)^## ", markdown)) == 4


def test_no_result_of_the_hostile_batch_forges_a_section() -> None:
    headings, kinds, _ = parts_of(written(hostile_body(), Format.MARKDOWN))
    assert len(headings) == len(hostile_lines())
    assert kinds <= PLAIN_KINDS
