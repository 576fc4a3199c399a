"""Taking files of requests apart: lines, arrays and bodies give the same, however they come."""

from __future__ import annotations

import bz2
import gzip
import json
import os
import random
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from batchtui.submissions import Item, parsing
from batchtui.submissions.parsing import read_items

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

texts = st.text(max_size=80) | st.sampled_from(['"', "\\", '\\"]}', "}{][,", "a\u2028b\u2029\u0085", "\r\n"])
objects = st.dictionaries(texts, st.recursive(texts | st.integers() | st.none(), st.lists), max_size=3)
files = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25, deadline=None)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "requests"


def raws(items: list[Item]) -> list[bytes]:
    assert not [item.fault for item in items if item.fault]
    return [item.raw for item in items]


@files
@given(st.lists(objects, min_size=1), st.booleans(), st.integers(1, 50), st.booleans())
def test_lines_an_array_and_a_body_give_the_same(
    file: Path, requests: list[dict[str, Any]], ascii_only: bool, chunk: int, bom: bool
) -> None:
    lines = [json.dumps(request, ensure_ascii=ascii_only).encode() for request in requests]
    array = b"[" + b",".join(lines) + b"]"
    forms = [b"\n".join(lines), b"\r\n\r\n".join(lines) + b"\n", array, b' {"requests" : ' + array + b"\n}\n"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parsing, "READ_BYTES", chunk)
        for form in forms:
            file.write_bytes(parsing.BOM * bom + form)
            assert raws(list(read_items(file))) == lines


@files
@given(st.lists(st.tuples(objects, st.integers(0, 3)), min_size=1), st.integers(1, 50))
def test_items_are_found_on_the_line_that_they_begin_on(
    file: Path, requests: list[tuple[dict[str, Any], int]], chunk: int
) -> None:
    array, lines, line = "[", [], 1
    for number, (request, blank) in enumerate(requests):
        array += "," * bool(number) + "\n" * blank
        line += blank
        lines.append(line)
        pretty = json.dumps(request, indent=1)
        array += pretty
        line += pretty.count("\n")
    file.write_text(array + "\n]", encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parsing, "READ_BYTES", chunk)
        items = list(read_items(file))
    assert [item.line for item in items] == lines
    assert [json.loads(item.raw) for item in items] == [request for request, _ in requests]


signs = st.sampled_from([b'{"requests":[', b"[", b'"', b"{", b"]", b"\\", b"\n"])


@files
@given(st.lists(st.binary(max_size=20) | signs))
def test_garbage_never_raises(file: Path, pieces: list[bytes]) -> None:
    file.write_bytes(b"".join(pieces))
    items = list(read_items(file))
    assert all(item.fault or (item.line >= 1 and item.raw) for item in items)


@pytest.mark.parametrize(
    ("text", "line", "fault"),
    [
        ("[{},\n{}", 2, "the array has no end here"),
        ('{"requests": [{}\n', 2, "the array has no end here"),
        ("[{}]\n[{}]", 2, "there is more after the end of the array"),
        ('{"requests": [{}]}\n\n{"requests": [{}]}', 3, "there is more after the end of the array"),
        ("[{}]}", 1, "there is more after the end of the array"),
        ('{"requests": [{}],\n"x": 1}', 1, '"x" is not allowed beside "requests"'),
    ],
)
def test_what_is_cut_off_or_follows_is_a_fault(file: Path, text: str, line: int, fault: str) -> None:
    file.write_text(text)
    last = list(read_items(file))[-1]
    assert (last.line, last.fault.partition(";")[0]) == (line, fault)


def test_a_request_that_fits_no_batch_is_known_by_its_beginning(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parsing, "LARGEST_REQUEST", 100)
    monkeypatch.setattr(parsing, "READ_BYTES", 64)
    file.write_bytes(b'"' + b"x" * 500 + b'"\n{}\n')
    assert [(item.line, len(item.raw)) for item in read_items(file)] == [(1, 101), (2, 2)]
    file.write_bytes(b'["' + b"x" * 500 + b'", {}]')
    assert [len(item.raw) for item in read_items(file)] == [101]


