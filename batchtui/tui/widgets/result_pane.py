"""The opened result: its reply, its JSON as a tree and as it came, its usage."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import accumulate
from typing import Literal

from rich.cells import cell_len
from textual import work
from textual.app import ComposeResult
from textual.containers import Container

from batchtui.results import Flag, OpenedResult, Pattern, ResultRow, Results
from batchtui.submissions import UNREADABLE
from batchtui.text import money, shorten_id
from batchtui.tui.format.cells import Cell
from batchtui.tui.format.result import CUT_BYTES, raw_parts, reply_parts, usage_parts
from batchtui.tui.format.styled import Part, content_of
from batchtui.tui.widgets.document import Document
from batchtui.tui.widgets.json_tree import JsonTree
from batchtui.tui.widgets.line_view import LineView

Tab = Literal["Reply", "Request", "JSON", "Raw", "Usage"]
ID_WIDTH = 24


class ResultPane(Container):
    """Shows one result in one of several ways; the way stays the same from result to result.

    Args:
        made_at: When the requests were made, in seconds since 1970; what they cost depends on it.
        request_of: Gives the request of a custom_id as it was sent; None where requests are not kept.
    """

    DEFAULT_CSS = """
    ResultPane > JsonTree { display: none; }
    """
    """One of the two views at a time."""

    def __init__(self, made_at: float, request_of: Callable[[str], bytes | None] | None = None) -> None:
        super().__init__()
        self._made_at = made_at
        self._request_of = request_of
        self._tabs: list[Tab] = ["Reply", "Request", "JSON", "Raw", "Usage"]
        if request_of is None:
            self._tabs.remove("Request")
        self._has_prices = False
        self._document, self._tree = Document(), JsonTree()
        self._tab: Tab = "Reply"
        self._row: ResultRow | None = None
        self._opened = OpenedResult()
        self._raw = b""
        self._whole = self._unfolded = False
        self._pattern: Pattern | None = None

    def compose(self) -> ComposeResult:
        """Both views."""
        yield self._document
        yield self._tree

    @property
    def view(self) -> LineView:
        """The view that is shown now."""
        return self._tree if self._tab == "JSON" and self._row else self._document

    @property
    def is_settled(self) -> bool:
        """Whether what is shown now stays until something else is asked for."""
        return self._tab != "Usage" or self._has_prices

    @property
    def row(self) -> ResultRow | None:
        """The result that is shown."""
        return self._row

    @property
    def title(self) -> list[Cell]:
        """The custom_id, and the ways to show the result."""
        if self._row is None:
            return []
        tabs = [Cell(f"  {tab}", "accent" if tab == self._tab else "muted") for tab in self._tabs]
        return [Cell(shorten_id(self._row.custom_id, ID_WIDTH), "strong"), *tabs]

    def show(self, row: ResultRow | None, results: Results) -> None:
        """Shows a result; another one than before with its long texts cut and its thinking folded."""
        if row and row == self._row:
            return  # drawn already; again would lose the place and the match that was gone to
        self._whole = self._unfolded = False
        self._row = row
        self._raw, self._opened = b"", OpenedResult()
        if row and row.flag == Flag.TOO_LONG:
            self._raw = results.read(row.offset, CUT_BYTES)
        elif row:
            self._raw, self._opened = results.raw(row), results.open(row)
        self._draw()

    def mark(self, pattern: Pattern | None) -> None:
        """Lights what is searched for."""
        self._pattern = pattern
        self._document.mark(pattern)

    def next_match(self, step: int) -> bool:
        """Goes to the next place that is lit, or the one before; answers whether there is one."""
        return self._tab != "JSON" and self._document.next_match(step)

    def click_title(self, place: int) -> None:
        """Select the tab whose name is so many cells from the beginning of the title, if one is."""
        title = self.title
        stops = accumulate(cell_len(cell.text) for cell in title)
        for start, tab in zip(stops, self._tabs if title else (), strict=False):
            if start <= place < start + cell_len(tab) + 2:
                self._select(tab)

    def turn(self, step: int) -> None:
        """Shows the result in the next way, or the one before."""
        self._select(self._tabs[(self._tabs.index(self._tab) + step) % len(self._tabs)])

    def _select(self, tab: Tab) -> None:
        had_focus = self.view.has_focus
        self._tab = tab
        self._draw()
        if had_focus:
            self.screen.set_focus(self.view)

    def show_whole(self) -> None:
        """Shows long texts to their end."""
        self._whole = True
        self._draw(keep_place=True)

    def toggle_thinking(self) -> None:
        """Unfolds what the model thought, or folds it again."""
        self._unfolded = not self._unfolded
        self._draw(keep_place=True)

    def _draw(self, *, keep_place: bool = False) -> None:
        self._tree.display = self.view is self._tree
        self._document.display = not self._tree.display
        if self._tree.display:
            self._tree.show(self._opened.value)
        else:
            self._document.show(self._parts(), keep_place=keep_place)

    def _parts(self) -> Iterable[Part]:
        if self._row is None:
            return [content_of([Cell("No result selected", "muted")])]
        if self._tab == "Request":
            return self._request_parts(self._row.custom_id)
        if self._tab == "Raw":
            return raw_parts(self._raw, whole=self._whole)
        if self._tab == "Usage":
            return usage_parts(self._opened, self._cost_of(self._row))
        return reply_parts(self._row, self._opened, whole=self._whole, unfolded=self._unfolded)

    def _request_parts(self, custom_id: str) -> Iterable[Part]:
        from batchtui.tui.format.request import request_parts

        try:
            raw = self._request_of(custom_id) if self._request_of else None
        except UNREADABLE as error:
            return [content_of([Cell(f"The request cannot be read: {error}", "error")])]
        return request_parts(raw, whole=self._whole)

    def _cost_of(self, row: ResultRow) -> str:
        """What a reply cost; a sign of waiting until the prices are here."""
        if not self._has_prices:
            self._load_prices()
            return "…"
        from batchtui.cost import price

        return money(price(row.usages, self._made_at).total)

    @work(thread=True, exclusive=True, group="prices")
    def _load_prices(self) -> None:
        from batchtui.cost import price  # noqa: F401 - half a second, during which keys are answered

        self.call_later(self._use_prices)

    def _use_prices(self) -> None:
        self._has_prices = True
        self._draw(keep_place=True)
