"""Jobs: kinds of work, with the text fragments of their replies."""

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
        openings: First sentences.
        paragraphs: Paragraphs of the body, each in several variants.
        closings: Last sentences.
        cuts: Truncated paragraphs.
        shapes: Names of `SHAPES`, each repeated by its frequency.
        length: Typical length of a reply in characters. A few are forty times as long.
        input_tokens: Typical length of a prompt.
        joiner: Separator of paragraphs.
        failures: Error types and messages, if the job has its own.
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
        """Return this many paragraphs. None is repeated before all others have been used."""
        rounds, rest = divmod(count, len(self.paragraphs))
        chosen = [*self.paragraphs * rounds, *rng.sample(self.paragraphs, rest)]
        return self.joiner.join([rng.choice(variants) for variants in chosen])


@functools.cache
def load_job(name: str) -> Job:
    """Load `jobs/<name>.toml`, with several variants of each text. `hostile` is not a file."""
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
    """Fill each `<slot>` in a text from `words.toml`. Unknown slots are left unchanged."""
    words = _words()
    return SLOT.sub(lambda match: rng.choice(words[match[1]]) if match[1] in words else match[0], text)


@functools.cache
def _words() -> dict[str, list[str]]:
    return _read("words.toml")


def _read(path: str) -> dict[str, Any]:
    return tomllib.loads((resources.files("batchtui.sandbox.content") / path).read_text("utf-8"))
