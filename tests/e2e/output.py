"""Reads all that a program sent to its terminal, and takes nothing that Textual would not send itself."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass, field

_BYTE = r"[0-9]{1,3}"
_STYLE = rf"(?:[0-9]|2[1-9]|3[0-79]|4[0-79]|9[0-7]|10[0-7]|[34]8;5;{_BYTE}|[34]8;2;{_BYTE};{_BYTE};{_BYTE})"
_SCREEN = "|".join(
    (
        rf"\x1b\[(?:{_STYLE}(?:;{_STYLE})*)?m",  # colors
        r"\x1b\[(?:[0-9]{1,2};[0-9]{1,3}H|[0-9]{1,3}G)",  # where the cursor goes
        r"\x1b\[\?(?:7|25|1000|1003|1004|1006|1015|1016|1049|2004|2026|2048)[hl]",  # modes
        r"\x1b\[\?(?:2026|2048)\$p",  # questions about modes
        r"\x1b\[>25u|\x1b\[<u",  # the keyboard's protocol, on and off
        r"\x1b\]22;[a-z-]+\x07",  # the shape of the mouse pointer
        r"\r\n",
    )
)
_SEQUENCE = re.compile(
    rf"(?P<screen>{_SCREEN})"
    r"|\x1b\]52;c;(?P<copy>[A-Za-z0-9+/]*=*)\x07"
    r"|\x1b\]9;(?P<notice>[^\x00-\x1f\x7f-\x9f]*)\x07"
    r"|(?P<bell>\x07)"
)


@dataclass
class Output:
    """What reached the terminal besides text, colors and cursor moves."""

    copies: list[str] = field(default_factory=list)
    """Texts put into the clipboard."""
    notices: list[str] = field(default_factory=list)
    """Notifications of the desktop."""
    bells: int = 0


def read_output(raw: bytes) -> Output:
    """Takes a whole output apart.

    Raises:
        AssertionError: A control character is not part of a sequence that Textual sends itself.
    """
    text = raw.decode("utf-8")
    output, place = Output(), 0
    while place < len(text):
        if text[place].isprintable():
            place += 1
            continue
        found = _SEQUENCE.match(text, place)
        assert found, f"not of our own making: {text[place - 40 : place + 60]!r}"
        place = found.end()
        if found["copy"] is not None:
            output.copies.append(base64.b64decode(found["copy"], validate=True).decode("utf-8"))
        elif found["notice"] is not None:
            output.notices.append(found["notice"])
        output.bells += bool(found["bell"])
    assert all(notice.isprintable() for notice in output.notices), output.notices
    return output
