"""Which ids of batches may leave the screen."""

from __future__ import annotations

import re

from batchtui.text.humanize import shorten

_PLAIN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,255}")


def is_plain_id(text: str) -> bool:
    """Return whether an id may be completed, sent in a path or given to a command as an argument.

    Any other one is only shown: a shell would run it, a command take it for an option, a server read `..` as
    another path.
    """
    return bool(_PLAIN.fullmatch(text))


def why_not_plain(text: str) -> str:
    """Return a sentence on an id that is not plain."""
    rule = 'a batch ID has 1 to 256 letters, digits, "_" or "-", and does not begin with "-"'
    return f'"{shorten(text, 80)}" cannot be used: {rule}.'
