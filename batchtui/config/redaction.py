"""The one function that takes secrets out of text that is to be shown."""

from __future__ import annotations

import os
import re

HIDDEN = "(hidden)"
_LEAST = 6
"""Characters of a secret. Hiding shorter ones would hide ordinary words, and tell which they are."""
_KEY = r"sk-ant-[\w-]+"
_known: set[str] = set()


def remember_secret(value: str) -> None:
    """Have a value hidden from now on: a key, or the value of a custom header."""
    # Of "Bearer …" the token alone too.
    _known.update(secret for secret in (value, value.rpartition(" ")[2]) if len(secret) >= _LEAST)


def redact(text: str) -> str:
    """Return text without the secrets in it.

    All text that may hold one passes here: messages of the HTTP library and of the API, the log of calls,
    what `doctor` prints and whatever else is shown on stderr or in a notice. Hidden are the keys and header
    values that were read, user names and passwords in URLs, and whatever looks like a key.
    """
    for secret in sorted(_known | _proxy_secrets(), key=len, reverse=True):
        text = text.replace(secret, HIDDEN)
    if "://" in text and "@" in text:
        text = re.sub(r"\S+", _without_user_info, text)
    return re.sub(_KEY, HIDDEN, text)


def _without_user_info(word: re.Match[str]) -> str:
    """Hide all between the scheme and the last "@": a password may hold "/" and "@" itself."""
    scheme, separator, rest = word[0].partition("://")
    _, at, host = rest.rpartition("@")
    return f"{scheme}{separator}{HIDDEN}@{host}" if at else word[0]


def _proxy_secrets() -> set[str]:
    """Passwords in the proxy variables, whole and in the pieces that an error about the URL may show."""
    found: set[str] = set()
    for name, value in os.environ.items():
        before, at, _ = value.rpartition("@")
        if at and name.lower().endswith("_proxy"):
            user, _, password = before.rpartition("://")[2].partition(":")
            found |= {password or user, *re.split(r"[/?#@:\[\]]", password)}
    return {piece for piece in found if len(piece) >= _LEAST}
