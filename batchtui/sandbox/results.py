"""Result files, generated from the seed on each read and never held in memory."""

from __future__ import annotations

import asyncio
import bisect
import hashlib
from array import array
from typing import TYPE_CHECKING

from batchtui.sandbox.chance import dice
from batchtui.sandbox.content import Writer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from batchtui.sandbox.batch import Batch, Counts

# About 150 kB, generated in one or two milliseconds, for which other requests must wait.
LINES_PER_BLOCK = 64


class ResultFile:
    """The results of an ended batch as a file that can be read from any offset.

    Lines are generated in blocks. A block depends only on the batch and its number, so it can be generated
    again. Only the offsets of blocks are remembered.

    Args:
        batch: An ended batch.
        counts: Its final counts, which the lines match exactly.
    """

    def __init__(self, batch: Batch, counts: Counts) -> None:
        self._batch = batch
        self._writer = Writer(batch)
        self._outcomes = _outcomes(batch, counts)
        self._order = array("I", range(batch.size))
        dice("order", batch.id).shuffle(self._order)
        self._blocks = -(-batch.size // LINES_PER_BLOCK)
        self._ends: list[int] = []
        self.digest = hashlib.sha256(repr((batch.id, counts)).encode()).hexdigest()[:32]

    async def size(self) -> int:
        """Return the size in bytes. The first call generates every line."""
        for number in range(len(self._ends), self._blocks):
            self._block(number)
            await asyncio.sleep(0)
        return self._ends[-1]

    async def read(self, start: int = 0) -> AsyncIterator[bytes]:
        """Iterate over chunks of the file, from an offset in bytes."""
        first = bisect.bisect_right(self._ends, start)
        position = self._ends[first - 1] if first else 0
        for number in range(first, self._blocks):
            block = self._block(number)
            if position + len(block) > start:
                yield block[max(0, start - position) :]
            position += len(block)
            await asyncio.sleep(0)

    def _block(self, number: int) -> bytes:
        rng = dice("block", self._batch.id, number)
        indexes = self._order[number * LINES_PER_BLOCK : (number + 1) * LINES_PER_BLOCK]
        block = b"".join(self._writer.line(rng, index, self._outcomes[index]) for index in indexes)
        if number == len(self._ends):
            self._ends.append((self._ends[-1] if number else 0) + len(block))
        return block


def _outcomes(batch: Batch, counts: Counts) -> list[str]:
    """Return the outcome of each request. Canceled and expired ones come last."""
    if batch.submitted is None:
        failing = set(dice("failing", batch.id).sample(range(batch.size), batch.errored))
    else:
        failing = {index for index, item in enumerate(batch.submitted) if item.fails}
    unprocessed = "canceled" if counts.canceled else "expired"
    left = {"succeeded": counts.succeeded, "errored": counts.errored}
    outcomes = []
    for index in range(batch.size):
        outcome = "errored" if index in failing else "succeeded"
        if left[outcome] == 0:
            outcome = unprocessed
        else:
            left[outcome] -= 1
        outcomes.append(outcome)
    return outcomes
