"""Result lines to measure with: made up, always the same, about 2.7 kB each."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path

RARE_WORD = "saxifragaceous"
"""Stands in one answer only, near the end."""
COMMON_WORD = "therefore"
"""Stands in nearly every answer."""
RARE_PLACE = 0.995

MEDIAN_CHARS, SPREAD = 1500, 0.93
"""Answers are log-normal in length, as texts are: most are short, some very long."""
LONGEST_CHARS = 60_000
CORPUS_CHARS = 1_000_000
BLOCK_LINES = 1000
REQUEST_BYTES = 2380
"""Of text in each request."""

_TEXT = (
    "the of and to in is that for it as with was on be by this are from or an which at not "
    "invoice contract clause sentiment summary because therefore however category evidence paragraph "
    "question answer reason first second compare between language naïve café 結果 要約 → 🚀"
)
_WORDS = _TEXT.split()
_MODELS = ("claude-haiku-4-5-20251001", "claude-opus-4-5-20251101", "claude-sonnet-4-5-20250929")
_ERRORS = (
    ("invalid_request_error", "prompt is too long: {n} tokens > 200000 maximum"),
    ("overloaded_error", "Overloaded"),
    ("api_error", "Internal server error"),
)


def write_results(path: Path, lines: int) -> None:
    """Writes so many result lines; the same ones each time."""
    chance = random.Random(lines)
    corpus = _corpus(chance)
    with path.open("w", encoding="utf-8", newline="") as file:
        for start in range(0, lines, BLOCK_LINES):
            numbers = range(start, min(start + BLOCK_LINES, lines))
            file.writelines(_line(n, lines, corpus, chance) for n in numbers)


def write_requests(path: Path, requests: int, *, as_array: bool = False) -> None:
    """Writes so many requests, the same ones each time, as lines or as an array; 100,000 fit one batch."""
    chance = random.Random(requests)
    corpus = _corpus(chance).encode()
    with path.open("wb") as file:
        file.write(b"[" * as_array)
        for n in range(requests):
            start = chance.randrange(CORPUS_CHARS)
            text = corpus[start : start + REQUEST_BYTES].decode(errors="ignore")
            line = json.dumps(_request(n, text), ensure_ascii=False).encode()
            file.write(b",\n" * (as_array and n > 0) + line + b"\n" * (not as_array))
        file.write(b"]" * as_array)


def _request(n: int, text: str) -> dict[str, object]:
    message = {"role": "user", "content": text}
    return {
        "custom_id": custom_id(n),
        "params": {"model": _MODELS[0], "max_tokens": 1024, "messages": [message]},
    }


def custom_id(n: int) -> str:
    """The custom_id of line `n`, from 0."""
    return f"req-{n:07d}"


def errored(lines: int) -> int:
    """How many of so many lines are errors."""
    return sum(1 for _ in _errored_numbers(lines))


def _errored_numbers(lines: int) -> Iterator[int]:
    return iter(range(7, lines, 16))


def _corpus(chance: random.Random) -> str:
    words: list[str] = []
    size = 0
    while size < CORPUS_CHARS + LONGEST_CHARS:
        sentence = chance.choices(_WORDS, k=chance.randint(5, 18))
        words += sentence
        size += len(" ".join(sentence)) + 1
    return " ".join(words)


def _line(n: int, lines: int, corpus: str, chance: random.Random) -> str:
    if n % 16 == 7:
        return f'{{"custom_id":"{custom_id(n)}","result":{_error(n, chance)}}}\n'
    length = min(LONGEST_CHARS, int(MEDIAN_CHARS * chance.lognormvariate(0, SPREAD)))
    start = chance.randrange(CORPUS_CHARS)
    half = length // 2
    middle = f" {RARE_WORD} " if n == int(lines * RARE_PLACE) else r"\n\n"
    text = f"{corpus[start : start + half]}{middle}{corpus[start + half : start + length]}"
    return f'{{"custom_id":"{custom_id(n)}","result":{_message(n, text, length, chance)}}}\n'


def _error(n: int, chance: random.Random) -> str:
    kind, message = _ERRORS[chance.randrange(len(_ERRORS))]
    return (
        f'{{"type":"errored","error":{{"type":"error","error":{{"type":"{kind}",'
        f'"message":"{message.format(n=200_000 + n)}"}},"request_id":"req_{n:024d}"}}}}'
    )


def _message(n: int, text: str, length: int, chance: random.Random) -> str:
    model = _MODELS[chance.randrange(len(_MODELS))]
    return (
        f'{{"type":"succeeded","message":{{"id":"msg_{n:024d}","type":"message","role":"assistant",'
        f'"model":"{model}","content":[{{"type":"text","text":"{text}"}}],'
        '"stop_reason":"end_turn","stop_sequence":null,'
        f'"usage":{{"input_tokens":{chance.randrange(50, 8000)},"cache_creation_input_tokens":0,'
        '"cache_read_input_tokens":0,'
        '"cache_creation":{"ephemeral_5m_input_tokens":0,"ephemeral_1h_input_tokens":0},'
        f'"output_tokens":{length // 4 + 1},"service_tier":"batch"}}}}}}'
    )
