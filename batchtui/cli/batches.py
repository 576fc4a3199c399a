"""`list`, `show`, `cancel` and `delete`."""

from __future__ import annotations

import time
from math import inf
from typing import TYPE_CHECKING

import click

from batchtui.cli.completion import complete_id
from batchtui.cli.confirm import ask
from batchtui.cli.context import Session
from batchtui.cli.each import for_each
from batchtui.cli.output import LEFT, RIGHT, print_json, print_line, print_table, say
from batchtui.text import ago, count, duration, plural

if TYPE_CHECKING:
    from collections.abc import Iterator

    from batchtui.cache import Batch
    from batchtui.submissions import Origin
    from batchtui.workspace import Workspace

STATUSES = ("in_progress", "canceling", "ended")


@click.command("list")
@click.option(
    "--limit",
    metavar="N",
    type=click.IntRange(1),
    default=20,
    show_default=True,
    help="How many.",
)
@click.option("--all", "every", is_flag=True, help="All batches.")
@click.option("--status", type=click.Choice(STATUSES), help="Only batches with this status.")
@click.option("--json", "as_json", is_flag=True, help="Print the JSON object of each batch.")
@click.pass_obj
def list_(session: Session, limit: int, every: bool, status: str | None, as_json: bool) -> None:
    """List batches, newest first.

    Counts may stay at processing until a batch ends. `err` is the number of requests that errored, expired or
    were canceled; `show` lists them separately. A batch is archived when the server has removed its results,
    29 days after its creation.
    """

    async def work(workspace: Workspace) -> None:
        batches = await workspace.list(inf if every else limit, status)
        if as_json:
            for batch in batches:
                print_json(workspace.wire(batch.id))
        elif batches:
            _print_batches(batches)
        else:
            say("No batches." if status is None else f"No batches that are {status}.")

    session.run(work)


@click.command()
@click.argument("batch_id", metavar="ID", shell_complete=complete_id)
@click.option("--json", "as_json", is_flag=True, help="Print the JSON object as sent by the API.")
@click.pass_obj
def show(session: Session, batch_id: str, as_json: bool) -> None:
    """Show one batch.

    In all commands, ID may be shortened to a prefix that matches only one cached batch.
    """

    async def work(workspace: Workspace) -> None:
        batch = await workspace.retrieve(workspace.full_id(batch_id))
        if as_json:
            print_json(workspace.wire(batch.id))
        else:
            for name, value in (*_facts(batch), *_origin(workspace.details(batch).origin)):
                print_line(f"{name:<12}{value}")

    session.run(work)


@click.command()
@click.argument("ids", metavar="ID…", nargs=-1, required=True, shell_complete=complete_id)
@click.option("--yes", is_flag=True, help="Skip the confirmation.")
@click.pass_obj
def cancel(session: Session, ids: tuple[str, ...], yes: bool) -> None:
    """Cancel running batches.

    Requests in progress may still finish, and are billed. Until then the batch is canceling; afterwards it
    has results for the finished requests. Asks for confirmation; without a terminal, --yes is required.
    """
    from batchtui.api import NotAuthorized, NotReachable

    async def work(workspace: Workspace) -> None:
        batch_ids = [workspace.full_id(batch_id) for batch_id in ids]
        ask(yes, f"Cancel {_describe(batch_ids)}? Unfinished requests will have no result.")

        async def cancel_one(batch_id: str) -> None:
            await workspace.cancel(batch_id)
            batch = workspace.last_known(batch_id)
            print_line(f"{batch_id}  {batch.status if batch else 'canceling'}")

        await for_each(batch_ids, cancel_one, stop_at=(NotAuthorized, NotReachable))

    session.run(work)


@click.command()
@click.argument("ids", metavar="ID…", nargs=-1, required=True, shell_complete=complete_id)
@click.option("--yes", is_flag=True, help="Skip the confirmation.")
@click.pass_obj
def delete(session: Session, ids: tuple[str, ...], yes: bool) -> None:
    """Delete ended batches and their results permanently.

    They are deleted on the server. Saved results stay on this machine. A running batch must be canceled
    first. Asks for confirmation, with the number of batches whose results are not saved; without a terminal,
    --yes is required.
    """
    from batchtui.api import NotAuthorized, NotReachable

    async def work(workspace: Workspace) -> None:
        batch_ids = [workspace.full_id(batch_id) for batch_id in ids]
        unsaved = sum(not workspace.has_saved_results(batch_id) for batch_id in batch_ids)
        lost = f" The results of {count(unsaved)} are saved nowhere else and will be lost." if unsaved else ""
        ask(yes, f"Delete {_describe(batch_ids)} permanently?{lost}")

        async def delete_one(batch_id: str) -> None:
            await workspace.delete(batch_id)
            print_line(f"{batch_id}  deleted")

        await for_each(batch_ids, delete_one, stop_at=(NotAuthorized, NotReachable))

    session.run(work)


def _describe(ids: list[str]) -> str:
    return ids[0] if len(ids) == 1 else plural(len(ids), "batch", "batches")


def _print_batches(batches: list[Batch]) -> None:
    titles = (
        ("status", LEFT),
        ("id", LEFT),
        ("requests", RIGHT),
        ("ok", RIGHT),
        ("err", RIGHT),
        ("age", RIGHT),
    )
    now = time.time()
    rows = (
        (
            "archived" if batch.is_archived else batch.status,
            batch.id,
            *map(count, (batch.counts.total, batch.counts.succeeded, batch.counts.unsuccessful)),
            duration(now - batch.created_at),
        )
        for batch in batches
    )
    print_table(titles, rows)


def _facts(batch: Batch) -> list[tuple[str, str]]:
    now = time.time()
    times = {
        "created": batch.created_at,
        "cancel sent": batch.cancel_initiated_at,
        "ended": batch.ended_at,
        "archived": batch.archived_at,
    }
    facts = [("id", batch.id), ("status", batch.status), ("requests", count(batch.counts.total))]
    facts += [(name, count(n)) for name, n in batch.counts._asdict().items()]
    facts += [(name, f"{_date(at)} ({ago(now - at)})") for name, at in times.items() if at is not None]
    if not batch.is_ended:
        facts.append(("expires", _date(batch.expires_at)))
    if batch.has_results:
        facts.append(("results", f"until {_date(batch.results_until)}"))
    return facts


def _origin(origin: Origin | None) -> Iterator[tuple[str, str]]:
    """Where a batch was submitted from, and the batches that resubmitted its failures."""
    if origin and origin.source:
        part = f", part {origin.part + 1} of {origin.parts}" if origin.parts > 1 else ""
        yield "from", origin.source + part
    for child in origin.again if origin else ():
        yield "again", f"failed requests resubmitted as {child}"


def _date(at: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at))
