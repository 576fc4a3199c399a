"""Parsing request files: lines, arrays and bodies."""

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
    assert not [item.error for item in items if item.error]
    return [item.raw for item in items]


@files
@given(st.lists(objects, min_size=1), st.booleans(), st.integers(1, 50), st.booleans())
def test_lines_array_and_body_parse_alike(
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
def test_items_have_their_line_numbers(
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
    assert all(item.error or (item.line >= 1 and item.raw) for item in items)


@pytest.mark.parametrize(
    ("text", "line", "fault"),
    [
        ("[{},\n{}", 2, "the array does not end"),
        ('{"requests": [{}\n', 2, "the array does not end"),
        ("[{}]\n[{}]", 2, "unexpected content after the end of the array"),
        ('{"requests": [{}]}\n\n{"requests": [{}]}', 3, "unexpected content after the end of the array"),
        ("[{}]}", 1, "unexpected content after the end of the array"),
        ('{"requests": [{}],\n"x": 1}', 1, '"x" is not allowed next to "requests"'),
    ],
)
def test_truncated_or_trailing_content_is_an_error(file: Path, text: str, line: int, fault: str) -> None:
    file.write_text(text)
    last = list(read_items(file))[-1]
    assert (last.line, last.error.partition(";")[0]) == (line, fault)


def test_oversized_request_is_truncated(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parsing, "MAX_REQUEST_BYTES", 100)
    monkeypatch.setattr(parsing, "READ_BYTES", 64)
    file.write_bytes(b'"' + b"x" * 500 + b'"\n{}\n')
    assert [(item.line, len(item.raw)) for item in read_items(file)] == [(1, 101), (2, 2)]
    file.write_bytes(b'["' + b"x" * 500 + b'", {}]')
    assert [len(item.raw) for item in read_items(file)] == [101]


def test_extra_keys_of_body_are_reported(file: Path) -> None:
    file.write_text('{"model": "a, [{b",\n "x\\"y": 1,\n"requests": [{"n": 1}, {"n": 2}]}')
    items = list(read_items(file))
    assert [(item.line, item.error.partition(";")[0]) for item in items if item.error] == [
        (1, '"model" is not allowed next to "requests"'),
        (2, '"x\\"y" is not allowed next to "requests"'),
    ]
    assert [(item.line, json.loads(item.raw)) for item in items if item.raw] == [(3, {"n": 1}), (3, {"n": 2})]


@files
@given(st.lists(objects, min_size=1), st.booleans(), st.booleans())
def test_gzip_is_decompressed(file: Path, requests: list[dict[str, Any]], is_array: bool, bom: bool) -> None:
    lines = [json.dumps(request).encode() for request in requests]
    text = b"[" + b",".join(lines) + b"]" if is_array else b"\n".join(lines)
    file.write_bytes(gzip.compress(parsing.BOM * bom + text))
    assert raws(list(read_items(file))) == lines


@pytest.mark.parametrize("damage", [lambda packed: packed[:-9], lambda packed: packed[:200] + packed[220:]])
def test_damaged_gzip_is_reported(file: Path, damage: Callable[[bytes], bytes]) -> None:
    chance = random.Random(7)
    lines = b"".join(b'{"n": %d}\n' % chance.randrange(10**9) for _ in range(200))
    file.write_bytes(damage(gzip.compress(lines)))
    with pytest.raises(OSError, match="damaged or truncated"):
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
def test_other_encodings_are_reported(file: Path, encoding: str, name: str) -> None:
    file.write_bytes('{"custom_id": "a"}\n[1]'.encode(encoding))
    (item,) = read_items(file)
    assert (item.line, item.error) == (0, f"the file is {name}; save it as UTF-8")


def test_other_compressions_are_reported(file: Path) -> None:
    file.write_bytes(bz2.compress(b"{}\n"))
    (item,) = read_items(file)
    assert item.error.startswith("the file is compressed with bzip2")


def test_file_modified_while_reading_is_rejected(file: Path) -> None:
    file.write_text("{}\n" * 3)
    items = read_items(file)
    next(items)
    with file.open("a") as more:
        more.write("{}\n")
    with pytest.raises(OSError, match="was modified while it was read"):
        list(items)


def test_pipe_can_be_read(file: Path) -> None:
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
def test_pretty_printed_request_is_one_error(
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
    assert "pretty-printed" in items[-1].error


def test_truncated_line_does_not_hide_next_lines(file: Path) -> None:
    file.write_bytes(b'{"a": {"b": 1\n{"c": 2}\n{"d": 3')
    assert raws(list(read_items(file))) == [b'{"a": {"b": 1', b'{"c": 2}', b'{"d": 3']
