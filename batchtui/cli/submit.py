"""`create`, `attach` and `resubmit`: what goes to the API, once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from batchtui.cli.completion import complete_id
from batchtui.cli.confirm import ask
from batchtui.cli.context import Session
from batchtui.cli.download import check_complete, fetch, open_results
from batchtui.cli.errors import Failed
from batchtui.cli.output import print_line, print_lines, print_objects, say
from batchtui.cli.parameters import TEXT
from batchtui.cli.progress import show_progress
from batchtui.cli.send import find_earlier, say_earlier, some, submit
from batchtui.text import count, money, plural, size

if TYPE_CHECKING:
    from batchtui.results import Results
    from batchtui.submissions import Attached, Failures, Fault, Prepared
    from batchtui.workspace import Workspace

_yes = click.option("--yes", is_flag=True, help="Do not ask.")
_json = click.option("--json", "as_json", is_flag=True, help="JSON on stdout, an object a line.")
_again = click.option(
    "--again",
    is_flag=True,
    help="Also if the same was, or may have been, submitted before: it is paid for twice.",
)
_dry_run = click.option(
    "--dry-run",
    is_flag=True,
    help="Check and estimate only; nothing is sent. With a key, also say what was submitted before.",
)
_file = click.Path(path_type=Path, exists=True, dir_okay=False)


@click.command()
@click.argument("file", metavar="FILE.jsonl", type=_file)
@_dry_run
@_yes
@click.option("--split", is_flag=True, help="Make several batches of what is too much for one.")
@_again
@_json
@click.pass_obj
def create(
    session: Session, file: Path, dry_run: bool, yes: bool, split: bool, again: bool, as_json: bool
) -> None:
    """Submit the requests in a file as a batch.

    FILE holds one request a line, {"custom_id": …, "params": {…}}, or a JSON array of them. All of it is
    checked before a byte is sent, and every fault told with its line. The ids of the new batches are printed.

    Nothing is ever sent twice. If the answer is lost, the batch is looked for on the server. It may appear
    late: for 10 minutes the same command run again looks for it and sends nothing, then it looks once more
    and sends. A batch of the same size that has appeared is probably the right one; it is confirmed as soon
    as its results show the custom_ids. Until then the command exits with 1. A server that is overloaded, or
    limits the rate, is tried again for some minutes.
    """
    if dry_run:
        _check_only(session, file, split, as_json)
        return

    async def work(workspace: Workspace) -> None:
        workspace.check_writable()
        with _prepared(workspace, file) as prepared:
            _refuse_faults(prepared, as_json)
            _refuse_size(prepared, split)
            unfinished = find_earlier(workspace, prepared, None, again, yes)
            _summarise(prepared)
            question = f"Submit {_batches(prepared)}?"
            ask(yes, question)
            await submit(workspace, prepared, unfinished, None, again, as_json)

    session.run(work)


@click.command()
@click.argument("batch_id", metavar="ID", shell_complete=complete_id)
@click.argument("file", metavar="FILE.jsonl", type=_file)
@click.pass_obj
def attach(session: Session, batch_id: str, file: Path) -> None:
    """Tell batchtui which requests a batch came from.

    Then results show the request beside the reply, and what failed can be submitted again. If the batch has
    ended, its results tell which custom_ids the file lacks, and which it has too many.

    If another file was attached before, this one replaces it, unless it has fewer of the batch's requests.
    What was submitted from here stays.
    """

    async def work(workspace: Workspace) -> None:
        full_id = workspace.full_id(batch_id)
        batch = await workspace.known(full_id)
        if not batch.has_results and not workspace.has_saved_results(full_id):
            attached = workspace.submissions.attach(full_id, file, requests=batch.counts.total)
            print_line(f"{full_id}  {plural(attached.requests, 'request', 'requests')}")
            _tell_replaced(attached)
            if attached.requests != batch.counts.total:
                say(f"The batch has {count(batch.counts.total)}.")
            say("Whether the custom_ids are the same shows once it has results: attach the file again then.")
            return
        async with open_results(workspace, batch) as (fetcher, results):
            check_complete(await fetch(fetcher))
            attached = workspace.submissions.attach(
                full_id, file, requests=batch.counts.total, results=results
            )
        print_line(f"{full_id}  {plural(attached.requests, 'request', 'requests')}")
        _tell_replaced(attached)
        _tell_ids("missing in the file", attached.missing)
        _tell_ids("not in the batch", attached.extra)

    session.run(work)


@click.command()
@click.argument("batch_id", metavar="ID", shell_complete=complete_id)
@click.option(
    "--only", metavar="TYPES", default="errored,expired,canceled", show_default=True, help="Which failures."
)
@click.option(
    "--custom-id",
    "custom_ids",
    metavar="C",
    type=TEXT,
    multiple=True,
    help="Only this one; may be repeated.",
)
@click.option("--requests", "file", metavar="FILE", type=_file, help="The requests, mended or not kept here.")
@click.option("--include-invalid", is_flag=True, help="Also what the API called invalid, as it is.")
@click.option("--dry-run", is_flag=True, help="Only say what would be submitted.")
@_yes
@_again
@_json
@click.pass_obj
def resubmit(
    session: Session,
    batch_id: str,
    only: str,
    custom_ids: tuple[str, ...],
    file: Path | None,
    include_invalid: bool,
    dry_run: bool,
    yes: bool,
    again: bool,
    as_json: bool,
) -> None:
    """Submit again what failed of a batch, as a new batch with the same custom_ids.

    Requests that the API called invalid would fail again: they are listed and left out, unless --requests
    brings them in another form. What a later batch has taken over already is left out too. `results --merged`
    then reads both batches as one. If the answer is lost, it is as with `create`.
    """
    outcomes = _outcomes(only)

    async def work(workspace: Workspace) -> None:
        workspace.check_writable()
        full_id = workspace.full_id(batch_id)
        if not again:
            await workspace.submissions.find_lost(full_id)
        with _mended(workspace, file) as mended:
            async with open_results(workspace, full_id) as (fetcher, results):
                check_complete(await fetch(fetcher))
                _check_custom_ids(full_id, results, custom_ids, outcomes)
                failures = workspace.submissions.failures(
                    full_id,
                    results,
                    outcomes=outcomes,
                    custom_ids=custom_ids or None,
                    mended=mended,
                    with_invalid=include_invalid,
                )
            _tell_failures(full_id, failures)
            if not failures.again:
                raise Failed(f"Nothing to resubmit of {full_id}.")
            prepared = workspace.submissions.prepare_again(full_id, failures.again, mended)
        with _discarded(workspace, prepared):
            _refuse_faults(prepared, as_json)
            _summarise(prepared)
            if dry_run:
                if earlier := workspace.submissions.earlier(prepared, full_id):
                    say_earlier(earlier)
                if as_json:
                    print_objects([_plan(prepared)])
                else:
                    print_lines(failures.again)
                say("Nothing was sent.")
            else:
                unfinished = find_earlier(workspace, prepared, full_id, again, yes)
                ask(yes, f"Submit {plural(prepared.requests, 'request', 'requests')} of {full_id} again?")
                await submit(workspace, prepared, unfinished, full_id, again, as_json)

    session.run(work)


# Checking


def _check_only(session: Session, file: Path, split: bool, as_json: bool) -> None:
    """`create --dry-run`."""
    from batchtui.disk.scratch import scratch_folder
    from batchtui.submissions import prepare

    with scratch_folder() as folder:
        prepared = prepare(file, folder, report=_report_checked)
        show_progress("")
        _refuse_faults(prepared, as_json)
        _summarise(prepared)
        _refuse_size(prepared, split)
        if as_json:
            print_objects([_plan(prepared)])
        _say_submitted_before(session, prepared)
        say(f"No errors found. Nothing was sent. It would be {_batches(prepared)}.")


def _say_submitted_before(session: Session, prepared: Prepared) -> None:
    """Say what a real run would say of the same content, as far as that can be known without a key."""
    from batchtui.config import ConfigError

    async def work(workspace: Workspace) -> None:
        if earlier := workspace.submissions.earlier(prepared):
            say_earlier(earlier)

    if session.demo:  # it starts with no submissions
        return
    try:
        session.run(work)
    except ConfigError as error:
        say(f"Not checked whether it was submitted before: {error}")


@contextmanager
def _prepared(workspace: Workspace, file: Path) -> Iterator[Prepared]:
    prepared = workspace.submissions.prepare(file, _report_checked)
    show_progress("")
    with _discarded(workspace, prepared):
        yield prepared


@contextmanager
def _mended(workspace: Workspace, file: Path | None) -> Iterator[Prepared | None]:
    """Requests that take the place of those that are kept, if there is such a file."""
    if file is None:
        yield None
        return
    mended = workspace.submissions.read(file)
    with _discarded(workspace, mended):
        yield mended


@contextmanager
def _discarded(workspace: Workspace, prepared: Prepared) -> Iterator[None]:
    """Throws away what was prepared unless its sending has begun."""
    try:
        yield
    finally:
        workspace.submissions.discard(prepared)


def _report_checked(done: int) -> None:
    show_progress(f"checked {count(done)} requests")


def _refuse_faults(prepared: Prepared, as_json: bool) -> None:
    """Lists all that is wrong, and fails if anything is."""
    for fault in prepared.faults:
        if as_json:
            print_objects([fault._asdict()])
        say(f"{prepared.source}{_place(fault)}: {fault.fault}.")
    if prepared.fault_count:
        untold = prepared.fault_count - len(prepared.faults)
        more = f" ({count(untold)} more than are listed)" if untold else ""
        faults = plural(prepared.fault_count, "fault", "faults")
        raise Failed(
            f"{faults}{more} in {prepared.source}; nothing was sent. Mend what is listed and run it again."
        )


def _place(fault: Fault) -> str:
    """Where a fault is: the line, the request where lines do not tell it, and the custom_id."""
    line = f", line {count(fault.line)}" if fault.line else ""
    request = f", request {count(fault.request)}" if fault.request not in (0, fault.line) else ""
    return f"{line}{request}" + (f" ({fault.custom_id})" if fault.custom_id else "")


def _refuse_size(prepared: Prepared, split: bool) -> None:
    if prepared.why_split and not split:
        raise Failed(f"{prepared.why_split}; add --split to make {len(prepared.parts)} batches of it.")


def _summarise(prepared: Prepared) -> None:
    """What would be sent and what it may cost."""
    from batchtui.submissions import estimate

    say(f"{prepared.source}: {plural(prepared.requests, 'request', 'requests')}, {size(prepared.size)}")
    for load in prepared.models():
        tokens = f"about {count(load.input_tokens)} tokens in, at most {count(load.max_tokens)} out"
        say(f"  {load.model}: {plural(load.requests, 'request', 'requests')}, {tokens}")
    found = estimate(prepared.loads)
    if found.most is None:
        say("What it costs is unknown: there is no price for one of the models.")
    else:
        say(f"Estimate: {money(found.least)} for the input, {found.most_words} with the answers.")
        if not found.is_bound:
            say("It may be more: files, URLs, server tools and the like have no known size.")


def _plan(prepared: Prepared) -> dict[str, object]:
    from batchtui.submissions import estimate

    least, most, is_bound = estimate(prepared.loads)
    return {
        "file": prepared.source,
        "requests": prepared.requests,
        "bytes": prepared.size,
        "batches": len(prepared.parts),
        "models": [
            {
                "model": load.model,
                "requests": load.requests,
                "input_tokens": load.input_tokens,
                "max_input_tokens": load.most_input_tokens if load.is_bound else None,
                "max_output_tokens": load.max_tokens,
            }
            for load in prepared.models()
        ],
        "input_usd": None if least is None else float(least),
        "max_usd": None if most is None else float(most),
        "is_bound": is_bound,
    }


def _batches(prepared: Prepared) -> str:
    parts = len(prepared.parts)
    return f"{plural(prepared.requests, 'request', 'requests')} as {plural(parts, 'batch', 'batches')}"


# What is said of failures


def _outcomes(only: str) -> list[str]:
    from batchtui.submissions import FAILED

    outcomes = [word.strip() for word in only.split(",") if word.strip()]
    for word in outcomes:
        if word not in FAILED:
            raise Failed(f"--only {word}: say {', '.join(FAILED)}, or some of them.", code=2)
    return outcomes


def _check_custom_ids(
    batch_id: str, results: Results, custom_ids: Iterable[str], outcomes: Sequence[str]
) -> None:
    """Fail if a custom_id is not in the batch, and say which ones did not fail."""
    for custom_id in custom_ids:
        row = results.find(custom_id)
        if row is None:
            raise Failed(f'No request with custom_id "{custom_id}" in {batch_id}. Nothing was sent.')
        if row.outcome not in outcomes:
            say(f'Skipped "{custom_id}": its outcome is {row.outcome or "missing"}.')


def _tell_failures(batch_id: str, failures: Failures) -> None:
    for custom_id, message in failures.to_fix:
        say(f"  {custom_id}: {message}")
    if failures.to_fix:
        say(
            f"Left out is what would fail again, {plural(len(failures.to_fix), 'request', 'requests')}: "
            "mend it and bring it by --requests FILE, or add --include-invalid."
        )
    if failures.needs_account:
        number = plural(failures.needs_account, "request", "requests")
        say(f"{number} failed for lack of credit or permission. Fix that first, or they fail again.")
    for child, custom_ids in failures.sent_already.items():
        were = plural(len(custom_ids), "request was", "requests were")
        say(f"{were} submitted again already, as {child}.")
    if failures.no_request:
        _tell_ids("not kept here", failures.no_request)
        say(f"Bring their requests by `batchtui resubmit {batch_id} --requests FILE`.")


def _tell_replaced(attached: Attached) -> None:
    if attached.replaced:
        say(f"This replaces {attached.replaced}, which was attached before.")


def _tell_ids(what: str, custom_ids: list[str]) -> None:
    if custom_ids:
        say(f"{plural(len(custom_ids), 'custom_id', 'custom_ids')} {what}: {some(custom_ids)}")
