"""Markdown shown as its own source, styled: every character stays where it is, markers are dimmed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from textual.content import Content, Span

from batchtui.text import clean_text

MARKER, CODE, LINK = "$text-muted", "$accent", "underline"
CODE_STYLES = {
    "Token.Comment": "italic $text-muted",
    "Token.Keyword": "$accent",
    "Token.Name.Tag": "$accent",
    "Token.Literal.String": "$success",
    "Token.Literal.Number": "$warning",
}
"""Styles of a fenced block's tokens, by the beginning of their Pygments name; the others stay plain."""

# Lengths are bounded, so that hostile text cannot make a pattern take quadratic time.
_INLINE = re.compile(
    r"""
    (?P<escape> \\ (?=[!-/:-@\[-`{-~]) ) .
    | (?P<code> (?<!`) (?P<ticks>`{1,8}) (?!`) [^\n]{1,400}? (?<!`) (?P=ticks) (?!`) )
    | (?P<link> !? \[ (?P<words>[^\[\]\n]{1,300}) \] ) (?P<target> \( [^()\s]{1,400} \) )
    | (?P<url> https?:// [^\s<>()\[\]"'`]{1,400} )
    | (?P<strong> \*\* (?=[^\s*]) [^\n]{1,400}? (?<=[^\s*]) \*\*
      | (?<!\w) __ (?=[^\s_]) [^\n]{1,400}? (?<=[^\s_]) __ (?!\w) )
    | (?P<strike> ~~ (?=[^\s~]) [^\n]{1,400}? (?<=[^\s~]) ~~ )
    | (?P<emphasis> \* (?=[^\s*]) [^*\n]{1,400}? (?<=\S) \* (?!\*)
      | (?<!\w) _ (?=[^\s_]) [^_\n]{1,400}? (?<=\S) _ (?!\w) )
    """,
    re.VERBOSE,
)
_MARKS = {"strong": (2, "bold"), "strike": (2, "strike"), "emphasis": (1, "italic")}
"""Characters of the marker at either side, and the style of what it encloses."""
_HEADING = re.compile(r" {0,3}#{1,6}(?= |$)")
_FENCE = re.compile(r" {0,3}(?P<fence>`{3,}|~{3,}) *(?P<language>[\w+#.-]*)")
_OPENING = re.compile(r"(?:\s{0,20}(?:>|[-*+](?= )|\d{1,9}[.)](?= )))+")
"""What a quotation or an item of a list starts with."""
_RULE = re.compile(r" {0,3}([-*_])(?: *\1){2,} *$")


def styled_source(text: str) -> Content:
    """Style foreign Markdown or JSON: all characters of `clean_text(text)`, in their order."""
    clean = clean_text(text)
    spans = _code_spans(clean, 0, "json") if _is_json(clean) else _markdown_spans(clean)
    return Content(clean, [Span(start, end, style) for start, end, style in spans if end > start])


_Spans = Iterator[tuple[int, int, str]]


def _is_json(text: str) -> bool:
    if not text.lstrip().startswith(("{", "[")):
        return False
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _markdown_spans(text: str) -> _Spans:
    at, lines = 0, iter(text.splitlines(keepends=True))
    for line in lines:
        start, at = at, at + len(line)
        if fence := _FENCE.match(line):
            yield start, at, MARKER
            code_start = at
            for inner in lines:
                if _closes(inner, fence["fence"]):
                    yield from _code_spans(text[code_start:at], code_start, fence["language"])
                    yield at, at + len(inner), MARKER
                    at += len(inner)
                    break
                at += len(inner)
            else:
                yield from _code_spans(text[code_start:], code_start, fence["language"])
        else:
            yield from _line_spans(line, start)


def _closes(line: str, fence: str) -> bool:
    stripped = line.strip()
    return len(stripped) >= len(fence) and stripped == fence[0] * len(stripped)


def _line_spans(line: str, start: int) -> _Spans:
    if heading := _HEADING.match(line):
        yield start, start + heading.end(), MARKER
        yield start + heading.end(), start + len(line), "bold"
        return
    if _RULE.match(line):
        yield start, start + len(line), MARKER
        return
    opening = _OPENING.match(line)
    first = opening.end() if opening else 0
    yield start, start + first, MARKER
    for match in _INLINE.finditer(line, first):
        yield from ((start + left, start + right, style) for left, right, style in _inline_spans(match))


def _inline_spans(match: re.Match[str]) -> _Spans:
    kind = match.lastgroup or ""
    kind = "link" if kind == "target" else kind
    left, right = match.span(kind) if kind else match.span()
    if kind in _MARKS:
        width, style = _MARKS[kind]
        yield left, left + width, MARKER
        yield left + width, right - width, style
        yield right - width, right, MARKER
    elif kind == "link":
        yield *match.span("words"), LINK
        yield *match.span("target"), MARKER
    else:
        yield left, right, {"code": CODE, "url": LINK}.get(kind, MARKER)


def _code_spans(code: str, start: int, language: str) -> _Spans:
    from pygments.lexers import get_lexer_by_name  # 15 ms, for replies that contain code only
    from pygments.util import ClassNotFound

    try:
        lexer = get_lexer_by_name(language)
    except ClassNotFound:
        return
    for at, token, value in lexer.get_tokens_unprocessed(code):
        style = next((style for kind, style in CODE_STYLES.items() if str(token).startswith(kind)), "")
        if style:
            yield start + at, start + at + len(value), style
