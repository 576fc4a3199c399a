"""Texts that try to get out of a widget, and what none of them may bring to a screen."""

from __future__ import annotations

from collections.abc import Iterable

HOSTILE = (
    "[/nope] [bold",
    "[@click=app.quit]press[/]",
    "\x1b[31mred\x1b]0;title\x07",
    "\x9b2J\x90q",
    "\u202egnp.exe\u2066",
    "one\ntwo\r\nthree\tfour\r",
    "\ud800 lone",
    "\U000e0041tag\u200b\ufeff",
    "漢字かな交じり文" * 40,
    "👨‍👩‍👧 e\u0301\u0301",
    "",
)
"""Markup, escape sequences, bidi, line ends, surrogates, what is invisible, what is wide, nothing."""


def is_safe(lines: Iterable[str]) -> bool:
    """Whether a terminal would only show these lines."""
    return all(line.isprintable() for line in lines)