def test_what_is_beside_the_requests_of_a_body_is_named(file: Path) -> None:
    file.write_text('{"model": "a, [{b",\n "x\\"y": 1,\n"requests": [{"n": 1}, {"n": 2}]}')
    items = list(read_items(file))
    assert [(item.line, item.fault.partition(";")[0]) for item in items if item.fault] == [
        (1, '"model" is not allowed beside "requests"'),
        (2, '"x\\"y" is not allowed beside "requests"'),
    ]
    assert [(item.line, json.loads(item.raw)) for item in items if item.raw] == [(3, {"n": 1}), (3, {"n": 2})]


@files
@given(st.lists(objects, min_size=1), st.booleans(), st.booleans())
def test_gzip_is_unpacked(file: Path, requests: list[dict[str, Any]], is_array: bool, bom: bool) -> None:
    lines = [json.dumps(request).encode() for request in requests]
    text = b"[" + b",".join(lines) + b"]" if is_array else b"\n".join(lines)
    file.write_bytes(gzip.compress(parsing.BOM * bom + text))
    assert raws(list(read_items(file))) == lines


@pytest.mark.parametrize("damage", [lambda packed: packed[:-9], lambda packed: packed[:200] + packed[220:]])
def test_a_damaged_gzip_file_says_so(file: Path, damage: Callable[[bytes], bytes]) -> None:
    chance = random.Random(7)
    lines = b"".join(b'{"n": %d}\n' % chance.randrange(10**9) for _ in range(200))
    file.write_bytes(damage(gzip.compress(lines)))
    with pytest.raises(OSError, match="damaged or was cut off"):
        list(read_items(file))


@pytest.mark.parametrize(
    ("encoding", "name"),
    [
        ("utf-16", "UTF-16"),
        ("utf-16-le", "UTF-16"),
        ("utf-16-be", "UTF-16"),
        ("utf-32", "UTF-32"),
        ("utf-32-le", "UTF-32"),
        ("utf-32-be", "UTF-32"),
    ],
)
def test_a_file_in_another_encoding_is_named_as_such(file: Path, encoding: str, name: str) -> None:
    file.write_bytes('{"custom_id": "a"}\n[1]'.encode(encoding))
    (item,) = read_items(file)
    assert (item.line, item.fault) == (0, f"the file is {name}; save it as UTF-8")


def test_a_file_packed_otherwise_is_named_as_such(file: Path) -> None:
    file.write_bytes(bz2.compress(b"{}\n"))
    (item,) = read_items(file)
    assert item.fault.startswith("the file is packed with bzip2")


def test_a_file_that_is_written_to_meanwhile_is_refused(file: Path) -> None:
    file.write_text("{}\n" * 3)
    items = read_items(file)
    next(items)
    with file.open("a") as more:
        more.write("{}\n")
    with pytest.raises(OSError, match="was written to while it was read"):
        list(items)


def test_a_pipe_can_be_read(file: Path) -> None:
    os.mkfifo(file)
    with ThreadPoolExecutor(1) as pool:
        pool.submit(file.write_text, "{}\n" * 3)
        assert [item.line for item in read_items(file)] == [1, 2, 3]


@files
@given(
    st.lists(objects, max_size=3),
    objects.filter(len),
    st.lists(objects, max_size=3),
    st.sampled_from([1, 2, "\t"]),
)
def test_a_pretty_printed_request_is_one_fault_on_its_first_line(
    file: Path,
    before: list[dict[str, Any]],
    pretty: dict[str, Any],
    after: list[dict[str, Any]],
    indent: int | str,
) -> None:
    lines = [json.dumps(one) for one in before]
    whole = [*lines, json.dumps(pretty, indent=indent), *(json.dumps(one, indent=indent) for one in after)]
    file.write_text("\n".join(whole), encoding="utf-8")
    items = list(read_items(file))
    assert [item.raw for item in items[:-1]] == [line.encode() for line in lines]
    assert (items[-1].line, items[-1].raw) == (len(lines) + 1, b"")
    assert "pretty-printed" in items[-1].fault


def test_a_line_that_is_cut_off_does_not_hide_the_lines_after_it(file: Path) -> None:
    file.write_bytes(b'{"a": {"b": 1\n{"c": 2}\n{"d": 3')
    assert raws(list(read_items(file))) == [b'{"a": {"b": 1', b'{"c": 2}', b'{"d": 3']
