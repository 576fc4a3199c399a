"""Whatever comes in, nothing that a terminal obeys or that hides text comes out."""

from __future__ import annotations

import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batchtui.text import clean_line, clean_text

EVERY_CHARACTER = "".join(map(chr, range(sys.maxunicode + 1)))
FORBIDDEN_CATEGORIES = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}

# Any code point, lone surrogates too; control and format characters far more often than by chance.
ANY_TEXT = st.text(st.characters(exclude_categories=()) | st.characters(categories=("Cc", "Cf", "Cs")))


def forbidden(text: str) -> set[str]:
    return {char for char in set(text) if unicodedata.category(char) in FORBIDDEN_CATEGORIES}


def test_no_forbidden_character_survives_in_a_line() -> None:
    assert forbidden(clean_line(EVERY_CHARACTER)) == set()


def test_only_the_newline_survives_in_a_text() -> None:
    assert forbidden(clean_text(EVERY_CHARACTER)) == {"\n"}


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("plain ASCII ~", "plain ASCII ~"),
        ("naïve 日本語 עברית 🙂", "naïve 日本語 עברית 🙂"),
        ("\x1b[31mred\x07\x00", "␛[31mred␇␀"),
        ("\x7f", "␡"),
        ("\x9b2J\x85", "�2J�"),
        ("a\u202eb\u2066c\u200fd", "a�b�c�d"),
        ("a\u200bb\u2060c\ufeffd\u00ade", "a�b�c�d�e"),
        ("👩\u200d🚀 می\u200cخواهم", "👩·🚀 می·خواهم"),
        ("❤\ufe0f ❤\ufe0e", "❤ ❤"),
        ("a\ufe00\U000e0100b", "a��b"),
        ("\U000e0041\U000e007f", "��"),
        ("\ufff9x\ufffb", "�x�"),
        ("a\u2028b\u2029c", "a�b�c"),
        ("\ud83d \udc00", "� �"),
        ("\ufffe\U0010ffff\ue000", "���"),
        ("\u3164\u034f\u115f", "���"),
        ("non\u00a0breaking\u2003wide\u3000", "non breaking wide  "),
    ],
)
def test_stand_ins(raw: str, shown: str) -> None:
    assert clean_line(raw) == shown
    assert clean_text(raw) == shown


def test_a_line_shows_where_lines_ended() -> None:
    assert clean_line("one\ntwo\r\nthree\rfour\tfive") == "one⏎two⏎three␍four five"


def test_a_text_keeps_its_lines_and_expands_tabs_by_column() -> None:
    assert clean_text("a\tb\r\n\tc\rd\nabcd\te") == "a   b\n    c␍d\nabcd    e"


@given(ANY_TEXT)
def test_cleaning_is_safe_and_idempotent(raw: str) -> None:
    line, text = clean_line(raw), clean_text(raw)
    assert not forbidden(line)
    assert forbidden(text) <= {"\n"}
    assert clean_line(line) == line
    assert clean_text(text) == text


@given(st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E)))
def test_plain_ascii_is_left_alone(raw: str) -> None:
    assert clean_line(raw) == raw
    assert clean_text(raw) == raw


@given(ANY_TEXT)
def test_nothing_vanishes_but_presentation_selectors(raw: str) -> None:
    kept = raw.replace("\r\n", "\n").replace("\ufe0e", "").replace("\ufe0f", "")
    assert len(clean_line(kept)) == len(kept) + kept.count("\u3000")
