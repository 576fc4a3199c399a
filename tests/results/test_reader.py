"""Filters, orders, groups and totals agree with brute force over the rows."""

from __future__ import annotations

import json
import threading
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batchtui.cost import Tokens, Usage, add_tokens
from batchtui.results import EVERYTHING, Advice, Query, ResultFiles, ResultRow, Results, Sort
from batchtui.results.errors import fold
from tests.results.wire import errored, jsonl, results_of, succeeded

MODELS = ("claude-haiku-4-5", "claude-opus-4-5")
REASONS = ("end_turn", "max_tokens")
ERRORS = (
    ("overloaded_error", "Overloaded"),
    ("invalid_request_error", "prompt is too long: {n} tokens > 200000 maximum"),
    ("api_error", "100% of_them failed"),
)
IDS = st.sampled_from([f"doc_{n}" for n in range(4)] + [f"Req-{n}%" for n in range(4)])


ITERATIONS = st.fixed_dictionaries(
    {
        "type": st.sampled_from(["message", "compaction", "advisor_message"]),
        "input_tokens": st.integers(0, 2000),
        "output_tokens": st.integers(0, 3),
    },
    optional={"model": st.just("claude-opus-5-5")},
)


@st.composite
def lines(draw: st.DrawFn) -> dict[str, Any]:
    custom_id = draw(IDS)
    kind = draw(st.sampled_from(["succeeded", "succeeded", "errored", "expired", "paused"]))
    if kind == "succeeded":
        usage = {
            "input_tokens": draw(st.sampled_from([0, 3, 999, 1000, 1001])),
            "output_tokens": draw(st.integers(0, 3)),
            "cache_read_input_tokens": draw(st.integers(0, 2)),
            "cache_creation_input_tokens": draw(st.integers(0, 2)),
            "cache_creation": {"ephemeral_1h_input_tokens": draw(st.integers(0, 2))},
            "server_tool_use": {"web_search_requests": draw(st.integers(0, 1))},
            "inference_geo": draw(st.sampled_from(["us", "global", None])),
            "iterations": draw(st.none() | st.lists(ITERATIONS, max_size=2)),
        }
        model, reason = draw(st.sampled_from(MODELS)), draw(st.sampled_from(REASONS))
        return succeeded(
            custom_id, "x" * draw(st.integers(0, 3)), model=model, stop_reason=reason, usage=usage
        )
    if kind == "errored":
        type_, message = draw(st.sampled_from(ERRORS))
        return errored(custom_id, type_, message.format(n=draw(st.integers(200_001, 200_004))))
    return {"custom_id": custom_id, "result": {"type": kind}}


BODIES = st.lists(lines(), max_size=12)
QUERIES = st.builds(
    Query,
    custom_id=st.none() | IDS,
    outcome=st.none() | st.sampled_from(["succeeded", "errored", "expired", "paused"]),
    error_type=st.none() | st.sampled_from([type_ for type_, _ in ERRORS]),
    error_pattern=st.none() | st.just("prompt is too long: # tokens > # maximum"),
    flag=st.none() | st.sampled_from(["duplicate", "unknown outcome"]),
    sort=st.sampled_from(Sort),
    descending=st.booleans(),
)
KEYS = {
    Sort.FILE: lambda row: row.n,
    Sort.CUSTOM_ID: lambda row: row.custom_id,
    Sort.INPUT_TOKENS: lambda row: row.all_input_tokens,
    Sort.OUTPUT_TOKENS: lambda row: row.output_tokens,
    Sort.LENGTH: lambda row: row.length,
    Sort.OUTCOME: lambda row: row.outcome,
    Sort.MODEL: lambda row: row.model,
}


def matches(row: ResultRow, query: Query) -> bool:
    exact = all(
        getattr(query, name) in (None, getattr(row, name))
        for name in ("custom_id", "outcome", "error_type", "flag")
    )
    return exact and query.error_pattern in (None, fold(row.error_message))


def brute_force(rows: list[ResultRow], query: Query) -> list[ResultRow]:
    found = [row for row in rows if matches(row, query)]
    return sorted(found, key=KEYS[query.sort], reverse=query.descending)


