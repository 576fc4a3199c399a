"""Cutting bytes into lines: at newlines only, however the bytes come."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from batchtui.results.lines import Line, LineSplitter

HELD = 8


def split_all(chunks: list[bytes], held: int = HELD) -> list[Line]:
    splitter = LineSplitter(held=held)
    return [line for chunk in chunks for line in splitter.feed(chunk)] + splitter.end()


@given(st.lists(st.binary(max_size=12) | st.sampled_from([b"\n", b"\r\n", b" \t", b"\n\n", b"x" * 20])))
def test_any_chunks_give_the_lines_of_the_whole(chunks: list[bytes]) -> None:
    body = b"".join(chunks)
    expected: list[Line] = []
    offset = 0
    for line in body.split(b"\n"):
        if len(line) > HELD or line.strip():
            expected.append((offset, len(line), line))
        offset += len(line) + 1
    found = split_all(chunks)
    assert [(start, length) for start, length, _ in found] == [
        (start, length) for start, length, _ in expected
    ]
    for (_, length, data), (_, _, whole) in zip(found, expected, strict=True):
        assert data == whole or (data is None and length > HELD)


def test_only_newlines_end_lines() -> None:
    line = "a\u2028b\u2029c\u0085d\x0be\x0cf\rg".encode()
    assert split_all([line + b"\r\n", line], held=100) == [
        (0, len(line) + 1, line + b"\r"),
        (len(line) + 2, len(line), line),
    ]


def test_a_long_line_is_counted_but_not_held() -> None:
    assert split_all([b"ab\n", b"c" * 5, b"d" * 5, b"e\n", b"f\n"]) == [
        (0, 2, b"ab"),
        (3, 11, None),
        (15, 1, b"f"),
    ]
