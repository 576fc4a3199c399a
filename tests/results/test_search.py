"""Search finds what a person reads, however it was escaped, and exactly that."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batchtui.results import Pattern, PatternTooSlow, Results, open_result, search
from batchtui.results.searching import CHUNK_BYTES
from tests.results.odd import ODD
from tests.results.wire import errored, jsonl, results_of, succeeded

TEXTS = st.text(
    alphabet=st.sampled_from("aAbB eéÉñ你好😀\"\\/\n\t<&>'’ßσΣ0-.") | st.characters(max_codepoint=0x2FFF),
    max_size=12,
)
PARTS = st.tuples(TEXTS, st.integers(0, 11), st.integers(1, 5))


def found(results: Results, pattern: Pattern, **more: Any) -> list[int]:  # noqa: ANN401
    return [hit.row.n for hit in search(results, pattern, **more)]


def escaped_like_go(line: bytes) -> bytes:
    for sign in b"<>&":
        line = line.replace(bytes([sign]), b"\\u%04x" % sign)
    return line


def without_letters_that_become_ascii(text: str) -> bool:
    """The Kelvin sign and the dotted capital I are found by themselves, but not by k and i."""
    return not set(text) & {"\u212a", "\u0130"}


@settings(max_examples=150, deadline=None)
@given(
    st.lists(TEXTS.filter(without_letters_that_become_ascii), min_size=1, max_size=4),
    st.data(),
    st.booleans(),
)
def test_literal_search_agrees_with_brute_force(
    texts: list[str], data: st.DataObject, match_case: bool
) -> None:
    source = data.draw(st.sampled_from(texts))
    start = data.draw(st.integers(0, len(source)))
    needle = source[start : start + data.draw(st.integers(1, 5))] or "a"
    needle = data.draw(st.sampled_from([needle, needle.upper(), needle.lower()]))
    if not without_letters_that_become_ascii(needle):
        return
    lines = [
        json.dumps(succeeded("id", text), ensure_ascii=n % 2 == 0).encode() for n, text in enumerate(texts)
    ]
    lines += [escaped_like_go(line) for line in lines] + [line.replace(b"/", b"\\/") for line in lines]

    def fold(text: str) -> str:
        return text if match_case else text.lower()

    expected = [
        n
        for n, line in enumerate(lines)
        if any(fold(needle) in fold(text) for _, text in open_result(line).texts)
    ]
    with results_of(jsonl(*lines)) as results:
        assert found(results, Pattern(needle, match_case=match_case)) == expected


def test_a_short_text_is_found_whichever_of_its_signs_are_escaped() -> None:
    line = json.dumps(succeeded("id", "<'")).encode()
    with results_of(jsonl(line, escaped_like_go(line), line.replace(b"'", b"\\u0027"))) as results:
        assert found(results, Pattern("<'")) == [0, 1, 2]


@pytest.mark.parametrize(
    "needle", ["café", "CAFÉ", 'say "hi"', "a/b", "你好", "line\nbreak", "😀", "é", '"', "\\"]
)
def test_escaped_and_raw_forms_are_found(needle: str) -> None:
    text = 'A café: say "hi", a/b, 你好, line\nbreak, 😀 and \\.'
    body = jsonl(succeeded("raw", text), succeeded("none", "nothing")) + jsonl(
        succeeded("escaped", text), ascii_only=True
    )
    with results_of(body) as results:
        assert found(results, Pattern(needle)) == [0, 2]


@pytest.mark.parametrize("structure", ["custom_id", "end_turn", "assistant", "input_tokens", "u00e9", '":'])
def test_what_nobody_reads_is_not_found(structure: str) -> None:
    with results_of(jsonl(succeeded("a", "é"), ascii_only=True)) as results:
        assert found(results, Pattern(structure)) == []


def test_a_hit_says_where_and_shows_some_text() -> None:
    message = "x" * 200 + " the Needle here " + "y" * 400
    body = jsonl(
        errored("first", message=message), succeeded("needle-2", "none"), succeeded("third", message)
    )
    with results_of(body) as results:
        hits = list(search(results, Pattern("needle")))
        assert [(hit.row.n, hit.where) for hit in hits] == [(0, "error"), (1, "custom_id"), (2, "text")]
        assert [hit.excerpt[hit.start : hit.stop] for hit in hits] == ["Needle", "needle", "Needle"]
        assert all(len(hit.excerpt) < 150 for hit in hits)


def test_regular_expressions_on_request() -> None:
    with results_of(
        jsonl(succeeded("a", "code 42"), succeeded("b", "code x"), succeeded("c", "CODE 7"))
    ) as results:
        assert found(results, Pattern(r"code \d+", is_regex=True)) == [0, 2]
        assert found(results, Pattern(r"code \d+", is_regex=True, match_case=True)) == [0]
        assert found(results, Pattern(r"code \d+")) == []


def test_a_pattern_that_is_none_is_refused_in_one_sentence() -> None:
    with pytest.raises(ValueError, match=re.escape("'(' is not a regular expression")):
        Pattern("(", is_regex=True)
    with pytest.raises(ValueError, match="empty"):
        Pattern("")


def test_odd_lines_are_searched_too() -> None:
    body = jsonl(*(line for line, *_ in ODD.values()), b'not json, but "needle"')
    with results_of(body) as results:
        names = list(ODD)
        assert found(results, Pattern("needle")) == [len(names)]
        assert [names[n] for n in found(results, Pattern("boom"))] == [
            "error a text",
            "error flat",
            "error nested",
        ]


def long_bodies() -> bytes:
    long = succeeded("long", "z" * 300_000 + " Needle é " + "z" * 5_000_000 + ' say "hi"')
    return jsonl(succeeded("before", "needle"), long, succeeded("after", "needle é"), ascii_only=True)


def test_long_lines_and_chunk_edges_hide_nothing() -> None:
    filler = [succeeded(f"f{n}", "y" * 50_000) for n in range(20)]
    with results_of(long_bodies() + jsonl(*filler, succeeded("end", "a needle"))) as results:
        assert found(results, Pattern("needle")) == [0, 1, 2, 23]
        assert found(results, Pattern("Needle", match_case=True)) == [1]
        assert found(results, Pattern("É")) == [1, 2]
        assert found(results, Pattern('say "hi"')) == [1]
        assert found(results, Pattern("needle.*$", is_regex=True)) == [0, 1, 2, 23]


def test_a_match_across_the_pieces_of_a_long_line_is_found() -> None:
    lead = json.dumps(succeeded("long", "")).encode().index(b'"text": "') + len(b'"text": "')
    text = "z" * (CHUNK_BYTES - lead - 3) + "needle" + "z" * 5_000_000
    with results_of(jsonl(succeeded("long", text))) as results:
        assert found(results, Pattern("needle")) == [0]


def test_search_can_go_on_where_it_was_and_be_stopped() -> None:
    with results_of(jsonl(*(succeeded(f"r{n}", "needle") for n in range(300)))) as results:
        assert found(results, Pattern("needle"), start=290) == list(range(290, 300))
        assert found(results, Pattern("needle"), start=295, stop=298) == [295, 296, 297]
        assert found(results, Pattern("n.edle", is_regex=True), start=98, stop=102) == [98, 99, 100, 101]
        assert found(results, Pattern("needle"), start=300) == []
        hits = search(results, Pattern("needle"), is_cancelled=lambda: True)
        assert [hit.row.n for hit in hits] == []
        for is_regex in (False, True):
            asked = iter([False] * 5 + [True] * 99)
            stopped = found(results, Pattern("needle", is_regex=is_regex), is_cancelled=asked.__next__)
            assert 0 < len(stopped) < 10


def test_a_regular_expression_without_end_is_given_up() -> None:
    with pytest.raises(PatternTooSlow, match="too long"):
        Pattern("(a|aa)+$", is_regex=True).find("a" * 60 + "!")
