"""`search` and `errors` say of results what the screens say."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest

from batchtui.results import Advice
from batchtui.sandbox import Embedded
from tests.canned_server import answer, canned_server
from tests.cli.conftest import Call
from tests.cli.test_commands import command
from tests.cli.test_cost import BATCH

FAILING = "msgbatch_0191VkeBbJhebe0jUqZo6PT4"
"""5,000 results of the sandbox's first seed, 19 of which failed."""
SMALL = "msgbatch_013ubSYyh46YWmEUIlGNr74i"
"""120 results, one of which failed."""


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_search_finds_what_is_in_the_results(call: Call) -> None:
    done = call("search", SMALL, "TICKETS", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    hits = lines(done.stdout)
    assert {hit["excerpt"][hit["start"] : hit["stop"]].lower() for hit in hits} == {"tickets"}
    raw = call("results", SMALL).stdout.splitlines()
    assert [hit["row"] for hit in hits] == [n for n, line in enumerate(raw) if "tickets" in line.lower()]


def test_search_for_people_is_one_line_a_result(call: Call) -> None:
    found = lines(call("search", SMALL, "the", "--json").stdout)
    shown = call("search", SMALL, "the").stdout.splitlines()
    assert [line.split("  ")[0] for line in shown] == [hit["custom_id"] for hit in found]


def test_a_regular_expression_by_prefix_or_by_option(call: Call) -> None:
    by_prefix = call("search", SMALL, "re:t[h]e")
    by_option = call("search", SMALL, "t[h]e", "--regex")
    assert by_prefix.stdout == by_option.stdout == call("search", SMALL, "the").stdout


def test_search_takes_a_shortened_id_of_a_batch_seen_before(call: Call) -> None:
    call("show", SMALL)
    assert call("search", SMALL[:-4], "the").returncode == 0


def test_search_that_finds_nothing_says_so(refused: Call) -> None:
    done = refused("search", SMALL, "no such words")
    assert (done.returncode, done.stderr) == (
        1,
        "batchtui: No matches for no such words in 120 results.\n",
    )


@pytest.mark.parametrize(
    ("pattern", "said"), [("", "the pattern is empty"), ("re:(", "not a regular expression")]
)
def test_a_pattern_that_is_none_is_wrong_usage(refused: Call, pattern: str, said: str) -> None:
    done = refused("search", SMALL, pattern)
    assert done.returncode == 2
    assert said in done.stderr


def test_errors_groups_what_failed(call: Call) -> None:
    done = call("errors", FAILING, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    groups = lines(done.stdout)
    failed = lines(call("results", FAILING, "--type", "errored").stdout)
    assert sum(group["count"] for group in groups) == len(failed) == 19
    advised = {group["error_type"]: group["advice"] for group in groups}
    assert advised["invalid_request_error"] == "fix and resubmit"
    assert set(advised.values()) <= set(Advice)
    assert {group["example"] for group in groups} <= {line["custom_id"] for line in failed}


def test_errors_for_people(call: Call) -> None:
    titles, *rows = call("errors", FAILING).stdout.splitlines()
    assert titles.split("  ")[0] == "count"
    assert len(rows) == len(call("errors", FAILING, "--json").stdout.splitlines())


def test_no_failures_is_said(call: Call) -> None:
    spotless = next(
        batch
        for batch in lines(call("list", "--all", "--status", "ended", "--json").stdout)
        if batch["results_url"]
        and sum(batch["request_counts"].values()) == batch["request_counts"]["succeeded"]
    )
    done = call("errors", spotless["id"])
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr.startswith("No failures in ")


@pytest.mark.parametrize("words", [("search", "the"), ("errors",)])
def test_results_that_miss_some_end_with_5(
    sandbox_with: Callable[..., Embedded], call: Call, words: tuple[str, ...]
) -> None:
    short = sandbox_with(speed=0, faults=("short", "no-range"))
    env = {"ANTHROPIC_BASE_URL": short.base_url, "ANTHROPIC_API_KEY": short.api_key}
    done = call(words[0], FAILING, *words[1:], **env)
    assert done.returncode == 5
    assert done.stdout
    assert "Incomplete, " in done.stderr


def test_an_outcome_that_does_not_exist_is_wrong_usage(call: Call) -> None:
    done = call("results", "msgbatch_1", "--type", "bogus")
    assert (done.returncode, done.stdout) == (2, "")
    assert "bogus" in done.stderr


HALF = b'{"custom_id": "a\\udfff", "result": {"type": "errored", "error": {"message": "b\\ud800"}}}\n'


async def test_half_a_surrogate_pair_is_shown_as_in_cleaned_text_and_stays_raw_in_results() -> None:
    answers = answer("200 OK", json.dumps(BATCH).encode()), answer("200 OK", HALF)
    async with canned_server(*answers) as server:
        url = server.base_url
        raw, errors, found, table = [
            await asyncio.to_thread(command, *words, key="sk-test", url=url)
            for words in (
                ("results", "b1"),
                ("errors", "b1"),
                ("search", "b1", "b"),
                ("results", "b1", "--format", "csv"),
            )
        ]
    assert raw.stdout.encode() == HALF
    assert "b\ufffd" in errors.stdout
    assert found.stdout.startswith("a\ufffd  ")
    assert table.stdout.splitlines()[1].startswith("a\ufffd,errored,,b\ufffd,")
