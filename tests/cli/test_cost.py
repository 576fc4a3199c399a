"""`cost` as scripts call it: fetches what it must, and says in words or JSON what batches cost."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from decimal import Decimal

from batchtui.sandbox import Embedded
from tests.canned_server import answer, canned_server
from tests.cli.test_commands import command

OLD_HAIKU, TWO_MODELS = "msgbatch_01xRwFKgo6Cnmi8spKCz8Rrr", "msgbatch_01F8lkGbr0t0DwJ4qmBH2dCr"
"""Two small batches that every sandbox with the usual seed has."""

# claude-3-5-haiku: half of (6,067 * 0.8 + 2,552 * 4 + 12,288 * 0.08) / 1,000,000 = 0.00802232
# claude-opus-4-5:  half of (5,029 * 5 + 1,038 * 25) / 1,000,000 = 0.0255475
# claude-haiku-4-5: half of (5,030 * 1 + 1,309 * 5) / 1,000,000 = 0.0057875
GOLDEN = f"""\
{OLD_HAIKU}
model                      input  output  cache 5m  cache 1h  cache read  searches     cost
claude-3-5-haiku-20241022  6,067   2,552         0         0      12,288         0  $0.0080

{TWO_MODELS}
model                       input  output  cache 5m  cache 1h  cache read  searches     cost
claude-opus-4-5-20251101    5,029   1,038         0         0           0         0  $0.0255
claude-haiku-4-5-20251001   5,030   1,309         0         0           0         0  $0.0058
total                      10,059   2,347         0         0           0         0  $0.0313

