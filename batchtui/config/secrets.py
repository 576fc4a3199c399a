"""A value that never shows itself by accident."""

from __future__ import annotations

from typing import Never

from batchtui.config.redaction import remember_secret


class Secret:
    """An API key or token: redacted wherever Python would print, format or pickle it, and by `redact`.

    Call `reveal()` at the one place where the value leaves for the wire.
    """

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value
        remember_secret(value)

    def reveal(self) -> str:
        """The value itself. Never log, show or store what this answers."""
        return self._value

    def __repr__(self) -> str:
        return "Secret(…)"

    __str__ = __repr__

    def __format__(self, format_spec: str) -> str:
        return repr(self)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash((Secret, self._value))

    def __reduce__(self) -> Never:
        raise TypeError("a Secret cannot be pickled")