def by_rate(usages: list[Usage]) -> dict[tuple[str, int, bool], Tokens]:
    """What was used by model, by how many whole thousands of tokens the prompts exceed, and by place."""
    parts: dict[tuple[str, int, bool], list[Tokens]] = {}
    for usage in usages:
        parts.setdefault((usage.model, (usage.prompt + 999) // 1000, usage.is_us), []).append(usage.tokens)
    return {key: add_tokens(tokens) for key, tokens in parts.items()}


@settings(max_examples=60, deadline=None)
@given(BODIES, st.lists(QUERIES, min_size=1, max_size=6))
def test_queries_groups_and_totals_agree_with_brute_force(
    body: list[dict[str, Any]], queries: list[Query]
) -> None:
    with results_of(jsonl(*body)) as results:
        everything = results.view().rows(0, 99)
        assert [row.custom_id for row in everything] == [line["custom_id"] for line in body]
        for query in queries:
            expected = brute_force(everything, query)
            view = results.view(query)
            assert view.rows(0, len(view)) == expected
            assert view.rows(1, 3) == expected[1:3]
            assert list(results.numbers(query, start=2)) == [row.n for row in expected if row.n >= 2]
            assert [view.place(row.n) for row in expected] == list(range(len(expected)))
            assert results.counts("outcome", query) == Counter(row.outcome for row in expected)
            groups = {(g.outcome, g.error_type, g.pattern, g.flag): g.count for g in results.errors(query)}
            assert groups == Counter(
                (row.outcome, row.error_type, fold(row.error_message), row.flag)
                for row in expected
                if row.outcome != "succeeded"
            )
            replies = [row for row in expected if row.outcome == "succeeded" and row.flag != "duplicate"]
            billed = [usage for row in replies for usage in row.usages]
            assert by_rate(results.usage(query)) == by_rate(billed)


def test_usage_for_a_bill() -> None:
    cached = {
        "input_tokens": 1_000,
        "output_tokens": 20,
        "cache_creation_input_tokens": 300,
        "cache_creation": {"ephemeral_5m_input_tokens": 100, "ephemeral_1h_input_tokens": 200},
        "cache_read_input_tokens": 4_000,
        "server_tool_use": {"web_search_requests": 5},
    }
    unsplit = {
        "input_tokens": 1,
        "output_tokens": 2,
        "cache_creation_input_tokens": 300,
        "cache_creation": None,
    }
    reply = succeeded("cached", model="claude-opus-5", usage=cached)
    body = jsonl(
        reply,
        succeeded("unsplit", model="claude-haiku-5-5", usage=unsplit),
        succeeded("long", model="claude-haiku-5-5", usage={"input_tokens": 100_001, "output_tokens": 1}),
        errored("not billed"),
        reply,  # a line that comes twice was billed once
        {"custom_id": "unread", "result": {"type": "succeeded", "message": {"content": []}}},
    )
    with results_of(body) as results:
        assert sorted(results.usage()) == [
            Usage("", Tokens()),
            Usage("claude-haiku-5-5", Tokens(1, 2, cache_write_5m=300), prompt=301),
            Usage("claude-haiku-5-5", Tokens(100_001, 1), prompt=100_001),
            Usage("claude-opus-5", Tokens(1_000, 20, 100, 200, 4_000, 5), prompt=5_300),
        ]


def test_what_iterations_add_to_the_bill() -> None:
    cached = {"cache_creation_input_tokens": 30, "cache_read_input_tokens": 4}
    usage = {
        "input_tokens": 100,
        "output_tokens": 20,
        "inference_geo": "us",
        "iterations": [
            {"type": "message", "input_tokens": 90, "output_tokens": 15},  # is in the top level
            {"type": "compaction", "input_tokens": 180_000, "output_tokens": 3_500},
            {
                "type": "advisor_message",
                "model": "claude-opus-5-5",
                "input_tokens": 800,
                "output_tokens": 70,
                **cached,
                "cache_creation": {"ephemeral_5m_input_tokens": 10, "ephemeral_1h_input_tokens": 20},
            },
            {"type": "fallback_message", "input_tokens": 100, "output_tokens": 20},
        ],
    }
    line = succeeded("a", model="claude-sonnet-4-6", usage=usage)
    loose = json.dumps(line).replace('"end_turn"', "NaN").encode()
    for body in (jsonl(line), jsonl(loose)):
        with results_of(body) as results:
            assert sorted(results.usage()) == [
                Usage("claude-opus-5-5", Tokens(800, 70, 10, 20, 4), prompt=834, is_us=True),
                Usage("claude-sonnet-4-6", Tokens(100, 20), prompt=100, is_us=True),
                Usage("claude-sonnet-4-6", Tokens(180_000, 3_500), prompt=180_000, is_us=True),
            ]
            (row,) = results.view().rows(0, 1)
            assert sorted(row.usages) == sorted(results.usage())


def test_made_up_numbers_do_not_break_a_sum() -> None:
    most = {"input_tokens": 2**53, "output_tokens": 2**53}
    with results_of(jsonl(*(succeeded(f"r{n}", usage=most) for n in range(1_100)))) as results:
        (usage,) = results.usage()
        assert usage.tokens.output == 1_100 * 2**53


def test_errors_of_a_kind_are_one_group_with_an_example_and_advice() -> None:
    body = jsonl(
        succeeded("fine"),
        errored("a", "invalid_request_error", "prompt is too long: 213,411 tokens > 200000 maximum"),
        errored("b", "invalid_request_error", "prompt is too long: 201001 tokens > 200000 maximum"),
        errored("c", "overloaded_error", "Overloaded"),
        {"custom_id": "d", "result": {"type": "expired"}},
        {"custom_id": "e", "result": {"type": "canceled"}},
        {"custom_id": "f", "result": {"type": "paused"}},
        b"broken",
    )
    with results_of(body) as results:
        groups = results.errors()
        assert [(g.pattern, g.count, g.example, g.advice) for g in groups] == [
            ("prompt is too long: # tokens > # maximum", 2, 1, Advice.FIX),
            ("Overloaded", 1, 3, Advice.RESUBMIT_AS_IS),
            ("", 1, 4, Advice.RESUBMIT),
            ("", 1, 5, Advice.IF_WANTED),
            ("", 1, 6, Advice.LOOK),
            ("", 1, 7, Advice.LOOK),
        ]
        assert groups[0].message == "prompt is too long: 213,411 tokens > 200000 maximum"
        query = Query(error_type=groups[0].error_type, error_pattern=groups[0].pattern)
        assert list(results.numbers(query)) == [1, 2]


@pytest.mark.parametrize(
    ("message", "pattern"),
    [
        (
            "messages.0.content.1: image exceeds 5 MB: 6291456 bytes",
            "messages.#.content.#: image exceeds # MB: # bytes",
        ),
        ("max_tokens: 200000 > 64000", "max_tokens: # > #"),
        ("batch msgbatch_01AbCdEfGh23 of req_011CSHoEeqs5C35K2UUqR7Fy", "batch # of #"),
        ("id 6ba7b810-9dad-11d1-80b4-00c04fd430c8 unknown", "id # unknown"),
        ("temperature: -0.5 is below 0", "temperature: # is below #"),
        ("model claude-opus-4-5 is not known", "model claude-opus-4-5 is not known"),
        ("invalid_request_error at 12:30", "invalid_request_error at #"),
    ],
)
def test_numbers_and_ids_in_messages_are_folded(message: str, pattern: str) -> None:
    assert fold(message) == pattern


@pytest.mark.parametrize(
    ("error_type", "message", "what"),
    [
        ("invalid_request", "", Advice.FIX),  # the flat form of older documents
        ("request_too_large", "Request exceeds the maximum size", Advice.FIX),
        ("not_found_error", "model: claude-3-sonnet-20240229", Advice.FIX_MODEL),
        ("not_found_error", "File not found: file_011CNha8iCJcU1wXNR6q4V8w", Advice.FIX),
        ("billing_error", "Your account is past due", Advice.ADD_CREDIT),
        (
            "invalid_request_error",
            "Your credit balance is too low to access the Anthropic API.",
            Advice.ADD_CREDIT,
        ),
        ("permission_error", "Your API key does not have permission", Advice.CHECK_KEY),
        ("overloaded_error", "Overloaded", Advice.RESUBMIT_AS_IS),
        ("a_new_error", "", Advice.RESUBMIT_AS_IS),
    ],
)
def test_what_would_fail_again_is_not_to_be_resubmitted_as_is(
    error_type: str, message: str, what: Advice
) -> None:
    with results_of(jsonl(errored("a", error_type, message))) as results:
        (group,) = results.errors()
        assert group.advice is what
        opened = results.open(results.row(0))
        assert opened.error
        assert opened.error.advice is what


def test_before_anything_was_fetched_there_is_nothing(tmp_path: Path) -> None:
    with Results(ResultFiles(tmp_path, "batch")) as results:
        assert results.rows_here == 0
        assert len(results.view()) == len(results.view(Query(outcome="errored"))) == 0
        assert results.find("a") is None
        assert results.counts("outcome") == {}
        assert not results.errors()
        assert not results.usage()
        assert not results.is_whole
        with pytest.raises(LookupError, match="result 0 of batch is not here"):
            results.row(0)


def test_a_line_can_be_found_and_read_in_every_way() -> None:
    body = jsonl(
        succeeded("a", "  One\n"), b'{"custom_id": "b", "result": {"type": "expired"}, "x": NaN}', b"no"
    )
    with results_of(body) as results:
        first, second, third = results.view().rows(0, 3)
        assert results.find("b") == second
        assert results.find("c") is None
        assert results.raw(second) == body.split(b"\n")[1]
        assert results.parse(second)["custom_id"] == "b"
        assert results.open(first).reply == "  One\n"
        assert [results.preview(row) for row in (first, second, third)] == ["One", "", "no"]
        with pytest.raises(ValueError, match="Expecting value"):
            results.parse(third)


def test_only_known_facets_are_counted() -> None:
    with results_of(b"") as results, pytest.raises(ValueError, match="outcome"):
        results.counts("1; DROP TABLE rows")


def test_several_threads_read_at_once() -> None:
    body = jsonl(*(succeeded(f"r{n}") for n in range(500)))
    with results_of(body) as results:
        seen: list[int] = []
        threads = [
            threading.Thread(target=lambda: seen.append(len(results.view(EVERYTHING).rows(0, 500))))
            for _ in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert seen == [500] * 4


def test_a_view_changes_only_when_it_is_refreshed(tmp_path: Path) -> None:
    from contextlib import closing

    from batchtui.results.writer import ResultWriter

    files = ResultFiles(tmp_path, "batch")
    with closing(ResultWriter(files)) as writer, Results(files) as results:
        view = results.view(Query(outcome="errored"))
        writer.begin(0, None, None)
        writer.land([jsonl(errored("a"), succeeded("b"), errored("c"))])
        writer.commit()
        assert len(view) == 0
        assert view.refresh() == 2
        assert [row.custom_id for row in view.rows(0, 9)] == ["a", "c"]
