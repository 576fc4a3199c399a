"""Tolerant reading stays quick on what is broken."""

from __future__ import annotations

import pytest

from batchtui.results import loose


def test_a_line_cut_in_a_string_takes_no_longer_for_its_quotes() -> None:
    # With a string tried from each of its quotes this took minutes; there is no need to measure.
    line = b'{"a": ' + b"[" * 200 + b'"' + rb"\"{[" * 250_000
    with pytest.raises(ValueError, match="Expecting"):
        loose.loads(line)
