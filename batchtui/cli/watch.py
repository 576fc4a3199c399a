"""`watch`: follows batches until all have ended."""

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
    from batchtui.workspace import Workspace
    from batchtui.workspace.watch import Looked

BAR = 24


@click.command()
@click.argument("ids", metavar="ID…", nargs=-1, required=True, shell_complete=complete_id)
@click.option(
    "--interval",
    metavar="S",
    type=click.FloatRange(0.1),
    help="Seconds between two looks; 5 by default, ever more up to 60 while nothing changes.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object for each change.")
@click.pass_obj
def watch(session: Session, ids: tuple[str, ...], interval: float | None, as_json: bool) -> None:
    """Follow batches until all of them have ended, canceled ones too.

    Prints a line for each batch as it ends. On a terminal a bar on stderr shows how far they are. Losing the
    network does no harm: it tries again, ever less often, for as long as it takes.

    Exits with 0 if every request succeeded, with 5 if some did not, with 1 if a batch is gone.
    """

    async def work(workspace: Workspace) -> None:
        from batchtui.workspace.watch import Looked

        batch_ids = [workspace.full_id(batch_id) for batch_id in ids]
        lost: list[str] = []
        batches: Sequence[Batch] = ()
        async for step in workspace.watch(batch_ids, interval):
            if isinstance(step, Looked):
                lost += step.gone
                batches = step.batches
                _tell(workspace, step, as_json)
                show_progress(_bar(batches))
            else:
                show_progress("")
                say(f"{step.why} Trying again in {duration(step.seconds)}.")
                _event(as_json, "unreachable", error=step.why, retry_in=step.seconds)
        show_progress("")
        _conclude(batches, lost)

    session.run(work)


def _tell(workspace: Workspace, looked: Looked, as_json: bool) -> None:
    """What changed since the last look."""
    import json

    for batch in looked.changed:
        wire = workspace.batches.wire(batch.id) or "null"
        _event(as_json, "ended" if batch.is_ended else "changed", batch=json.loads(wire))
        if batch.is_ended and not as_json:
            show_progress("")
            print_line(f"{batch.id}  ended  {_outcome(batch)}")
    for batch_id in looked.gone:
        _event(as_json, "gone", id=batch_id)


def _event(as_json: bool, name: str, **facts: object) -> None:
    if as_json:
        at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        print_objects([{"event": name, "at": at, **facts}])


def _outcome(batch: Batch) -> str:
    numbers = zip(batch.counts._fields[1:], batch.counts[1:], strict=True)
    return ", ".join(f"{count(number)} {name}" for name, number in numbers if number) or "no requests"


def _bar(batches: Sequence[Batch]) -> str:
    """How far they are; no bar while the API tells nothing of it."""
    running = [batch for batch in batches if not batch.is_ended]
    if not running:
        return ""
    total, done = sum(b.counts.total for b in batches), sum(b.counts.done for b in batches)
    of = f"{len(running)} of {plural(len(batches), 'batch', 'batches')} running"
    age = duration(time.time() - min(batch.created_at for batch in running))
    if not done:
        return f"{of} · started {age} ago · counts arrive when it ends"
    filled = BAR * done // max(total, 1)
    return f"{'█' * filled}{'░' * (BAR - filled)} {percent(done, total)} · {of} · {age}"


def _conclude(batches: Sequence[Batch], lost: Sequence[str]) -> None:
    """Fails if not every request succeeded."""
    if lost:
        are = "is" if len(lost) == 1 else "are"
        raise Failed(f"{', '.join(lost)} {are} not there: deleted, or of another workspace.", FAILED)
    failed = sum(batch.counts.total - batch.counts.succeeded for batch in batches)
    if failed:
        of = plural(sum(batch.counts.total for batch in batches), "request", "requests")
        raise Failed(f"{count(failed)} of {of} did not succeed; `batchtui errors ID` tells why.", INCOMPLETE)
