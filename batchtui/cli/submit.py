"""`create`, `attach` and `resubmit`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import click

from batchtui.cli.completion import complete_id
from batchtui.cli.context import Session
from batchtui.cli.download import check_complete, fetch, open_results
from batchtui.cli.errors import Failed
from batchtui.cli.output import print_line, print_lines, print_objects, say
from batchtui.cli.parameters import TEXT, AliasedOption
from batchtui.cli.progress import show_progress
from batchtui.cli.send import as_object, check_errors, confirm_and_send, show, show_identical
from batchtui.process import USAGE
from batchtui.text import count, plural

if TYPE_CHECKING:
    from batchtui.results import Results
    from batchtui.submissions import Attached, Failures, Plan
    from batchtui.workspace import Workspace

MAX_IDS = 20
"""Maximum number of custom_ids listed in a message."""

_yes = click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
_json = click.option("--json", "as_json", is_flag=True, help="Print JSON, one object per line.")
_allow_duplicate = click.option(
    "--allow-duplicate",
    cls=AliasedOption,
    aliases=["--again"],
    is_flag=True,
    help="Submit even if identical requests were submitted before, and pay twice.",
)
_file = click.Path(path_type=Path, exists=True, dir_okay=False)


@click.command()
@click.argument("file", metavar="FILE.jsonl", type=_file)
@click.option(
    "--dry-run",
    is_flag=True,
    help="Only validate, estimate the cost and, with a key, look for identical submissions.",
)
@_yes
@click.option("--split", is_flag=True, help="Create several batches if one cannot hold all requests.")
@_allow_duplicate
@_json
@click.pass_obj
def create(
    session: Session,
    file: Path,
    dry_run: bool,
    yes: bool,
    split: bool,
    allow_duplicate: bool,
    as_json: bool,
) -> None:
    """Submit a request file as a batch.

    FILE has one request per line, {"custom_id": …, "params": {…}}, or a JSON array of them. The whole file is
    validated before anything is sent, and every error is reported with its line. Prints the ids of the new
    batches.

    Requests are never sent twice. If the response is lost, batchtui looks for the batch on the server, where
    it may take 10 minutes to appear. Run the same command again: until then it only looks, after that it
    sends. A new batch of the same size is probably the right one, and is confirmed by the custom_ids of its
    results. Until then the command exits with 1. An overloaded or rate-limited server is retried for some
    minutes.
    """
    if dry_run:
        _check_only(session, file, split, as_json)
        return

    async def work(workspace: Workspace) -> None:
        workspace.check_writable()
        plan = workspace.plan_file(file, _show_checked)
        show_progress("")
        with plan:
            check_errors(plan, as_json=as_json)
            _check_size(plan, split)
            await confirm_and_send(
                workspace,
                plan,
                f"Submit {_batches(plan)}?",
                yes=yes,
                allow_duplicate=allow_duplicate,
                as_json=as_json,
            )

    session.run(work)


@click.command()
@click.argument("batch_id", metavar="ID", shell_complete=complete_id)
@click.argument("file", metavar="FILE.jsonl", type=_file)
@click.pass_obj
def attach(session: Session, batch_id: str, file: Path) -> None:
    """Attach a request file to a batch.

    Results then show the request next to the reply, and failed requests can be resubmitted. If the batch has
    ended, custom_ids that the file or the batch does not have are listed.

    The file replaces one that was attached before, unless it has fewer of the batch's requests. Batches
    submitted with batchtui already have their requests.
    """

    async def work(workspace: Workspace) -> None:
        full_id = workspace.full_id(batch_id)
        batch = await workspace.cached_or_fetched(full_id)
        if not batch.has_results and not workspace.has_saved_results(full_id):
            attached = workspace.submissions.attach(full_id, file, requests=batch.counts.total)
            print_line(f"{full_id}  {plural(attached.requests, 'request', 'requests')}")
            _show_replaced(attached)
            if attached.requests != batch.counts.total:
                say(f"The batch has {count(batch.counts.total)}.")
            say("The custom_ids cannot be compared until the batch has results. Attach the file again then.")
            return
        async with open_results(workspace, batch) as (fetcher, results):
            check_complete(await fetch(fetcher))
            attached = workspace.submissions.attach(
                full_id, file, requests=batch.counts.total, results=results
            )
        print_line(f"{full_id}  {plural(attached.requests, 'request', 'requests')}")
        _show_replaced(attached)
        _show_ids("missing in the file", attached.missing)
        _show_ids("not in the batch", attached.extra)

    session.run(work)


@click.command()
@click.argument("batch_id", metavar="ID", shell_complete=complete_id)
@click.option(
    "--outcome",
    cls=AliasedOption,
    aliases=["--only"],
    metavar="OUTCOMES",
    default="errored,expired,canceled",
    show_default=True,
    help="Outcomes to resubmit.",
)
@click.option(
    "--custom-id",
    "custom_ids",
    metavar="C",
    type=TEXT,
    multiple=True,
    help="Only this request; repeatable.",
)
@click.option(
    "--requests",
    "file",
    metavar="FILE",
    type=_file,
    help="File of requests that are corrected, or missing from the local store.",
)
@click.option("--include-invalid", is_flag=True, help="Include invalid requests that would fail again.")
@click.option("--dry-run", is_flag=True, help="Only print what would be submitted.")
@_yes
@_allow_duplicate
@_json
@click.pass_obj
def resubmit(
    session: Session,
    batch_id: str,
    outcome: str,
    custom_ids: tuple[str, ...],
    file: Path | None,
    include_invalid: bool,
    dry_run: bool,
    yes: bool,
    allow_duplicate: bool,
    as_json: bool,
) -> None:
    """Submit the failed requests of a batch again, as a new batch with the same custom_ids.

    Invalid requests would fail again: they are listed and skipped, unless --requests has corrected ones.
    Requests that a later batch has are skipped, too. `results --merged` then reads both batches as one. If
    the response is lost, see `create`.
    """
    outcomes = _outcomes(outcome)

    async def work(workspace: Workspace) -> None:
        workspace.check_writable()
        full_id = workspace.full_id(batch_id)
        if not allow_duplicate:
            await workspace.submissions.find_lost(full_id)
        with ExitStack() as stack:
            corrected = stack.enter_context(workspace.submissions.read_requests(file)) if file else None
            async with open_results(workspace, full_id) as (fetcher, results):
                check_complete(await fetch(fetcher))
                _check_custom_ids(full_id, results, custom_ids, outcomes)
                failures = workspace.submissions.failures(
                    full_id,
                    results,
                    outcomes=outcomes,
                    custom_ids=custom_ids or None,
                    corrected=corrected,
                    include_invalid=include_invalid,
                )
            _show_skipped(failures)
            if not failures.resubmittable:
                raise Failed("Nothing to resubmit.")
            plan = stack.enter_context(workspace.plan_resubmission(full_id, failures, corrected))
            check_errors(plan, as_json=as_json)
            if dry_run:
                show(plan)
                show_identical(plan)
                if as_json:
                    print_objects([as_object(plan)])
                else:
                    print_lines(failures.resubmittable)
                say("Nothing was sent.")
            else:
                question = f"Resubmit {plural(plan.requests, 'request', 'requests')} of {full_id}?"
                await confirm_and_send(
                    workspace, plan, question, yes=yes, allow_duplicate=allow_duplicate, as_json=as_json
                )

    session.run(work)


def _check_only(session: Session, file: Path, split: bool, as_json: bool) -> None:
    """Run `create --dry-run`, which works without a key."""
    from batchtui.config import ConfigError
    from batchtui.disk.scratch import scratch_folder
    from batchtui.submissions import check_file

    with scratch_folder() as folder, check_file(file, folder, _show_checked) as plan:
        show_progress("")
        check_errors(plan, as_json=as_json)
        show(plan)
        _check_size(plan, split)
        if as_json:
            print_objects([as_object(plan)])

        async def work(workspace: Workspace) -> None:
            show_identical(workspace.submissions.with_identical(plan))

        if not session.demo:  # which has no submissions yet
            try:
                session.run(work)
            except ConfigError as error:
                say(f"Not checked for identical submissions: {error}")
        say(f"No errors found. Nothing was sent. It would create {_batches(plan)}.")


def _show_checked(done: int) -> None:
    show_progress(f"checked {count(done)} requests")


def _check_size(plan: Plan, split: bool) -> None:
    if plan.split_reason and not split:
        raise Failed(f"{plan.split_reason}. Add --split to create {plan.batches} batches.")


def _batches(plan: Plan) -> str:
    requests = plural(plan.requests, "request", "requests")
    return f"{requests} as {plural(plan.batches, 'batch', 'batches')}"


def _outcomes(text: str) -> list[str]:
    from batchtui.submissions import FAILED

    outcomes = [word.strip() for word in text.split(",") if word.strip()]
    for word in outcomes:
        if word not in FAILED:
            raise Failed(f"Invalid --outcome {word}: choose from {', '.join(FAILED)}.", USAGE)
    return outcomes


def _check_custom_ids(
    batch_id: str, results: Results, custom_ids: Iterable[str], outcomes: Sequence[str]
) -> None:
    """Fail if a custom_id is not in the batch, and report those that did not fail."""
    for custom_id in custom_ids:
        row = results.find(custom_id)
        if row is None:
            raise Failed(f'No request with custom_id "{custom_id}" in {batch_id}. Nothing was sent.')
        if row.outcome not in outcomes:
            say(f'Skipped "{custom_id}": its outcome is {row.outcome or "missing"}.')


def _show_skipped(failures: Failures) -> None:
    for custom_id, message in failures.invalid:
        say(f"  {custom_id}: {message}")
    _show_ids("missing from the local store", failures.missing)
    for note in failures.notes:
        say(note)
    if failures.invalid or failures.missing:
        say("Add --requests FILE with corrected or missing requests.")
    if failures.invalid:
        say("Or add --include-invalid to resubmit invalid requests unchanged.")


def _show_replaced(attached: Attached) -> None:
    if attached.replaced:
        say(f"Replaced {attached.replaced}, which was attached before.")


def _show_ids(what: str, custom_ids: Sequence[str]) -> None:
    if custom_ids:
        more = f" and {count(len(custom_ids) - MAX_IDS)} more" if len(custom_ids) > MAX_IDS else ""
        shown = ", ".join(custom_ids[:MAX_IDS]) + more
        say(f"{plural(len(custom_ids), 'custom_id', 'custom_ids')} {what}: {shown}")
