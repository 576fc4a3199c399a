"""`results`: one batch's results on stdout or in a file."""

from __future__ import annotations

import codecs
import os
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

import click

from batchtui.cli.completion import complete_id
from batchtui.cli.context import Session
from batchtui.cli.download import (
    LOOK_SECONDS,
    check_complete,
    check_count,
    check_readable,
    check_version,
    fetch,
    is_checked,
    open_results,
    running,
)
from batchtui.cli.errors import Failed
from batchtui.cli.output import say
from batchtui.cli.parameters import TEXT, AliasedOption
from batchtui.process import INCOMPLETE
from batchtui.text import clean_text, count, plural

if TYPE_CHECKING:
    from batchtui.results import Fetcher, Format, Query, Results
    from batchtui.workspace import Workspace

FORMATS = ("jsonl", "csv", "json", "md")
OUTCOMES = ("succeeded", "errored", "canceled", "expired")


@click.command()
@click.argument("batch_id", metavar="ID", shell_complete=complete_id)
@click.option("-o", "--output", metavar="FILE", type=click.Path(path_type=Path), help="Write a new file.")
@click.option(
    "--outcome",
    cls=AliasedOption,
    aliases=["--type"],
    type=click.Choice(OUTCOMES),
    help="Only results with this outcome.",
)
@click.option("--custom-id", metavar="C", type=TEXT, help="Only the result for this request.")
@click.option("--merged", is_flag=True, help="Merge with resubmitted results.")
@click.option(
    "--format",
    "form",
    type=click.Choice(FORMATS),
    default="jsonl",
    show_default=True,
    help="How to write them.",
)
@click.pass_obj
def results(
    session: Session,
    batch_id: str,
    output: Path | None,
    outcome: str | None,
    custom_id: str | None,
    merged: bool,
    form: str,
) -> None:
    """Print the results of an ended batch, or write them to a file.

    They are kept on this disk as they came: what is here already is not fetched again, and a fetch that was
    interrupted goes on where it stopped. As jsonl every line is the server's, byte for byte. On stdout jsonl
    comes while it is fetched, the other formats once all is here. FILE must be new; it appears when all
    results are here, and is not made before.

    As json there is one array. Each result is an object with custom_id, result (null if the line has none),
    flag (what is malformed, or null) and line: null, or the server's line as text if the other fields do not
    hold all of it. csv and md are for people: control characters are replaced, a cell that a spreadsheet
    would run begins with an apostrophe, and md indents all that a reply says.

    With --merged the parts of one submission, and what was submitted again of them, are read as one batch:
    for each custom_id there is the latest outcome. All of them must have ended.

    Exits with 5 if results are missing, after printing those that are here: run it again to go on. Likewise
    if there are more lines than requests; saved results are then printed or written all the same.
    """

    async def work(workspace: Workspace) -> None:
        from batchtui.results import Format, Query

        query = Query(outcome=outcome, custom_id=custom_id)
        if merged:
            number = await _merge(workspace, workspace.full_id(batch_id), output, Format(form), query)
        else:
            async with open_results(workspace, batch_id) as (fetcher, found):
                if output:
                    number = await _write_file(fetcher, found, output, Format(form), query)
                else:
                    number = await _print(fetcher, found, Format(form), query)
        if custom_id is not None and not number:
            kind = f"{outcome} result" if outcome else "result"
            raise Failed(f'No {kind} with custom_id "{custom_id}" in {batch_id}.')

    if output and os.path.lexists(output):
        raise Failed(f"{output} exists already; choose another name.")
    if output and not output.parent.is_dir():
        raise Failed(f"There is no folder {output.parent} to write {output.name} to.")
    session.run(work)


async def _print(fetcher: Fetcher, found: Results, form: Format, query: Query) -> int:
    """Prints results on stdout; as jsonl each as soon as it is here. Answers how many."""
    import asyncio

    from batchtui.results import Format, export

    stream = _stdout()
    number = printed_to = 0
    version: int | None = None
    async with running(fetcher) as fetching:
        while True:
            is_over = fetching.done()
            if is_over or (form is Format.JSONL and is_checked(fetcher)):
                version = check_version(found, version if printed_to else None)
                numbers = found.numbers(query, printed_to)
                export(found, stream, form, numbers)
                printed_to = max(numbers, default=printed_to - 1) + 1
                number += len(numbers)
                version = check_version(found, version)
            if is_over:
                progress = fetching.result()
                check_complete(progress)
                check_readable(found, progress)
                check_count(progress)
                return number
            await asyncio.wait([fetching], timeout=LOOK_SECONDS)


async def _merge(workspace: Workspace, batch_id: str, output: Path | None, form: Format, query: Query) -> int:
    """Writes or prints the latest outcomes of all batches that belong together; answers how many."""
    from batchtui.results import Results, export_merged, merge, write_merged

    async with open_results(workspace, batch_id) as (fetcher, _):
        check_complete(await fetch(fetcher))  # which may tell whose results they are
    for candidate in workspace.submissions.unconfirmed(batch_id):
        await workspace.submissions.compare_ended(await workspace.retrieve(candidate))
    first, again = workspace.submissions.family(batch_id)
    for one in (*first, *again):
        async with open_results(workspace, one) as (fetcher, _):
            check_complete(await fetch(fetcher))
    with ExitStack() as stack:
        files = {one: stack.enter_context(Results(workspace.result_files(one))) for one in (*first, *again)}
        chosen = merge([files[one] for one in first], [files[one] for one in again], query)
        number = sum(len(numbers) for _, numbers in chosen)
        if output:
            export_merged(chosen, output, form)
            of = plural(len(first) + len(again), "batch", "batches")
            say(f"{count(number)} results of {of} written to {output}.")
        else:
            write_merged(chosen, _stdout(), form)
    if left_out := workspace.submissions.unconfirmed(batch_id):
        raise Failed(
            f"Probably {', '.join(left_out)} belongs to it too. Not confirmed, so it was left out.",
            INCOMPLETE,
        )
    return number


async def _write_file(fetcher: Fetcher, found: Results, output: Path, form: Format, query: Query) -> int:
    """Writes results to a file once all of them are here; answers how many."""
    from batchtui.results import export_to_file

    progress = await fetch(fetcher)
    try:
        check_complete(progress)
    except Failed as error:
        rest = " Without -o, what is here is printed." if progress.rows_here else ""
        raise Failed(f"{error} {output} was not written.{rest}", error.code) from None
    check_readable(found, progress)
    numbers = None if query.is_everything else found.numbers(query)
    export_to_file(found, output, form, numbers)
    number = found.rows_here if numbers is None else len(numbers)
    say(f"{count(number)} results written to {output}.")
    check_count(progress)
    return number


def _stdout() -> BinaryIO:
    """Stdout for bytes; a terminal gets them without the control characters of others."""
    if sys.stdout.isatty():
        return cast("BinaryIO", _CleanStdout())
    return sys.stdout.buffer


class _CleanStdout:
    """Takes bytes and prints them as safe text."""

    def __init__(self) -> None:
        self._decode = codecs.getincrementaldecoder("utf-8")("replace").decode

    def write(self, data: bytes | bytearray | memoryview) -> int:
        sys.stdout.write(clean_text(self._decode(bytes(data))))
        return len(data)

    def flush(self) -> None:
        sys.stdout.flush()
