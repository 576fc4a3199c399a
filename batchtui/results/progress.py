"""How a fetch is getting on."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from enum import StrEnum
from time import monotonic

WINDOW_SECONDS = 3.0


class State(StrEnum):
    """What a fetch is doing."""

    OPENING = "opening"
    """Asking the server, or bringing the index up to the file."""
    READING = "reading"
    AHEAD = "ahead"
    """Far enough past the farthest row that was wanted: nothing is pulled until more is."""
    PAUSED = "paused"
    """Paused by hand."""
    RESUMING = "resuming"
    """After a break: waiting to try again, or going through what is here already."""
    FOLLOWING = "following"
    """Another batchtui on this machine fetches; its rows show here."""
    COMPLETE = "complete"
    INCOMPLETE = "incomplete"
    """The server ended it although results are missing. Run again to try again."""
    FAILED = "failed"
    """It cannot go on; `error` says why. Nothing that is here is lost: run again to go on."""


FINAL = frozenset({State.COMPLETE, State.INCOMPLETE, State.FAILED})


@dataclass(frozen=True, slots=True)
class Progress:
    """A snapshot of a fetch.

    Attributes:
        state: What it is doing.
        bytes_here: Bytes of results on this disk.
        rows_here: Results on this disk.
        rows_expected: Results that the batch has, if known.
        bytes_per_second: Over the last seconds.
        error: What went wrong last, in one sentence; empty while all is well.
        retry_in: Seconds until the next try, where one is waited for.
        notice: What the person should know although it was put right, in one sentence; empty if nothing.
    """

    state: State = State.OPENING
    bytes_here: int = 0
    rows_here: int = 0
    rows_expected: int | None = None
    bytes_per_second: float = 0.0
    error: str = ""
    retry_in: float | None = None
    notice: str = ""

    @property
    def is_final(self) -> bool:
        """Whether nothing more will happen by itself."""
        return self.state in FINAL


class Speed:
    """Bytes a second over the last few seconds."""

    def __init__(self) -> None:
        self._samples: deque[tuple[float, int]] = deque()

    def sample(self, size: int) -> float:
        """Takes the size of now and answers the speed."""
        now = monotonic()
        self._samples.append((now, size))
        while now - self._samples[0][0] > WINDOW_SECONDS:
            self._samples.popleft()
        then, before = self._samples[0]
        return max(0.0, (size - before) / (now - then)) if now > then else 0.0
