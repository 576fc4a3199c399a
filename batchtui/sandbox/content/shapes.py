"""The blocks around a reply's text: thinking, tools, searches, citations, refusals.

Schemas are from the public API reference, "Messages". Each function makes one `Shape`.
"""

from __future__ import annotations

import base64
import dataclasses
from typing import TYPE_CHECKING, Any

from batchtui.sandbox.chance import dice, make_id
from batchtui.sandbox.content.job import Job, fill

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    Json = dict[str, Any]

OPAQUE = base64.b64encode(dice("opaque").randbytes(6000)).decode()
NO_USES = {"web_search_requests": 0, "web_fetch_requests": 0}
DIRECT = {"type": "direct"}
"""Caller of a tool: the model itself, not code that it runs."""


@dataclasses.dataclass
class Shape:
    """The parts of one reply other than its text.

    Attributes:
        before: Blocks before the text.
        after: Blocks after the text.
        citations: The text block's citations.
        stop_reason: The message's `stop_reason`.
        stop_sequence: The message's `stop_sequence`.
        tools_used: The usage's `server_tool_use`.
        details: Keys of the message that are not null.
        text: Text that replaces the job's.
    """

    before: list[Json] = dataclasses.field(default_factory=list)
    after: list[Json] = dataclasses.field(default_factory=list)
    citations: list[Json] | None = None
    stop_reason: str = "end_turn"
    stop_sequence: str | None = None
    tools_used: dict[str, int] | None = None
    details: Json = dataclasses.field(default_factory=dict)
    text: str | None = None


def _opaque(rng: Random, length: int) -> str:
    start = rng.randrange(len(OPAQUE) - length)
    return OPAQUE[start : start + length] + "=="


def text_block(text: str, citations: list[Json] | None = None) -> Json:
    """Return a text block."""
    return {"type": "text", "text": text, "citations": citations}


def _server_tool(rng: Random, name: str, given: Json, result: object) -> list[Json]:
    """Return a server tool call and the block with its result."""
    use_id = make_id(rng, "srvtoolu_")
    block = "tool_search" if name.startswith("tool_search") else name
    caller = {"caller": DIRECT} if name.startswith("web_") else {}
    return [
        {"type": "server_tool_use", "id": use_id, "name": name, "input": given, "caller": DIRECT},
        {"type": f"{block}_tool_result", "tool_use_id": use_id, "content": result, **caller},
    ]


def _text(rng: Random, job: Job) -> Shape:
    return Shape()


def _thinking(rng: Random, job: Job) -> Shape:
    opening = rng.choice(("Let me work through this.", "One thing is asked here.", "First, what is given?"))
    thoughts = opening + "\n\n" + job.body(rng, rng.randint(1, 4))
    return Shape(before=[{"type": "thinking", "thinking": thoughts, "signature": _opaque(rng, 300)}])


def _hidden_thinking(rng: Random, job: Job) -> Shape:
    return Shape(before=[{"type": "thinking", "thinking": "", "signature": _opaque(rng, 500)}])


def _redacted(rng: Random, job: Job) -> Shape:
    return Shape(before=[{"type": "redacted_thinking", "data": _opaque(rng, 400)}])


def _tool(rng: Random, job: Job) -> Shape:
    name, given = rng.choice(
        (
            ("get_order", {"order_id": fill("A-<n>417", rng), "include": ["items", "refunds"]}),
            (
                "escalate",
                {"team": "billing", "reason": fill("<company> disputes an invoice", rng), "urgent": False},
            ),
            ("get_weather", {"city": fill("<city>", rng), "days": rng.randint(1, 14), "units": "metric"}),
            (
                "record_summary",
                {
                    "label": fill("<topic>", rng),
                    "score": round(rng.random(), 3),
                    "nested": {"ok": True, "n": None, "tags": [fill("<month>", rng), fill("<city>", rng)]},
                },
            ),
        )
    )
    use = {"type": "tool_use", "id": make_id(rng, "toolu_"), "name": name, "input": given}
    return Shape(after=[{**use, "caller": DIRECT, "toolset_name": None}], stop_reason="tool_use")


def _search(rng: Random, job: Job) -> Shape:
    hits = [
        {
            "type": "web_search_result",
            "title": fill("What is known about <topic>", rng),
            "url": "https://" + fill("<site>", rng),
            "encrypted_content": _opaque(rng, 200),
            "page_age": rng.choice((None, "3 weeks ago", "October 2, 2026")),
        }
        for _ in range(rng.randint(1, 5))
    ]
    citation = {
        "type": "web_search_result_location",
        "cited_text": fill("Output rose by <pct> in <year>.", rng),
        "url": hits[0]["url"],
        "title": hits[0]["title"],
        "encrypted_index": _opaque(rng, 60),
    }
    return Shape(
        before=[
            text_block("I’ll look that up."),
            *_server_tool(rng, "web_search", {"query": fill("<topic> <year> figures", rng)}, hits),
        ],
        citations=[citation],
        tools_used={**NO_USES, "web_search_requests": 1},
    )


def _failed_search(rng: Random, job: Job) -> Shape:
    code = rng.choice(("max_uses_exceeded", "too_many_requests", "unavailable", "query_too_long"))
    error = {"type": "web_search_tool_result_error", "error_code": code}
    return Shape(
        before=_server_tool(rng, "web_search", {"query": fill("<topic>", rng)}, error),
        tools_used={**NO_USES, "web_search_requests": 1},
    )


