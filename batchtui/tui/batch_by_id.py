"""In the command palette: a batch by its whole id, loaded or not."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, cast

from textual.command import Hit, Hits, Provider
from textual.content import Content

from batchtui.tui.batch_text import is_batch_id

if TYPE_CHECKING:
    from batchtui.tui.app import BatchtuiApp


class BatchById(Provider):
    """Offers to fetch the batch whose id is typed."""

    async def search(self, query: str) -> Hits:
        """Yield one hit if the query looks like an id."""
        if is_batch_id(query):
            app = cast("BatchtuiApp", self.app)
            yield Hit(1.0, Content(query), partial(app.open_batch, query), query, "fetch this batch")
