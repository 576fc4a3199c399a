"""What `create` and `resubmit` share: they ask before paying twice, send, and say how it goes."""

from __future__ import annotations

import shlex
import time
from typing import TYPE_CHECKING

from batchtui.cli.confirm import ask
from batchtui.cli.errors import Failed
from batchtui.cli.output import print_line, print_objects, say
from batchtui.cli.progress import show_progress
from batchtui.text import count, long_duration, plural, size

if TYPE_CHECKING:
    from collections.abc import Sequence

    from batchtui.submissions import Part, Prepared, SendEvent, Submission
    from batchtui.workspace import Workspace

NAMED = 20
"""Ids that a sentence names one by one, at most."""


def find_earlier(
    workspace: Workspace, prepared: Prepared, parent: str | None, again: bool, yes: bool
) -> Submission | None:
    """What was sent of the same content before, if it is to be gone on with; asks before paying twice."""
    earlier = workspace.submissions.earlier(prepared, parent)
    if earlier is None:
        return None
    say_earlier(earlier)
    if not earlier.is_whole:
        return earlier
    if not again:
        if yes:
            raise Failed("Nothing was sent. Add --again to submit it, and pay for it, a second time.")
        ask(yes, "Submit it again, and pay for it a second time?")
    return None


def say_earlier(earlier: Submission) -> None:
    """Say when the same content was submitted, and as what."""
    date = time.strftime("%Y-%m-%d %H:%M", time.localtime(earlier.created_at))
    if not earlier.is_whole:
        done = f"{len(earlier.batch_ids)} of {plural(len(earlier.parts), 'batch', 'batches')}"
        say(f"The same submission was started on {date}, {done} created. Submitting again continues it.")
    elif earlier.is_unrecorded:
        say(
            f"The same content may have been submitted on {date}: the record of it was lost. If its batch is "
            f"in `batchtui list`, run `batchtui attach ID {shlex.quote(earlier.source)}`."
        )
    else:
        say(f"The same content was already submitted on {date} as {some(earlier.batch_ids)}.")


async def submit(
    workspace: Workspace,
    prepared: Prepared,
    unfinished: Submission | None,
    parent: str | None,
    again: bool,
    as_json: bool,
) -> None:
    """Sends, and prints what was created even if not all of it was.

    Args:
        workspace: Where to.
        prepared: What to send.
        unfinished: An earlier submission of the same, to go on with.
        parent: The batch whose failed requests these are, if they are.
        again: Whether `--again` was given: also what may exist already is sent.
        as_json: Whether to print objects instead of ids.
    """
    from asyncio import CancelledError

    submission_id = unfinished.id if unfinished else prepared.kept.name
    try:
        await workspace.submit(
            prepared, unfinished=unfinished, parent=parent, regardless=again, on_sent=_report_sent
        )
    except CancelledError:  # ctrl+c, or another signal that ends the process
        show_progress("")
        _say_what_may_exist(workspace.submissions.parts(submission_id))
        raise
    finally:
        show_progress("")
        for part in workspace.submissions.parts(submission_id):
            if part.batch_id and as_json:
                number, requests = part.number + 1, part.span.requests
                print_objects([{"id": part.batch_id, "requests": requests, "part": number}])
            elif part.batch_id:
                print_line(part.batch_id)


def _say_what_may_exist(parts: Sequence[Part]) -> None:
    if any(part.may_exist for part in parts):
        which = "The batch" if len(parts) == 1 else "One of the batches"
        say(
            f"{which} may exist: all of it was sent, and no clear answer came. "
            "Run the same command again: it looks for the batch before it sends."
        )


def _report_sent(event: SendEvent) -> None:
    from batchtui.submissions import Found, Lost, Sent

    if isinstance(event, Sent):
        which = f"batch {event.part + 1} of {event.parts}: " if event.parts > 1 else ""
        show_progress(f"{which}{size(event.done)} of {size(event.size)} sent")
        return
    show_progress("")
    if isinstance(event, Found):
        say(f"Found: {event.batch_id} has the custom_ids of these requests.")
    elif isinstance(event, Lost):
        say(f"No clear answer: {event.why} Looking for the batch on the server.")
    else:
        say(f"{event.why} Trying again in {long_duration(event.seconds)}.")


def some(names: list[str]) -> str:
    """The first of some names, and how many more there are."""
    shown = ", ".join(names[:NAMED])
    return f"{shown} and {count(len(names) - NAMED)} more" if len(names) > NAMED else shown
