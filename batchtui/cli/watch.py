"""`watch`: wait until batches have ended."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from batchtui.cli.completion import complete_id
from batchtui.cli.context import Session
from batchtui.cli.errors import Failed
from batchtui.cli.output import print_line, print_objects, say
from batchtui.cli.progress import show_progress
from batchtui.process import FAILED, INCOMPLETE
from batchtui.text import count, duration, percent, plural

if TYPE_CHECKING:
    from batchtui.cache import Batch
    from batchtui.workspace import PollResult, Workspace

BAR = 24


@click.command()
@click.argument("ids", metavar="ID…", nargs=-1, required=True, shell_complete=complete_id)
@click.option(
    "--interval",
    metavar="S",
    type=click.FloatRange(0.1),
    help="Poll interval in seconds; by default 5, backing off to 60 while nothing changes.",
)
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object for each change.")
@click.pass_obj
def watch(session: Session, ids: tuple[str, ...], interval: float | None, as_json: bool) -> None:
    """Wait until batches have ended.

    Prints a line for each batch as it ends, and shows a progress bar on a terminal. Retries with backoff
    while the network is down.

    Exits with 0 if every request succeeded, 5 if some did not, and 1 if a batch was not found.
    """

    async def work(workspace: Workspace) -> None:
        from batchtui.workspace import PollResult

        batch_ids = [workspace.full_id(batch_id) for batch_id in ids]
        lost: list[str] = []
        batches: Sequence[Batch] = ()
        async for step in workspace.watch(batch_ids, interval):
            if isinstance(step, PollResult):
                lost += step.gone
                batches = step.batches
                _report(workspace, step, as_json)
                show_progress(_bar(batches))
            else:
                show_progress("")
                say(f"{step.reason} Retrying in {duration(step.seconds)}.")
                _event(as_json, "unreachable", error=step.reason, retry_in=step.seconds)
        show_progress("")
        _conclude(batches, lost)

    session.run(work)


def _report(workspace: Workspace, result: PollResult, as_json: bool) -> None:
    import json

    for batch in result.changed:
        wire = workspace.wire(batch.id) or "null"
        _event(as_json, "ended" if batch.is_ended else "changed", batch=json.loads(wire))
        if batch.is_ended and not as_json:
            show_progress("")
            print_line(f"{batch.id}  ended  {_outcome(batch)}")
    for batch_id in result.gone:
        _event(as_json, "gone", id=batch_id)


def _event(as_json: bool, name: str, **facts: object) -> None:
    if as_json:
        at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        print_objects([{"event": name, "at": at, **facts}])


def _outcome(batch: Batch) -> str:
    numbers = zip(batch.counts._fields[1:], batch.counts[1:], strict=True)
    return ", ".join(f"{count(number)} {name}" for name, number in numbers if number) or "no requests"


def _bar(batches: Sequence[Batch]) -> str:
    """Return the progress bar; without a bar while there are no counts."""
    running = [batch for batch in batches if not batch.is_ended]
    if not running:
        return ""
    total, done = sum(b.counts.total for b in batches), sum(b.counts.done for b in batches)
    state = f"{len(running)} of {plural(len(batches), 'batch', 'batches')} running"
    age = duration(time.time() - min(batch.created_at for batch in running))
    if not done:
        return f"{state} · started {age} ago · counts arrive when it ends"
    filled = BAR * done // max(total, 1)
    return f"{'█' * filled}{'░' * (BAR - filled)} {percent(done, total)} · {state} · {age}"


def _conclude(batches: Sequence[Batch], lost: Sequence[str]) -> None:
    """Fail unless every request succeeded."""
    if lost:
        raise Failed(f"{', '.join(lost)} not found: deleted, or in another workspace.", FAILED)
    failed = sum(batch.counts.total - batch.counts.succeeded for batch in batches)
    if failed:
        of = plural(sum(batch.counts.total for batch in batches), "request", "requests")
        hint = "Run `batchtui errors ID` for details."
        raise Failed(f"{count(failed)} of {of} did not succeed. {hint}", INCOMPLETE)
