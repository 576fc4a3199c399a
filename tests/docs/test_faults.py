"""Every test that docs/faults.md and SECURITY.md name exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NAMED = re.compile(r"`(tests/[\w/]+\.py)(?:::(\w+))?`")


@pytest.mark.parametrize("page", ["docs/faults.md", "SECURITY.md"])
def test_the_tests_that_a_page_names_exist(page: str) -> None:
    named = NAMED.findall((ROOT / page).read_text(encoding="utf-8"))
    assert len(named) > 10
    missing = [f"{path}::{name}" for path, name in named if not _exists(ROOT / path, name)]
    assert missing == []


def _exists(path: Path, name: str) -> bool:
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    return f"def {name}(" in text if name else bool(text)
