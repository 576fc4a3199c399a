"""Reading a batch and what was submitted again of it as one: the latest outcome for each custom_id."""

from __future__ import annotations

import json
from contextlib import ExitStack
from io import BytesIO
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batchtui.results import Format, Query, export_merged, merge, write_merged
from tests.results.wire import errored, jsonl, results_of, succeeded

if TYPE_CHECKING:
    from pathlib import Path

Lines = list[dict[str, Any] | bytes]

FIRST: Lines = [succeeded("a"), errored("b"), errored("c"), errored("d")]
PART: Lines = [errored("e"), succeeded("f")]
AGAIN: Lines = [succeeded("b", "second"), errored("c", message="second"), succeeded("e", "second")]
THIRD: Lines = [succeeded("c", "third")]


def merged(
    first: list[Lines], again: list[Lines], query: Query | None = None, form: Format = Format.JSONL
) -> bytes:
    with ExitStack() as stack:
        parts, more = (
            [stack.enter_context(results_of(jsonl(*one))) for one in some] for some in (first, again)
        )
        stream = BytesIO()
        write_merged(merge(parts, more, query or Query()), stream, form)
        return stream.getvalue()


def objects(data: bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in data.splitlines()]


def test_for_each_custom_id_there_is_the_latest_outcome() -> None:
    data = merged([FIRST, PART], [AGAIN, THIRD])
    expected = [FIRST[0], FIRST[3], PART[1], AGAIN[0], AGAIN[2], THIRD[0]]
    assert objects(data) == expected
    assert data == jsonl(*expected)  # byte for byte


def test_a_query_is_asked_of_the_latest_outcomes_only() -> None:
    assert objects(merged([FIRST, PART], [AGAIN, THIRD], Query(outcome="errored"))) == [FIRST[3]]
    assert objects(merged([FIRST], [AGAIN], Query(custom_id="c"))) == [AGAIN[1]]


def test_a_line_that_came_twice_counts_once_and_one_that_cannot_be_read_stays() -> None:
    first: Lines = [succeeded("a"), succeeded("a", "once more"), b"broken", errored("b")]
    assert merged([first], [[succeeded("b"), b"broken too"]]) == jsonl(
        succeeded("a"), b"broken", succeeded("b"), b"broken too"
    )


def test_one_batch_alone_is_itself() -> None:
    assert merged([FIRST], []) == jsonl(*FIRST)


outcomes = st.dictionaries(st.sampled_from("abcdefgh"), st.booleans(), min_size=1)


@settings(max_examples=15, deadline=None)
@given(st.lists(outcomes, min_size=1, max_size=4))
def test_any_chain_has_one_outcome_for_each_custom_id(chain: list[dict[str, bool]]) -> None:
    files: list[Lines] = [
        [succeeded(name, str(n)) if good else errored(name, message=str(n)) for name, good in batch.items()]
        for n, batch in enumerate(chain)
    ]
    latest: dict[str, object] = {}
    for file in files:
        latest |= {line["custom_id"]: line for line in file if isinstance(line, dict)}
    found = objects(merged(files[:1], files[1:]))
    assert {line["custom_id"]: line for line in found} == latest
    assert len(found) == len(latest)


@pytest.mark.parametrize("form", Format)
def test_every_format_has_all_of_them(form: Format) -> None:
    data = merged([FIRST, PART], [AGAIN, THIRD], form=form).decode()
    assert data.count("second") == 2
    assert data.count("third") == 1


def test_a_file_that_exists_is_not_replaced(tmp_path: Path) -> None:
    with results_of(jsonl(*FIRST)) as results:
        chosen = merge([results], [])
        export_merged(chosen, tmp_path / "all.jsonl", Format.JSONL)
        with pytest.raises(FileExistsError):
            export_merged(chosen, tmp_path / "all.jsonl", Format.JSONL)
    assert (tmp_path / "all.jsonl").read_bytes() == jsonl(*FIRST)
    assert len(list(tmp_path.iterdir())) == 1