def _fetch(rng: Random, job: Job) -> Shape:
    url = "https://" + fill("<site>", rng)
    source = {"type": "text", "media_type": "text/plain", "data": fill("A short page about <topic>.", rng)}
    document = {"type": "document", "source": source, "title": "Field notes", "citations": None}
    page = {
        "type": "web_fetch_result",
        "url": url,
        "content": document,
        "retrieved_at": "2026-11-01T09:30:00Z",
    }
    return Shape(
        before=_server_tool(rng, "web_fetch", {"url": url}, page),
        tools_used={**NO_USES, "web_fetch_requests": 1},
    )


def _code_run(rng: Random, job: Job) -> Shape:
    stdout, stderr, code = rng.choice(
        (
            ("rows read: 4550\nmean: 31.207\n", "", 0),
            ("ok\n", "", 0),
            ("", "Traceback (most recent call last):\n  ValueError: no header row\n", 1),
        )
    )
    result = {"stdout": stdout, "stderr": stderr, "return_code": code, "content": []}
    command = {"command": f"python summarize.py --top {rng.randint(3, 40)}"}
    return Shape(
        before=_server_tool(
            rng, "bash_code_execution", command, {"type": "bash_code_execution_result", **result}
        ),
        details={
            "container": {
                "id": make_id(rng, "container_"),
                "expires_at": "2026-11-20T12:00:00Z",
                "skills": None,
            }
        },
    )


def _edit(rng: Random, job: Job) -> Shape:
    given = {"command": "create", "path": fill("<file>", rng), "file_text": "# to do\n"}
    result = {"type": "text_editor_code_execution_create_result", "is_file_update": rng.random() < 0.5}
    return Shape(before=_server_tool(rng, "text_editor_code_execution", given, result))


def _tool_search(rng: Random, job: Job) -> Shape:
    found = [{"type": "tool_reference", "tool_name": name} for name in ("get_order", "get_weather")]
    result = {"type": "tool_search_tool_search_result", "tool_references": found}
    shape = _tool(rng, job)
    shape.before = _server_tool(rng, "tool_search_tool_regex", {"pattern": "get_.*"}, result)
    return shape


def _connector(rng: Random, job: Job) -> Shape:
    use_id, given = make_id(rng, "mcptoolu_"), {"title": fill("<topic>", rng)}
    found = [text_block("1 page found")]
    return Shape(
        before=[
            {
                "type": "mcp_tool_use",
                "id": use_id,
                "name": "find_page",
                "server_name": "wiki",
                "input": given,
            },
            {"type": "mcp_tool_result", "tool_use_id": use_id, "is_error": False, "content": found},
        ]
    )


def _cited(rng: Random, job: Job) -> Shape:
    quote = fill("Revenue from <city> grew by <pct>, to <money> a unit.", rng)
    start, page = rng.randint(0, 40_000), rng.randint(1, 80)
    chars = {
        "type": "char_location",
        "cited_text": quote,
        "document_index": 0,
        "document_title": fill("<company>, annual report <year>", rng),
        "start_char_index": start,
        "end_char_index": start + len(quote),
        "file_id": None,
    }
    pages = {
        "type": "page_location",
        "cited_text": quote,
        "document_index": 1,
        "document_title": None,
        "start_page_number": page,
        "end_page_number": page + 1,
        "file_id": None,
    }
    return Shape(citations=rng.choice(([chars], [pages], [chars, pages])))


def _upload(rng: Random, job: Job) -> Shape:
    return Shape(after=[{"type": "container_upload", "file_id": make_id(rng, "file_")}])


def _future(rng: Random, job: Job) -> Shape:
    """Add a block of an unknown type, because the set of types is open."""
    return Shape(
        after=[{"type": "hologram", "frames": rng.randint(2, 90), "caption": fill("View of <city>", rng)}]
    )


def _cut(rng: Random, job: Job) -> Shape:
    text = rng.choice(job.openings) + job.body(rng, rng.randint(1, 5)) + job.joiner + rng.choice(job.cuts)
    return Shape(text=text, stop_reason=rng.choice(("max_tokens",) * 9 + ("model_context_window_exceeded",)))


def _refusal(rng: Random, job: Job) -> Shape:
    category, explanation = rng.choice(
        (
            ("cyber", "The request asks for a working exploit."),
            ("bio", "The request asks for steps that could help to make a dangerous agent."),
            (None, None),
        )
    )
    details = {"stop_details": {"type": "refusal", "category": category, "explanation": explanation}}
    return Shape(text="I can’t help with this one.", stop_reason="refusal", details=details)


def _stop_sequence(rng: Random, job: Job) -> Shape:
    return Shape(stop_reason="stop_sequence", stop_sequence="</answer>")


def _pause(rng: Random, job: Job) -> Shape:
    return dataclasses.replace(_search(rng, job), stop_reason="pause_turn")


SHAPES: dict[str, Callable[[Random, Job], Shape]] = {
    "text": _text,
    "thinking": _thinking,
    "hidden_thinking": _hidden_thinking,
    "redacted": _redacted,
    "tool": _tool,
    "search": _search,
    "failed_search": _failed_search,
    "fetch": _fetch,
    "code_run": _code_run,
    "edit": _edit,
    "tool_search": _tool_search,
    "connector": _connector,
    "cited": _cited,
    "upload": _upload,
    "future": _future,
    "cut": _cut,
    "refusal": _refusal,
    "stop_sequence": _stop_sequence,
    "pause": _pause,
}
"""All shapes by name. Jobs define which they use and how often."""

UNUSUAL = ("cut",) * 7 + ("refusal",) * 4 + ("stop_sequence",) * 2 + ("pause", "future", "upload", "redacted")
"""Shapes that may occur in any job, each repeated by its frequency."""
