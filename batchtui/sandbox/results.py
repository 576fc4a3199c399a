"""One batch's result lines, made from the seed each time they are read and never held in memory."""

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

# Some 150 kB, made in a millisecond or two: other requests never wait longer than that.
LINES_PER_BLOCK = 64


class ResultFile:
    """The results of an ended batch as a file that can be read from any byte.

    Lines come in blocks. A block depends only on the batch and its own number, so any block can be made
    again; of those made so far the file remembers where they end.

    Args:
        batch: The batch, which has ended.
        counts: Its final counts: the lines contain exactly these.
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
        """How many bytes there are. The first time, this makes every line."""
        for number in range(len(self._ends), self._blocks):
            self._make(number)
            await asyncio.sleep(0)
        return self._ends[-1]

    async def read(self, start: int = 0) -> AsyncIterator[bytes]:
        """The file from a byte on, in chunks.

        Args:
            start: The first byte wanted, from 0.
        """
        first = bisect.bisect_right(self._ends, start)
        position = self._ends[first - 1] if first else 0
        for number in range(first, self._blocks):
            block = self._make(number)
            if position + len(block) > start:
                yield block[max(0, start - position) :]
            position += len(block)
            await asyncio.sleep(0)

    def _make(self, number: int) -> bytes:
        rng = dice("block", self._batch.id, number)
        indexes = self._order[number * LINES_PER_BLOCK : (number + 1) * LINES_PER_BLOCK]
        block = b"".join(self._writer.line(rng, index, self._outcomes[index]) for index in indexes)
        if number == len(self._ends):
            self._ends.append((self._ends[-1] if number else 0) + len(block))
        return block


def _outcomes(batch: Batch, counts: Counts) -> list[str]:
    """The outcome of each request: those that fail are fixed, those that were too late come last."""
    if batch.submitted is None:
        failing = set(dice("failing", batch.id).sample(range(batch.size), batch.errored))
    else:
        failing = {index for index, one in enumerate(batch.submitted) if one.fails}
    too_late = "canceled" if counts.canceled else "expired"
    left = {"succeeded": counts.succeeded, "errored": counts.errored}
    outcomes = []
    for index in range(batch.size):
        outcome = "errored" if index in failing else "succeeded"
        if left[outcome] == 0:
            outcome = too_late
        else:
            left[outcome] -= 1
        outcomes.append(outcome)
    return outcomes
