"""The connection in words: in the title line, and in a list that is empty because of it."""

from __future__ import annotations

from batchtui.api import NotAuthorised
from batchtui.tui.follower import Link
from batchtui.tui.outline import CONNECTING
from batchtui.tui.widgets.cells import Cell, Line


def link_words(link: Link) -> Line:
    """How the connection is, for the title line."""
    if link.live:
        return [Cell("live", "success")]
    if link.waiting is not None:
        return [Cell(f"no answer for {link.waiting} s", "warning")]
    if link.retry_in is not None:
        return [Cell(f"offline, next try in {link.retry_in} s", "warning")]
    if link.error:
        return [Cell("not authorised" if isinstance(link.error, NotAuthorised) else "stopped", "error")]
    return CONNECTING


def why_no_batches(link: Link) -> str:
    """Why no batch is known."""
    if link.live:
        return "No batches yet in this workspace"
    if link.waiting is not None:
        return f"No answer for {link.waiting} s. Press r to ask again."
    return f"Not connected. {link.error} Press r to try now." if link.error else "Asking for the batches…"
