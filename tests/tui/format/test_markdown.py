"""Styled source shows every character of a reply, in order, whatever Markdown would make of it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batchtui.text import clean_text
from batchtui.tui.format.markdown import styled_source

PIECES = [
    "*",
    "**",
    "_",
    "__",
    "`",
    "```",
    "```python",
    "~~~",
    "#",
    "[",
    "](",
    ")",
    ">",
    "- ",
    "1. ",
    "\\",
    "\n",
    " ",
    "a",
    "{",
]


def styles(text: str) -> list[tuple[str, str]]:
    content = styled_source(text)
    return [(content.plain[span.start : span.end], str(span.style)) for span in content.spans]


@given(st.text() | st.lists(st.sampled_from(PIECES)).map("".join))
def test_no_character_of_a_reply_is_lost_or_moved(text: str) -> None:
    content = styled_source(text)
    assert content.plain == clean_text(text)
    assert all(0 <= span.start < span.end <= len(content.plain) for span in content.spans)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("# Title", [("#", "$text-muted"), (" Title", "bold")]),
        ("a **b** c", [("**", "$text-muted"), ("b", "bold"), ("**", "$text-muted")]),
        ("a *b* c", [("*", "$text-muted"), ("b", "italic"), ("*", "$text-muted")]),
        ("say `x*y*z`", [("`x*y*z`", "$accent")]),
        ("[here](https://a.b)", [("here", "underline"), ("(https://a.b)", "$text-muted")]),
        ("https://a.b/c", [("https://a.b/c", "underline")]),
        ("- item", [("-", "$text-muted")]),
        ("my_var_name = 2 * 3 * 4", []),
    ],
)
def test_markdown_is_styled_where_it_stands(text: str, expected: list[tuple[str, str]]) -> None:
    assert styles(text) == expected


def test_fenced_code_is_colored_by_its_language() -> None:
    found = styles("```python\nif x: # *why*\n```\n*after*")
    assert ("if", "$accent") in found
    assert ("# *why*", "italic $text-muted") in found
    assert ("after", "italic") in found


def test_a_reply_that_is_json_is_not_read_as_markdown() -> None:
    found = styles('{"rule":"a*b*c","path":"__init__.py"}')
    assert ('"rule"', "$accent") in found
    assert not any(style in ("italic", "bold") for _, style in found)
