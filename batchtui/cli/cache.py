"""`cache info`, `cache verify` and `cache prune`: what is on this disk, if it is sound, and making room."""

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
    from batchtui.workspace.storage import Holdings, Saved

DAY = 86_400


@click.group()
def cache() -> None:
    """See what is kept on this disk, and make room."""


@cache.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object for each workspace.")
@click.pass_obj
def info(session: Session, as_json: bool) -> None:
    """Show what each workspace keeps on this disk.

    A workspace is one key at one base URL; its folder is named by a digest from which neither can be read.
    The one that the options and the environment lead to is marked with *. Results that the server cannot
    give again are listed: those of batches that were deleted there, or are older than 29 days. Needs neither
    a key nor the network.
    """
    from batchtui.config import MissingKey
    from batchtui.workspace.storage import holdings, workspace_folders

    def work(root: Path, current: str | None) -> None:
        found = [holdings(folder) for folder in workspace_folders(root)]
        if as_json:
            print_objects(_object(one, current) for one in found)
        elif found:
            _print_holdings(found, current)
        else:
            say(f"Nothing is kept in {root}.")

    try:
        with session.place() as place:
            work(place.cache_root, place.profile.workspace_digest)
    except MissingKey:
        work(session.cache_root, None)


@cache.command()
@click.option("--older-than", metavar="DAYS", type=click.FloatRange(0), help="Only what came so long ago.")
@click.option("--only-copies", is_flag=True, help="Also remove results that the server cannot give again.")
@click.option("--dry-run", is_flag=True, help="Only say what would be removed.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def prune(session: Session, older_than: float | None, only_copies: bool, dry_run: bool, yes: bool) -> None:
    """Remove saved results of this workspace from this disk.

    Asks the server first what it still has. Results that it can give again are removed here, and fetched
    anew when they are next wanted. The only copies stay and are named, unless --only-copies is given. What
    is being fetched at this moment stays too. Nothing changes on the server, or in other workspaces.
    """

    async def work(workspace: Workspace) -> None:
        from batchtui.config import private_dir
        from batchtui.workspace.storage import holdings, remove

        folder = private_dir(workspace.folder)
        await workspace.list(inf)
        newest = time.time() - (older_than or 0) * DAY
        saved = [one for one in holdings(folder).saved if one.saved_at <= newest]
        chosen = [one for one in saved if only_copies or not one.only_copy]
        _say_what_stays([one for one in saved if one not in chosen])
        if not chosen:
            say("Nothing to remove.")
        elif dry_run:
            _print_each(chosen, "would be removed")
        else:
            ask(yes, _question(chosen))
            removed, busy = remove(folder, chosen)
            _print_each(removed, "removed")
            if busy:
                raise Failed(f"Being fetched now, and left as they are: {_ids(busy)}.")

    session.run(work)


@cache.command()
@click.argument("ids", metavar="[ID]…", nargs=-1, shell_complete=complete_id)
@click.option("--json", "as_json", is_flag=True, help="One JSON object for each batch.")
@click.pass_obj
def verify(session: Session, ids: tuple[str, ...], as_json: bool) -> None:
    """Check saved results for damage.

    Compares the complete results of this workspace, or those of the given batches, with the size and digest
    that they had when they were downloaded. Damaged ones are downloaded again when they are next read, if
    the server still has them, and the damaged copy is kept. Needs no network.

    Exits with 1 if any are damaged.
    """

    async def work(workspace: Workspace) -> None:
        from batchtui.workspace.storage import holdings

        saved = [one for one in holdings(workspace.folder).saved if one.is_complete]
        wanted = {workspace.full_id(batch_id) for batch_id in ids}
        if unknown := wanted - {one.batch_id for one in saved}:
            raise Failed(f"No complete results are saved here for {', '.join(sorted(unknown))}.")
        found = [(one, _state(one)) for one in saved if not wanted or one.batch_id in wanted]
        if as_json:
            print_objects(
                {"id": one.batch_id, "bytes": one.files.size, "state": state, "damage": damage}
                for one, (state, damage) in found
            )
        else:
            print_lines(
                f"{one.batch_id}  {size(one.files.size)}  {state}{damage and f': {damage}'}"
                for one, (state, damage) in found
            )
        if bad := sum(state == "damaged" for _, (state, _) in found):
            raise Failed(
                f"{count(bad)} of {plural(len(found), 'saved batch is', 'saved batches are')} damaged. "
                "`batchtui results ID` downloads one again while the server has it."
            )

    session.run(work)


def _state(one: Saved) -> tuple[str, str]:
    """`intact`, `damaged` or `busy`, and what is wrong."""
    from batchtui.workspace.storage import verify

    damage = verify(one)
    return ("busy", "") if damage is None else ("damaged" if damage else "intact", damage)


def _object(one: Holdings, current: str | None) -> dict[str, object]:
    only = [saved for saved in one.saved if saved.only_copy]
    return {
        "workspace": one.folder.name,
        "current": one.folder.name == current,
        "path": str(one.folder),
        "batches": one.batches,
        "cache_bytes": one.cache_bytes,
        "complete": _sum([saved for saved in one.saved if saved.is_complete]),
        "partial": _sum([saved for saved in one.saved if not saved.is_complete]),
        "only_copies": _sum(only) | {"ids": [saved.batch_id for saved in only]},
        "oldest": datetime.fromtimestamp(int(one.saved[0].saved_at), UTC).isoformat() if one.saved else None,
    }


def _sum(saved: Sequence[Saved]) -> dict[str, object]:
    return {"count": len(saved), "bytes": sum(one.size for one in saved)}


def _print_holdings(found: Sequence[Holdings], current: str | None) -> None:
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
    print_table(titles, (_row(one, current, now) for one in found))
    only = [saved for one in found for saved in one.saved if saved.only_copy]
    if only:
        print_line("")
        columns = (("only copy", LEFT), ("size", RIGHT), ("came", LEFT), ("why", LEFT))
        rows = ((one.batch_id, size(one.size), ago(now - one.saved_at), one.only_copy) for one in only)
        print_table(columns, rows)


def _row(one: Holdings, current: str | None, now: float) -> list[str]:
    parts = [[s for s in one.saved if s.is_complete], [s for s in one.saved if not s.is_complete]]
    return [
        "*" if one.folder.name == current else "",
        one.folder.name,
        count(one.batches),
        size(one.cache_bytes),
        *(text for part in parts for text in (count(len(part)), size(sum(s.size for s in part)))),
        count(sum(bool(saved.only_copy) for saved in one.saved)),
        ago(now - one.saved[0].saved_at) if one.saved else "–",
    ]


def _say_what_stays(only: Sequence[Saved]) -> None:
    for one in only:
        say(f"{one.batch_id}  {size(one.size)}  stays: the only copy, {one.only_copy}")
    if only:
        say("Add --only-copies to remove these too; nobody can give them back.")


def _question(chosen: Sequence[Saved]) -> str:
    total = size(sum(one.size for one in chosen))
    only = sum(bool(one.only_copy) for one in chosen)
    lost = f" {count(only)} of them are the only copy and will be gone for good." if only else ""
    return f"Remove the results of {plural(len(chosen), 'batch', 'batches')}, {total}, from this disk?{lost}"


def _print_each(saved: Sequence[Saved], what: str) -> None:
    print_lines(f"{one.batch_id}  {size(one.size)}  {what}" for one in saved)


def _ids(saved: Sequence[Saved]) -> str:
    return ", ".join(one.batch_id for one in saved)