2 batches
model                       input  output  cache 5m  cache 1h  cache read  searches     cost
claude-opus-4-5-20251101    5,029   1,038         0         0           0         0  $0.0255
claude-3-5-haiku-20241022   6,067   2,552         0         0      12,288         0  $0.0080
claude-haiku-4-5-20251001   5,030   1,309         0         0           0         0  $0.0058
total                      16,126   4,899         0         0      12,288         0  $0.0394
"""


def test_by_model_and_in_all(frozen_sandbox: Embedded) -> None:
    key, url = frozen_sandbox.api_key, frozen_sandbox.base_url
    done = command("cost", OLD_HAIKU, TWO_MODELS, OLD_HAIKU, key=key, url=url)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == GOLDEN
    again = command("cost", TWO_MODELS[:-3], "--json", key=key, url=url)
    (line,) = again.stdout.splitlines()
    assert json.loads(line, parse_float=Decimal) == {
        "id": TWO_MODELS,
        "cost_usd": Decimal("0.031335"),
        "tokens": tokens(10_059, 2_347),
        "models": [
            {
                "model": "claude-opus-4-5-20251101",
                "cost_usd": Decimal("0.0255475"),
                "tokens": tokens(5_029, 1_038),
            },
            {
                "model": "claude-haiku-4-5-20251001",
                "cost_usd": Decimal("0.0057875"),
                "tokens": tokens(5_030, 1_309),
            },
        ],
    }


def tokens(fresh: int, output: int) -> dict[str, int]:
    rest = dict.fromkeys(("cache_write_5m", "cache_write_1h", "cache_read", "searches"), 0)
    return {"input": fresh, "output": output} | rest


def test_before_the_end_nothing_can_be_known(frozen_sandbox: Embedded) -> None:
    key, url = frozen_sandbox.api_key, frozen_sandbox.base_url
    listed = command("list", "--status", "in_progress", "--limit", "1", "--json", key=key, url=url)
    running = json.loads(listed.stdout)["id"]
    done = command("cost", running, key=key, url=url)
    assert (done.returncode, done.stdout) == (1, "")
    assert running in done.stderr
    assert "is still running" in done.stderr


def test_a_batch_that_fails_does_not_keep_the_others_from_their_cost(frozen_sandbox: Embedded) -> None:
    key, url = frozen_sandbox.api_key, frozen_sandbox.base_url
    listed = command("list", "--status", "in_progress", "--limit", "1", "--json", key=key, url=url)
    running = json.loads(listed.stdout)["id"]
    words = ("cost", "msgbatch_never", TWO_MODELS, running, TWO_MODELS[:-2])
    done = command(*words, "--json", key=key, url=url)
    assert done.returncode == 1
    assert [json.loads(line)["id"] for line in done.stdout.splitlines()] == [TWO_MODELS]
    never, not_ended, summary = done.stderr.splitlines()
    assert "'msgbatch_never' not found" in never
    assert not_ended.startswith(f"{running} is still running")
    assert summary == "batchtui: 2 of 4 batches failed."


def test_the_total_counts_only_batches_whose_cost_is_known(frozen_sandbox: Embedded) -> None:
    key, url = frozen_sandbox.api_key, frozen_sandbox.base_url
    done = command("cost", OLD_HAIKU, "msgbatch_never", TWO_MODELS, key=key, url=url)
    assert done.returncode == 1
    assert "\n2 batches\n" in done.stdout
    assert done.stderr.splitlines()[-1] == "batchtui: 1 of 3 batches failed."


def test_a_part_of_the_results_has_no_cost(sandbox_with: Callable[..., Embedded]) -> None:
    short = sandbox_with(speed=0, faults=("short:2000", "no-range"))
    done = command("cost", TWO_MODELS, key=short.api_key, url=short.base_url)
    assert (done.returncode, done.stdout) == (5, "")
    assert "Incomplete" in done.stderr


ATTACK = "\x1b[31mclaude-9\x07"
BATCH = {
    "id": "b1",
    "type": "message_batch",
    "processing_status": "ended",
    "request_counts": {"processing": 0, "succeeded": 1, "errored": 0, "canceled": 0, "expired": 0},
    "created_at": "2026-11-20T10:00:00Z",
    "expires_at": "2026-11-21T10:00:00Z",
    "ended_at": "2026-11-20T11:00:00Z",
    "results_url": "https://there.example/results",
}
REPLY = {"model": ATTACK, "usage": {"input_tokens": 7, "output_tokens": 1}}
LINE = {"custom_id": "a", "result": {"type": "succeeded", "message": REPLY}}


async def test_an_unknown_model_of_a_hostile_name_has_no_price() -> None:
    body = json.dumps(LINE, ensure_ascii=False).encode() + b"\n"
    answers = answer("200 OK", json.dumps(BATCH).encode()), answer("200 OK", body)
    async with canned_server(*answers) as server:
        done = await asyncio.to_thread(command, "cost", "b1", key="sk-test", url=server.base_url)
        again = await asyncio.to_thread(command, "cost", "b1", "--json", key="sk-test", url=server.base_url)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1].split() == ["␛[31mclaude-9␇", "7", "1", *"0000", "unknown"]
    said = json.loads(again.stdout)
    assert said["cost_usd"] is None
    assert [model["model"] for model in said["models"]] == [ATTACK]


USAGE = {
    "input_tokens": 23_000,
    "output_tokens": 1_000,
    "inference_geo": "us",
    "iterations": [
        {"type": "compaction", "input_tokens": 180_000, "output_tokens": 3_500},
        {"type": "message", "input_tokens": 23_000, "output_tokens": 1_000},
        {"type": "advisor_message", "model": "claude-mythos-5", "input_tokens": 900, "output_tokens": 100},
    ],
}


async def test_a_bill_has_compaction_the_advisor_and_the_place() -> None:
    # Opus 4.6: (203,000 * 5 + 4,500 * 25) / 1,000,000 = 1.1275; half of it, times 1.1: 0.620125.
    # Mythos 5: (900 * 10 + 100 * 50) / 1,000,000 = 0.014; half of it, times 1.1: 0.0077.
    result = {"type": "succeeded", "message": {"model": "claude-opus-4-6", "usage": USAGE}}
    body = json.dumps({"custom_id": "a", "result": result}).encode() + b"\n"
    answers = answer("200 OK", json.dumps(BATCH).encode()), answer("200 OK", body)
    async with canned_server(*answers) as server:
        done = await asyncio.to_thread(command, "cost", "b1", "--json", key="sk-test", url=server.base_url)
    said = json.loads(done.stdout, parse_float=Decimal)
    assert said["cost_usd"] == Decimal("0.627825")
    assert {model["model"]: model["cost_usd"] for model in said["models"]} == {
        "claude-opus-4-6": Decimal("0.620125"),
        "claude-mythos-5": Decimal("0.0077"),
    }
