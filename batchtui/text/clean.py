"""Makes text from outside safe to show: the one function every foreign text passes on its way to a terminal.

Answers, ids, errors, server messages and file names may hold control sequences that a terminal obeys, or
characters that hide or reorder what is shown. Each of them becomes a visible stand-in here. What counts as
safe is an allow-list, Python's `str.isprintable`: it leaves out every control, format, surrogate, private-use
and unassigned character, since nobody can say how wide a terminal draws those.
"""

from __future__ import annotations

import re

_REPLACEMENT = "\ufffd"
_TAB_COLUMNS = 4
_SURROGATES = re.compile("[\ud800-\udfff]")


def _span(first: int, last: int) -> range:
    return range(first, last + 1)


_CONTROLS = {code: chr(0x2400 + code) for code in range(0x20)} | {0x7F: "\u2421"}

# Emoji and Persian use the joiners all the time: a quiet sign reads better there than a loud one.
_JOINERS = dict.fromkeys((0x200C, 0x200D), "·")

# Blanks other than the space. The ideographic one is two cells wide and stays so.
_SPACES = dict.fromkeys((0xA0, 0x1680, *_span(0x2000, 0x200A), 0x202F, 0x205F), " ") | {0x3000: "  "}

# Text and emoji presentation: dropped, since terminals do not agree on the width that they give.
_PRESENTATION = dict.fromkeys((0xFE0E, 0xFE0F))

# Printable by category, yet drawn as nothing (Unicode, Default_Ignorable_Code_Point): the combining grapheme
# joiner, Hangul fillers, Khmer inherent vowels, Mongolian and other variation selectors.
_INVISIBLE = dict.fromkeys(
    (
        *(0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x3164, 0xFFA0),
        *_span(0x180B, 0x180F),
        *_span(0xFE00, 0xFE0D),
        *_span(0xE0100, 0xE01EF),
    ),
    _REPLACEMENT,
)


class _StandIns(dict[int, int | str | None]):
    """A table for `str.translate` that judges a character when it first meets it."""

    def __missing__(self, code: int) -> int | str:
        if not chr(code).isprintable():
            return _REPLACEMENT
        # Only what stays is remembered, so hostile text cannot grow the table without end.
        self[code] = code
        return code


_KNOWN = _CONTROLS | _JOINERS | _SPACES | _PRESENTATION | _INVISIBLE
_LINE = _StandIns(_KNOWN | {0x0A: "⏎", 0x09: " "})
_TEXT = _StandIns(_KNOWN | {0x0A: "\n", 0x09: "\t"})


def replace_surrogates(text: str) -> str:
    """Replace lone surrogates, which cannot be encoded, by the stand-in that cleaned text has for them."""
    return _SURROGATES.sub(_REPLACEMENT, text)


def clean_line(text: str) -> str:
    """Makes foreign text safe for a place of one line: a table cell, a title, a message.

    A line end becomes "⏎", a tab a space. Cleaning what is clean changes nothing.
    """
    return text.replace("\r\n", "\n").translate(_LINE)


def clean_text(text: str) -> str:
    r"""Makes foreign text of many lines safe to show.

    `\n` stays and `\r\n` becomes `\n`; a lone `\r` is shown as "␍". Tabs are expanded to every fourth column,
    where each character counts as one column. Cleaning what is clean changes nothing.
    """
    return text.replace("\r\n", "\n").translate(_TEXT).expandtabs(_TAB_COLUMNS)
