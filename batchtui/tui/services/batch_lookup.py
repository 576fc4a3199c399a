"""In the command palette, below the commands: batches by their id, loaded or not."""

from __future__ import annotations

from functools import partial
from itertools import islice

from textual.command import Hit, Hits, Provider
from textual.content import Content

from batchtui.cache import Batch
from batchtui.text import is_plain_id, plural
from batchtui.tui.format.batch import is_batch_id, status_of
from batchtui.tui.services.host import host_of

FEWEST_CHARACTERS = 4
"""Fewer are in too many ids by chance."""
MOST_BATCHES = 50
"""Batches offered; more would bury what is looked for."""
BELOW_COMMANDS = -1.0
"""The palette sorts by score, and that of a command is above 0."""


class BatchesById(Provider):
    """Offers the loaded batches that have what is typed in their id, or to fetch the one whose id it is."""

    async def search(self, query: str) -> Hits:
        """Yield a hit for each batch; none while what is typed is part of no id."""
        query = query.strip()
        if len(query) < FEWEST_CHARACTERS:
            return
        found = list(
            islice(
                (batch for batch in host_of(self.app).loaded_batches() if _matches(batch, query)),
                MOST_BATCHES,
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
    # The palette reads texts as markup; ids that are no plain ids come from elsewhere than the API.
    return query.lower() in batch.id.lower() and is_plain_id(batch.id)
