"""Long lines are validated like others, in little more memory than their size."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batchtui.submissions import long_lines
from batchtui.submissions.long_lines import shorten_texts
from batchtui.submissions.validation import Checked, check

MEGABYTES = 48
START = b'{"custom_id": "a", "params": {"model": "claude-haiku-4-5", "max_tokens": 9, "messages": '
texts = st.text(max_size=30) | st.sampled_from(["\\", '"', '\\"', "\n", "\x7f", "é" * 9, "🚀" * 9])
values: st.SearchStrategy[Any] = st.recursive(
    texts | st.integers() | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
)


def restored(value: Any, lengths: dict[str, int]) -> Any:  # noqa: ANN401 - any JSON
    """Replace strings by their length, and placeholders by the length they stand for."""
    if isinstance(value, dict):
        return [[restored(key, lengths), restored(inner, lengths)] for key, inner in value.items()]
    if isinstance(value, list):
        return [restored(inner, lengths) for inner in value]
    if isinstance(value, str):
        return lengths.get(value, len(json.dumps(value, ensure_ascii=False).encode()) - 2)
    return value


@settings(max_examples=200, deadline=None)
@given(values)
def test_only_long_strings_are_replaced(value: Any) -> None:  # noqa: ANN401
    raw = json.dumps(value, ensure_ascii=False).encode()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(long_lines, "LONG_TEXT", 8)
        short, lengths = shorten_texts(raw)
    assert restored(json.loads(short), lengths) == restored(value, {})


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=12) | st.sampled_from([b"\\ud83d", b"\\ud83d\\ude00", b"\xf0\x9f\x9a", b"\\u12g4"]))
def test_long_line_is_validated_like_short_line(piece: bytes) -> None:
    raw = START + b'[{"role": "user", "content": "' + b"0123456789" * 3 + piece + b'"}]}}'
    plain = check(raw)
    with pytest.MonkeyPatch.context() as patch:
        for module in ("long_lines", "validation"):
            patch.setattr(f"batchtui.submissions.{module}.LONG_LINE", 0)
        patch.setattr(long_lines, "LONG_TEXT", 20)
        long = check(raw)
    assert isinstance(long, Checked) == isinstance(plain, Checked)
    if isinstance(long, Checked) and isinstance(plain, Checked):
        assert long.tokens.most_tokens >= plain.tokens.most_tokens


def _array(path: Path, text: bytes) -> None:
    path.write_bytes(b"[\n" + START + b'[{"role": "user", "content": "' + text + b'"}]}}\n]')


def _line(path: Path, text: bytes) -> None:
    path.write_bytes(START + b'[{"role": "user", "content": "' + text + b'"}]}}\n')


MEASURE = """
import resource, sys
from pathlib import Path
from batchtui.submissions.preparing import prepare
folder = Path(sys.argv[1])
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
prepared = prepare(folder / "file", folder)
assert (prepared.requests, prepared.errors) == (1, []), prepared.errors
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


@pytest.mark.parametrize("write", [_line, _array])
def test_long_request_memory_is_bounded(write: Any, tmp_path: Path) -> None:  # noqa: ANN401
    # One emoji makes Python hold a text with four bytes a character.
    write(tmp_path / "file", b"x" * MEGABYTES * 1_000_000 + "🚀".encode())
    command = [sys.executable, "-c", MEASURE, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert int(done.stdout) * 1024 < 2.6 * MEGABYTES * 1_000_000
