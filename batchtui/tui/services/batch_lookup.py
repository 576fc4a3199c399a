"""Batches by ID in the command palette, below the commands."""

from __future__ import annotations

from functools import partial
from itertools import islice

from textual.command import Hit, Hits, Provider
from textual.content import Content

from batchtui.cache import Batch
from batchtui.text import is_plain_id, plural
from batchtui.tui.format.batch import is_batch_id, status_of
from batchtui.tui.services.host import host_of

MIN_QUERY_LENGTH = 4
"""Shorter queries match too many IDs by chance."""
MAX_BATCHES = 50
"""The most batches offered."""
BELOW_COMMANDS = -1.0
"""The palette sorts by score; commands score above 0."""


class BatchesById(Provider):
    """Offers loaded batches whose ID contains the query, or to fetch a batch by its full ID."""

    async def search(self, query: str) -> Hits:
        """Yield a hit for each matching batch."""
        query = query.strip()
        if len(query) < MIN_QUERY_LENGTH:
            return
        found = list(
            islice(
                (batch for batch in host_of(self.app).loaded_batches() if _matches(batch, query)),
                MAX_BATCHES,
            )
        )
        for place, batch in enumerate(found):
            about = f"{status_of(batch).words}, {plural(batch.counts.total, 'request', 'requests')}"
            yield self._hit(batch.id, about, BELOW_COMMANDS - place)
        if not found and is_batch_id(query):
            yield self._hit(query, "fetch this batch", BELOW_COMMANDS)

    def _hit(self, batch_id: str, about: str, score: float) -> Hit:
        title = Content.assemble(("batch  ", "$accent"), batch_id)
        return Hit(score, title, partial(host_of(self.app).open_batch, batch_id), batch_id, about)


def _matches(batch: Batch, query: str) -> bool:
    # The palette parses text as markup. The API itself sends plain IDs only.
    return query.lower() in batch.id.lower() and is_plain_id(batch.id)
