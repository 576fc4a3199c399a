"""What the index knows of one result line."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import NamedTuple

from batchtui.cost import Tokens, Usage

OUTCOMES = ("succeeded", "errored", "canceled", "expired")
"""Outcomes that the public API guide names (Batch processing); the set is open."""
US = "us"
"""The `inference_geo` that costs more. Source: public pricing page, data residency."""


class Flag(StrEnum):
    """What is odd about a line. The line is kept as it came; the flag says why to look twice."""

    NOT_JSON = "not JSON"
    NO_CUSTOM_ID = "no custom_id"
    DUPLICATE = "duplicate"
    UNKNOWN_OUTCOME = "unknown outcome"
    NO_MESSAGE = "no message"
    LOOSE_JSON = "loose JSON"
    """Read, but only by being tolerant: NaN, lone surrogates, nesting thousands deep, wrong UTF-8."""
    TOO_LONG = "too long"
    """So long that it was not read, only kept."""


class ResultRow(NamedTuple):
    """One line of a results file, in the order of the index's columns. Texts are raw: clean them to show.

    Attributes:
        n: Which result it is in the file, from 0; blank lines do not count.
        offset: Where the line starts, in bytes.
        length: How long it is in bytes, without its newline.
        custom_id: The request that it answers; empty where it has none.
        outcome: `succeeded`, `errored`, `canceled`, `expired`, another as sent, or empty.
        error_type: Such as `overloaded_error`; empty where nothing failed.
        error_message: The API's words; very long ones are cut, and end in an ellipsis.
        model: The model that answered.
        stop_reason: Such as `end_turn`; an open set.
        input_tokens: Input that was neither written to nor read from the cache.
        cache_write_tokens: Input written to the cache, of any lifetime.
        cache_write_1h_tokens: The part of it that was written for an hour.
        cache_read_tokens: Input read from the cache.
        output_tokens: Output, thinking included.
        web_searches: Searches that the server ran, which are billed apart.
        flag: What is odd about the line, or None; see `Flag`.
        inference_geo: Where the model ran, such as `us`; an open set.
        more_usage: What `usage.iterations` has and the top-level fields do not: a JSON list of
            `[model, *tokens]`, the tokens in the order of `Tokens`. Empty for nearly all results.
    """

    n: int
    offset: int
    length: int
    custom_id: str = ""
    outcome: str = ""
    error_type: str = ""
    error_message: str = ""
    model: str = ""
    stop_reason: str = ""
    input_tokens: int = 0
    cache_write_tokens: int = 0
    cache_write_1h_tokens: int = 0
    cache_read_tokens: int = 0
    output_tokens: int = 0
    web_searches: int = 0
    flag: str | None = None
    inference_geo: str = ""
    more_usage: str = ""

    @property
    def all_input_tokens(self) -> int:
        """Input read in any way: fresh, written to the cache, read from it."""
        return self.input_tokens + self.cache_write_tokens + self.cache_read_tokens

    @property
    def usages(self) -> list[Usage]:
        """What this request used, as it is billed: one for each model call that is billed on its own."""
        tokens = Tokens(
            input=self.input_tokens,
            output=self.output_tokens,
            cache_write_5m=max(self.cache_write_tokens - self.cache_write_1h_tokens, 0),
            cache_write_1h=self.cache_write_1h_tokens,
            cache_read=self.cache_read_tokens,
            searches=self.web_searches,
        )
        is_us = self.inference_geo == US
        return [
            Usage(self.model, tokens, self.all_input_tokens, is_us),
            *parse_more_usage(self.more_usage, is_us=is_us),
        ]


def parse_more_usage(more_usage: str, *, is_us: bool) -> list[Usage]:
    """The usages of a row's `more_usage`."""
    parts = ((model, Tokens(*tokens)) for model, *tokens in json.loads(more_usage or "[]"))
    return [Usage(model, tokens, tokens.all_input, is_us) for model, tokens in parts]
