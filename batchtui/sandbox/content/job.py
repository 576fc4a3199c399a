"""Jobs: kinds of work that people give to batches, and the pieces that their answers are made of."""

from __future__ import annotations

import functools
import re
import tomllib
from importlib import resources
from typing import TYPE_CHECKING, Any, NamedTuple

from batchtui.sandbox.chance import dice
from batchtui.sandbox.content import hostile

if TYPE_CHECKING:
    from random import Random

SLOT = re.compile(r"<(\w+)>")
VARIANTS = 12


class Job(NamedTuple):
    """One kind of work.

    Attributes:
        openings: How answers begin.
        paragraphs: What they go on with, each in several variants.
        closings: How they end.
        cuts: Paragraphs that break off in the middle.
        shapes: Names of `SHAPES`, each as often as it should be chosen.
        length: The usual length of an answer, in characters. A few are forty times as long.
        input_tokens: The usual length of a prompt.
        joiner: What stands between two paragraphs.
        failures: How its requests fail (error type and message), where that is special.
    """

    openings: list[str]
    paragraphs: list[list[str]]
    closings: list[str]
    cuts: list[str]
    shapes: list[str]
    length: int
    input_tokens: int
    joiner: str
    failures: tuple[tuple[str, str], ...]

    def body(self, rng: Random, count: int) -> str:
        """So many paragraphs; none comes again before all others were there."""
        rounds, rest = divmod(count, len(self.paragraphs))
        chosen = [*self.paragraphs * rounds, *rng.sample(self.paragraphs, rest)]
        return self.joiner.join([rng.choice(variants) for variants in chosen])


@functools.cache
def load_job(name: str) -> Job:
    """Read `jobs/<name>.toml`, each text in several variants; `hostile` is the one that is not a file."""
    source = hostile.SOURCE if name == "hostile" else _read(f"jobs/{name}.toml")
    rng = dice("job", name)
    edge = source.get("edge", "\n\n")

    def variants(texts: list[str]) -> list[str]:
        return [fill(text, rng) for text in texts for _ in range(VARIANTS)]

    return Job(
        openings=variants([text and text + edge for text in source["openings"]]),
        paragraphs=[variants([text]) for text in source["paragraphs"]],
        closings=variants([text and edge + text for text in source["closings"]]),
        cuts=variants([text[: len(text) // 2] for text in source["paragraphs"]]),
        shapes=[shape for shape, times in source["shapes"].items() for _ in range(times)],
        length=source["length"],
        input_tokens=source["input_tokens"],
        joiner=source.get("joiner", "\n\n"),
        failures=source.get("failures", ()),
    )


def fill(text: str, rng: Random) -> str:
    """The text with each `<slot>` filled from `words.toml`; what is no slot stays as it is."""
    words = _words()
    return SLOT.sub(lambda match: rng.choice(words[match[1]]) if match[1] in words else match[0], text)


@functools.cache
def _words() -> dict[str, list[str]]:
    return _read("words.toml")


def _read(path: str) -> dict[str, Any]:
    return tomllib.loads((resources.files("batchtui.sandbox.content") / path).read_text("utf-8"))
