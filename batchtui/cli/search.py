"""`search` and `errors`: search the results of a batch, and group its failures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from batchtui.cli.completion import complete_id
from batchtui.cli.context import Session
from batchtui.cli.download import (
    POLL_SECONDS,
    check_complete,
    check_version,
    fetch,
    is_checked,
    open_results,
    running,
)
from batchtui.cli.errors import Failed
from batchtui.cli.output import LEFT, RIGHT, print_lines, print_objects, print_table, say
from batchtui.text import count, plural, replace_surrogates

if TYPE_CHECKING:
    from batchtui.results import ErrorGroup, Fetcher, Hit, Pattern, Progress, Results
    from batchtui.workspace import Workspace

STEP_ROWS = 500
"""Results to search and print before the download gets to run."""


@click.command()
@click.argument("batch_id", metavar="ID", shell_complete=complete_id)
@click.argument("pattern", metavar="PATTERN")
@click.option("--regex", is_flag=True, help="PATTERN is a regular expression.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object for each match.")
@click.pass_obj
def search(session: Session, batch_id: str, pattern: str, regex: bool, as_json: bool) -> None:
    """Find text in the results of an ended batch.

    Searches custom_ids, replies with their thinking, tool calls and citations, and errors, ignoring case. A
    PATTERN that starts with `re:` is a regular expression. Each matching result is printed as soon as it is
    found, with the text around its first match. Results are downloaded and saved if needed.

    Exits with 1 if nothing was found, and 5 if results are missing.
    """
    parsed = _pattern(pattern, regex)

    async def work(workspace: Workspace) -> None:
        async with open_results(workspace, batch_id) as (fetcher, results):
            progress, hits = await _search(fetcher, results, parsed, as_json)
        check_complete(progress)
        if not hits:
            raise Failed(f"No matches for {pattern} in {plural(progress.rows_here, 'result', 'results')}.")

    session.run(work)


@click.command()
@click.argument("batch_id", metavar="ID", shell_complete=complete_id)
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object for each group.")
@click.pass_obj
def errors(session: Session, batch_id: str, as_json: bool) -> None:
    """Show failed requests grouped by error, with the action to take.

    Failures with the same outcome, error type and message form a group; numbers and IDs in messages are
    ignored and shown as #. The largest group comes first. Results are downloaded and saved if needed.

    Exits with 5 if results are missing.
    """

    async def work(workspace: Workspace) -> None:
        async with open_results(workspace, batch_id) as (fetcher, results):
            progress = await fetch(fetcher)
            groups = results.errors()
            if as_json:
                print_objects(_group_object(group, results) for group in groups)
            elif groups:
                _print_groups(groups)
            else:
                say(f"No failures in {plural(results.rows_here, 'result', 'results')}.")
        check_complete(progress)

    session.run(work)


def _pattern(text: str, regex: bool) -> Pattern:
    from batchtui.results import Pattern

    try:
        return Pattern(text, is_regex=True) if regex else Pattern.typed(text)
    except ValueError as error:
        raise click.UsageError(str(error)) from None


async def _search(
    fetcher: Fetcher, results: Results, pattern: Pattern, as_json: bool
) -> tuple[Progress, int]:
    """Search results while they are downloaded; return the final progress and the number of matches."""
    import asyncio

    searched = hits = 0
    async with running(fetcher) as fetching:
        version: int | None = None
        while True:
            is_over = fetching.done()
            here = results.rows_here if is_over or is_checked(fetcher) else 0
            while searched < here:
                version = check_version(results, version)
                stop = min(searched + STEP_ROWS, here)
                hits += _print_hits(results, pattern, range(searched, stop), as_json)
                version = check_version(results, version)
                searched = stop
                await asyncio.sleep(0)
            if is_over:
                return fetching.result(), hits
            await asyncio.wait([fetching], timeout=POLL_SECONDS)


def _print_hits(results: Results, pattern: Pattern, rows: range, as_json: bool) -> int:
    from batchtui.results import PatternTooSlow, search

    try:
        hits = list(search(results, pattern, start=rows.start, stop=rows.stop))
    except PatternTooSlow as error:
        raise Failed(str(error)) from None
    if as_json:
        print_objects(map(_hit_object, hits))
    else:
        print_lines(f"{hit.row.custom_id or '–'}  {hit.excerpt}" for hit in hits)
    return len(hits)


def _hit_object(hit: Hit) -> dict[str, object]:
    return {
        "custom_id": hit.row.custom_id,
        "outcome": hit.row.outcome,
        "where": hit.where,
        "excerpt": hit.excerpt,
        "start": hit.start,
        "stop": hit.stop,
        "row": hit.row.n,
    }


def _group_object(group: ErrorGroup, results: Results) -> dict[str, object]:
    row = results.row(group.example)
    error = results.open(row).error  # the index cuts long messages
    return {
        "count": group.count,
        "outcome": group.outcome,
        "error_type": group.error_type,
        "pattern": group.pattern,
        "message": replace_surrogates((error and error.message) or group.message),
        "flag": group.flag,
        "advice": group.advice,
        "example": row.custom_id,
    }


def _print_groups(groups: list[ErrorGroup]) -> None:
    titles = (("count", RIGHT), ("error", LEFT), ("action", LEFT), ("message", LEFT))
    rows = ((count(group.count), group.kind, group.advice, group.pattern) for group in groups)
    print_table(titles, rows)
