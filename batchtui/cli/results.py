"""`results`: print or export the results of a batch."""

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
    POLL_SECONDS,
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
    from batchtui.results import Fetcher, Format, Query, ResultFiles, Results
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
    help="Output format.",
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

    Results are saved unchanged and not downloaded again; an interrupted download is resumed. With jsonl,
    every line is exactly as the server sent it. On stdout, jsonl is printed during the download and other
    formats afterwards. FILE must not exist; it is created when all results are downloaded.

    json is one array of objects with custom_id, result (null if the line has none), flag (the kind of
    malformed line, or null) and line: null, or the original line if the other fields do not contain all of
    it. csv and md are safe to open: control characters are replaced, a cell that a spreadsheet would run
    starts with an apostrophe, and md indents replies.

    --merged combines all parts of a submission and their resubmissions, and takes the latest result of each
    custom_id. All of them must have ended.

    Exits with 5 if results are missing, after printing the downloaded ones; run the command again to resume.
    Also exits with 5 if there are more lines than requests, after printing or writing all of them.
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
        raise Failed(f"{output} exists already. Choose another name.")
    if output and not output.parent.is_dir():
        raise Failed(f"There is no folder {output.parent}.")
    session.run(work)


async def _print(fetcher: Fetcher, found: Results, form: Format, query: Query) -> int:
    """Print results on stdout, as JSONL while they are downloaded, and return how many."""
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
            await asyncio.wait([fetching], timeout=POLL_SECONDS)


async def _merge(workspace: Workspace, batch_id: str, output: Path | None, form: Format, query: Query) -> int:
    """Write or print the latest results of a family of batches, and return how many."""
    from batchtui.results import Results, export_merged, merge, write_merged

    async with open_results(workspace, batch_id) as (fetcher, _):
        check_complete(await fetch(fetcher))  # which may confirm their submission
    family = await workspace.family(batch_id)
    files: list[ResultFiles] = []
    for member in (*family.parts, *family.resubmitted):
        async with open_results(workspace, member) as (fetcher, _):
            check_complete(await fetch(fetcher))
            files.append(fetcher.files)
    with ExitStack() as stack:
        found = [stack.enter_context(Results(one)) for one in files]
        chosen = merge(found[: len(family.parts)], found[len(family.parts) :], query)
        number = sum(len(numbers) for _, numbers in chosen)
        if output:
            export_merged(chosen, output, form)
            of = plural(len(files), "batch", "batches")
            say(f"{count(number)} results of {of} written to {output}.")
        else:
            write_merged(chosen, _stdout(), form)
    if family.unconfirmed:
        raise Failed(
            f"Probably {', '.join(family.unconfirmed)} belongs to it too. Not confirmed, so it was skipped.",
            INCOMPLETE,
        )
    return number


async def _write_file(fetcher: Fetcher, found: Results, output: Path, form: Format, query: Query) -> int:
    """Write results to a file once all are downloaded, and return how many."""
    from batchtui.results import export_to_file

    progress = await fetch(fetcher)
    try:
        check_complete(progress)
    except Failed as error:
        rest = " Without -o, the downloaded results are printed." if progress.rows_here else ""
        raise Failed(f"{error} {output} was not written.{rest}", error.code) from None
    check_readable(found, progress)
    numbers = None if query.is_everything else found.numbers(query)
    export_to_file(found, output, form, numbers)
    number = found.rows_here if numbers is None else len(numbers)
    say(f"{count(number)} results written to {output}.")
    check_count(progress)
    return number


def _stdout() -> BinaryIO:
    """Return stdout for bytes; control characters are removed if it is a terminal."""
    if sys.stdout.isatty():
        return cast("BinaryIO", _CleanStdout())
    return sys.stdout.buffer


class _CleanStdout:
    """Print bytes as safe text."""

    def __init__(self) -> None:
        self._decode = codecs.getincrementaldecoder("utf-8")("replace").decode

    def write(self, data: bytes | bytearray | memoryview) -> int:
        sys.stdout.write(clean_text(self._decode(bytes(data))))
        return len(data)

    def flush(self) -> None:
        sys.stdout.flush()
