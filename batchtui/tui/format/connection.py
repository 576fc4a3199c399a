"""The connection in words: in the title line, and in a list that is empty because of it."""

from __future__ import annotations

from dataclasses import dataclass

from batchtui.api import ApiError, NotAuthorized
from batchtui.tui.format.cells import Cell, Line
from batchtui.tui.format.layout import CONNECTING


@dataclass(frozen=True, slots=True)
class Link:
    """How the connection is.

    Attributes:
        live: The last call was answered.
        retry_in: Whole seconds until the next try, while backing off.
        error: What went wrong last, if anything.
        waiting: Whole seconds without an answer, once they are many.
    """

    live: bool = False
    retry_in: int | None = None
    error: ApiError | None = None
    waiting: int | None = None


def link_words(link: Link) -> Line:
    """How the connection is, for the title line."""
    if link.live:
        return [Cell("live", "success")]
    if link.waiting is not None:
        return [Cell(f"no answer for {link.waiting} s", "warning")]
    if link.retry_in is not None:
        return [Cell(f"offline, next try in {link.retry_in} s", "warning")]
    if link.error:
        return [Cell("not authorized" if isinstance(link.error, NotAuthorized) else "stopped", "error")]
    return CONNECTING


def why_no_batches(link: Link) -> str:
    """Why no batch is known."""
    if link.live:
        return "No batches yet in this workspace"
    if link.waiting is not None:
        return f"No answer for {link.waiting} s. Press r to ask again."
    return f"Not connected. {link.error} Press r to try now." if link.error else "Asking for the batches…"
