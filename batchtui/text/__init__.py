"""Safe text for terminals; ages, counts and sizes as people write them. A leaf.

`clean_line` and `clean_text` are the only way from foreign text to a screen: nothing that they answer can
move the cursor, change the terminal, hide or reorder other text. The rest writes numbers and ids for people.
"""

from __future__ import annotations

from batchtui.text.clean import clean_line, clean_text, replace_surrogates
from batchtui.text.humanize import (
    ago,
    count,
    duration,
    long_duration,
    money,
    percent,
    plural,
    shorten,
    shorten_id,
    size,
    until_longer,
    until_shorter,
)
from batchtui.text.ids import is_plain_id, why_not_plain
from batchtui.text.paths import shown_path

__all__ = [
    "ago",
    "clean_line",
    "clean_text",
    "count",
    "duration",
    "is_plain_id",
    "long_duration",
    "money",
    "percent",
    "plural",
    "replace_surrogates",
    "shorten",
    "shorten_id",
    "shown_path",
    "size",
    "until_longer",
    "until_shorter",
    "why_not_plain",
]
