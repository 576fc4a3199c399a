"""`cache info`, `cache verify` and `cache prune`: show, check and remove saved results."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from math import inf
from typing import TYPE_CHECKING

import click

from batchtui.cli.completion import complete_id
from batchtui.cli.confirm import ask
from batchtui.cli.context import Session
from batchtui.cli.errors import Failed
from batchtui.cli.output import LEFT, RIGHT, print_line, print_lines, print_objects, print_table, say
from batchtui.text import ago, count, plural, size

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from batchtui.workspace import Workspace
    from batchtui.workspace.storage import CacheUsage, SavedBatch

DAY = 86_400


@click.group()
def cache() -> None:
    """Show, check and remove saved results."""


@cache.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object for each workspace.")
@click.pass_obj
def info(session: Session, as_json: bool) -> None:
    """Show the disk usage of each workspace.

    A workspace is one key at one base URL. Its folder is named by a digest that reveals neither. The current
    workspace is marked with *. Results that the server no longer has are listed: those of batches that were
    deleted or are older than 29 days. Needs neither a key nor the network.
    """
    from batchtui.config import MissingKey
    from batchtui.workspace.storage import cache_usage, workspace_folders

    def work(root: Path, current: str | None) -> None:
        usages = [cache_usage(folder) for folder in workspace_folders(root)]
        if as_json:
            print_objects(_object(usage, current) for usage in usages)
        elif usages:
            _print_usage(usages, current)
        else:
            say(f"Nothing is saved in {root}.")

    try:
        with session.place() as place:
            work(place.cache_root, place.profile.workspace_digest)
    except MissingKey:
        work(session.cache_root, None)


@cache.command()
@click.option(
    "--older-than",
    metavar="DAYS",
    type=click.FloatRange(0),
    help="Only those saved this long ago.",
)
@click.option("--only-copies", is_flag=True, help="Also remove results that the server no longer has.")
@click.option("--dry-run", is_flag=True, help="Show what would be removed.")
@click.option("--yes", is_flag=True, help="Skip the confirmation.")
@click.pass_obj
def prune(session: Session, older_than: float | None, only_copies: bool, dry_run: bool, yes: bool) -> None:
    """Remove saved results of this workspace.

    Checks first which results the server still has. Those are removed, and downloaded again when they are
    next opened. Results that exist nowhere else are kept and listed, unless --only-copies is given. Results
    that are being downloaded are kept too. Nothing changes on the server or in other workspaces.
    """

    async def work(workspace: Workspace) -> None:
        from batchtui.config import private_dir
        from batchtui.workspace.storage import cache_usage, remove

        folder = private_dir(workspace.folder)
        await workspace.list(inf)
        newest = time.time() - (older_than or 0) * DAY
        saved = [batch for batch in cache_usage(folder).saved if batch.saved_at <= newest]
        chosen = [batch for batch in saved if only_copies or not batch.only_copy]
        _report_kept([batch for batch in saved if batch not in chosen])
        if not chosen:
            say("Nothing to remove.")
        elif dry_run:
            _print_each(chosen, "would be removed")
        else:
            ask(yes, _question(chosen))
            removed, busy = remove(folder, chosen)
            _print_each(removed, "removed")
            if busy:
                raise Failed(f"Still downloading, not removed: {_ids(busy)}.")

    session.run(work)


@cache.command()
@click.argument("ids", metavar="[ID]…", nargs=-1, shell_complete=complete_id)
@click.option("--json", "as_json", is_flag=True, help="One JSON object for each batch.")
@click.pass_obj
def verify(session: Session, ids: tuple[str, ...], as_json: bool) -> None:
    """Check saved results for damage.

    Compares the complete results of this workspace, or of the given batches, with their size and checksum
    after the download. Damaged results are downloaded again when they are next opened, if the server still
    has them; the damaged copy is kept. Does not need the network.

    Exits with 1 if any are damaged.
    """

    async def work(workspace: Workspace) -> None:
        from batchtui.workspace.storage import cache_usage

        saved = [batch for batch in cache_usage(workspace.folder).saved if batch.is_complete]
        requested = {workspace.full_id(batch_id) for batch_id in ids}
        if unknown := requested - {batch.batch_id for batch in saved}:
            raise Failed(f"No complete results are saved for {', '.join(sorted(unknown))}.")
        found = [(batch, _state(batch)) for batch in saved if not requested or batch.batch_id in requested]
        if as_json:
            print_objects(
                {"id": batch.batch_id, "bytes": batch.files.size, "state": state, "damage": damage}
                for batch, (state, damage) in found
            )
        else:
            print_lines(
                f"{batch.batch_id}  {size(batch.files.size)}  {state}{damage and f': {damage}'}"
                for batch, (state, damage) in found
            )
        if bad := sum(state == "damaged" for _, (state, _) in found):
            raise Failed(
                f"{count(bad)} of {plural(len(found), 'saved batch is', 'saved batches are')} damaged. "
                "Run `batchtui results ID` to download one again while the server has it."
            )

    session.run(work)


def _state(batch: SavedBatch) -> tuple[str, str]:
    """Return `intact`, `damaged` or `busy`, and the damage."""
    from batchtui.workspace.storage import verify

    damage = verify(batch)
    return ("busy", "") if damage is None else ("damaged" if damage else "intact", damage)


def _object(usage: CacheUsage, current: str | None) -> dict[str, object]:
    only = [batch for batch in usage.saved if batch.only_copy]
    return {
        "workspace": usage.folder.name,
        "current": usage.folder.name == current,
        "path": str(usage.folder),
        "batches": usage.batches,
        "cache_bytes": usage.cache_bytes,
        "complete": _sum([batch for batch in usage.saved if batch.is_complete]),
        "partial": _sum([batch for batch in usage.saved if not batch.is_complete]),
        "only_copies": _sum(only) | {"ids": [batch.batch_id for batch in only]},
        "oldest": _iso(usage.saved[0].saved_at) if usage.saved else None,
    }


def _iso(at: float) -> str:
    return datetime.fromtimestamp(int(at), UTC).isoformat()


def _sum(saved: Sequence[SavedBatch]) -> dict[str, object]:
    return {"count": len(saved), "bytes": sum(batch.size for batch in saved)}


def _print_usage(usages: Sequence[CacheUsage], current: str | None) -> None:
    titles = (
        ("", LEFT),
        ("workspace", LEFT),
        ("batches", RIGHT),
        ("size", RIGHT),
        ("complete", RIGHT),
        ("size", RIGHT),
        ("partial", RIGHT),
        ("size", RIGHT),
        ("only copies", RIGHT),
        ("oldest", RIGHT),
    )
    now = time.time()
    print_table(titles, (_row(usage, current, now) for usage in usages))
    only = [batch for usage in usages for batch in usage.saved if batch.only_copy]
    if only:
        print_line("")
        columns = (("only copy", LEFT), ("size", RIGHT), ("saved", LEFT), ("reason", LEFT))
        rows = (
            (batch.batch_id, size(batch.size), ago(now - batch.saved_at), batch.only_copy) for batch in only
        )
        print_table(columns, rows)


def _row(usage: CacheUsage, current: str | None, now: float) -> list[str]:
    parts = [[s for s in usage.saved if s.is_complete], [s for s in usage.saved if not s.is_complete]]
    return [
        "*" if usage.folder.name == current else "",
        usage.folder.name,
        count(usage.batches),
        size(usage.cache_bytes),
        *(text for part in parts for text in (count(len(part)), size(sum(s.size for s in part)))),
        count(sum(bool(batch.only_copy) for batch in usage.saved)),
        ago(now - usage.saved[0].saved_at) if usage.saved else "–",
    ]


def _report_kept(only: Sequence[SavedBatch]) -> None:
    for batch in only:
        say(f"{batch.batch_id}  {size(batch.size)}  kept: the only copy, {batch.only_copy}")
    if only:
        say("Add --only-copies to remove these too. They cannot be downloaded again.")


def _question(chosen: Sequence[SavedBatch]) -> str:
    total = size(sum(batch.size for batch in chosen))
    only = sum(bool(batch.only_copy) for batch in chosen)
    lost = f" {count(only)} of them exist nowhere else and will be lost." if only else ""
    return f"Remove the results of {plural(len(chosen), 'batch', 'batches')}, {total}, from this disk?{lost}"


def _print_each(saved: Sequence[SavedBatch], status: str) -> None:
    print_lines(f"{batch.batch_id}  {size(batch.size)}  {status}" for batch in saved)


def _ids(saved: Sequence[SavedBatch]) -> str:
    return ", ".join(batch.batch_id for batch in saved)
