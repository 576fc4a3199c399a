"""What to search for, and which bytes a line must hold to be worth a closer look."""

from __future__ import annotations

import json
import string
from collections.abc import Iterator
from typing import Self

import regex

_NEVER_ESCAPED = frozenset(string.ascii_letters + string.digits + " _-.,:;!?()[]{}*#@%$=~|^`")
"""No JSON writer that is in use escapes these; the others may come raw or escaped."""
_SELECTIVE_CHARS = 3

REGEX_PREFIX = "re:"
"""What a person types before a regular expression."""
REGEX_SECONDS = 0.25
"""A regular expression that takes longer on one text goes back and forth in it without end."""


class PatternTooSlow(ValueError):
    """A regular expression that would take for ever; one sentence for the person."""


class Pattern:
    """A text or a regular expression to be found in what a person reads.

    Args:
        text: What to find.
        is_regex: Whether it is a regular expression.
        match_case: Whether case matters.

    Raises:
        ValueError: It is empty, or not a regular expression.
    """

    def __init__(self, text: str, *, is_regex: bool = False, match_case: bool = False) -> None:
        if not text:
            raise ValueError("There is nothing to search for: the pattern is empty.")
        self.match_case = match_case
        self._text = text
        self._needle = text if match_case else text.lower()
        self._regex = _compile(text, match_case) if is_regex else None
        self.anchors: tuple[bytes, ...] = () if is_regex else _anchors(text, match_case)
        """A line without one of these, in lower case unless case matters, cannot match; none: any can."""
        cases = {text} if match_case else {text, text.lower(), text.upper()}
        self._raw_forms = {self._fold(form) for case in cases for form in _json_forms(case)}

    @classmethod
    def typed(cls, text: str) -> Self:
        """What a person typed as a pattern: literal in any case, or after `re:` a regular expression.

        Raises:
            ValueError: It is empty, or not a regular expression.
        """
        return cls(text.removeprefix(REGEX_PREFIX), is_regex=text.startswith(REGEX_PREFIX))

    def find(self, text: str) -> tuple[int, int] | None:
        """Where the first match starts and stops.

        Raises:
            PatternTooSlow: It is a regular expression that takes too long.
        """
        if self._regex:
            return self._find_regex(text)
        start = self._fold(text).find(self._needle)
        return (start, start + len(self._needle)) if start >= 0 else None

    def find_raw(self, text: str) -> tuple[int, int] | None:
        """Likewise, in JSON as it was sent, where the text may be escaped."""
        if self._regex:
            return self.find(text)
        folded = self._fold(text)
        spans = [(folded.find(form), len(form)) for form in self._raw_forms]
        start, length = min((span for span in spans if span[0] >= 0), default=(-1, 0))
        return (start, start + length) if start >= 0 else None

    def _find_regex(self, text: str) -> tuple[int, int] | None:
        try:
            # `concurrent` lets other threads run meanwhile; `re` would hold them all until it ends.
            match = self._regex.search(text, timeout=REGEX_SECONDS, concurrent=True) if self._regex else None
        except TimeoutError:
            raise PatternTooSlow(f"{self._text} takes too long on these texts; put it more simply.") from None
        return match.span() if match else None

    def _fold(self, text: str) -> str:
        return text if self.match_case else text.lower()


def _compile(text: str, match_case: bool) -> regex.Pattern[str]:
    try:
        return regex.compile(text, 0 if match_case else regex.IGNORECASE)
    except regex.error as error:
        raise ValueError(f"{text!r} is not a regular expression: {error}.") from None


def _anchors(text: str, match_case: bool) -> tuple[bytes, ...]:
    """The longest run that is never escaped; failing that, the forms that a part of the text may come in."""
    runs = "".join(char if char in _NEVER_ESCAPED else "\0" for char in text).split("\0")
    longest = max(runs, key=len)
    if len(longest) >= _SELECTIVE_CHARS or longest == text:
        forms = {longest}
    else:
        part = text if match_case else _part_with_few_cases(text)
        cases = {part} if match_case else {part.lower(), part.upper(), part.title(), part}
        forms = {form for case in cases for form in _json_forms(case)}
    encoded = {form.encode("utf-8", "surrogatepass") for form in forms}
    return tuple(sorted(encoded if match_case else {form.lower() for form in encoded}))


def _part_with_few_cases(text: str) -> str:
    """The longest part with at most one letter whose case `bytes.lower` does not know."""
    cased = [i for i, char in enumerate(text) if not char.isascii() and char.lower() != char.upper()]
    edges = [-1, *cased, len(text)]
    parts = [text[a + 1 : c] for a, c in zip(edges, edges[2:], strict=False)]
    return max(parts, key=len, default=text)


def _json_forms(text: str) -> Iterator[str]:
    """The text as the JSON writers in use may have written it."""
    for form in (json.dumps(text, ensure_ascii=False)[1:-1], json.dumps(text)[1:-1]):
        yield form
        yield form.replace("/", "\\/")
        for signs in ("<>&", "'"):  # Go escapes the first three, others the fourth too
            for sign in signs:
                form = form.replace(sign, f"\\u{ord(sign):04x}")
            yield form
    yield text  # control characters that should have been escaped, and were not
