"""Shared by `create` and `resubmit`: show a plan, confirm it, send it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from batchtui.cli.confirm import ask
from batchtui.cli.errors import Failed
from batchtui.cli.output import print_line, print_objects, say
from batchtui.cli.progress import show_progress
from batchtui.text import size

if TYPE_CHECKING:
    from collections.abc import Sequence

    from batchtui.submissions import Part, Plan, SendEvent
    from batchtui.workspace import Workspace


def check_errors(plan: Plan, *, as_json: bool) -> None:
    """Print the errors of a plan, and fail if there are any."""
    for error in plan.errors:
        if as_json:
            line, request, custom_id, message = error
            print_objects([{"line": line, "request": request, "custom_id": custom_id, "fault": message}])
        place = f", {error.place}" if error.place else ""
        say(f"{plan.source}{place}: {error.message}.")
    if plan.errors:
        raise Failed(f"{plan.errors_text} Fix them and run the command again.")


def show(plan: Plan) -> None:
    """Print what would be sent, and the estimated cost."""
    say(f"{plan.source}: {plan.size_text}")
    for line in plan.model_lines:
        say(f"  {line}")
    say(plan.estimate.text)


def show_identical(plan: Plan) -> None:
    """Print when identical requests were submitted."""
    if plan.identical:
        say(plan.identical_text)


def as_object(plan: Plan) -> dict[str, object]:
    """Return a plan for `--json`."""
    estimate = plan.estimate
    return {
        "file": plan.source,
        "requests": plan.requests,
        "bytes": plan.bytes,
        "batches": plan.batches,
        "models": [
            {
                "model": load.model,
                "requests": load.requests,
                "input_tokens": load.input_tokens,
                "max_input_tokens": load.most_input_tokens if load.is_bound else None,
                "max_output_tokens": load.max_tokens,
            }
            for load in plan.models
        ],
        "input_usd": None if estimate.least is None else float(estimate.least),
        "max_usd": None if estimate.most is None else float(estimate.most),
        "is_bound": estimate.is_bound,
    }


async def confirm_and_send(
    workspace: Workspace, plan: Plan, question: str, *, yes: bool, allow_duplicate: bool, as_json: bool
) -> None:
    """Confirm a plan, send it, and print the created batches even if not all were created.

    Args:
        workspace: The workspace.
        plan: A plan without errors.
        question: The question to confirm.
        yes: Whether `--yes` was given.
        allow_duplicate: Whether `--allow-duplicate` was given.
        as_json: Print objects instead of ids.
    """
    from asyncio import CancelledError

    show_identical(plan)
    if plan.duplicate and not allow_duplicate:
        if yes:
            raise Failed("Nothing was sent. Add --allow-duplicate to submit them, and pay for them, again.")
        ask(yes, "Submit them again, and pay for them again?")
    show(plan)
    ask(yes, question)
    try:
        await workspace.submit(plan, allow_duplicate=allow_duplicate, on_event=_show_event)
    except CancelledError:  # ctrl+c, or another signal that ends the process
        show_progress("")
        _warn_of_unknown(workspace.submissions.parts(plan.submission_id))
        raise
    finally:
        show_progress("")
        for part in workspace.submissions.parts(plan.submission_id):
            if part.batch_id and as_json:
                number, requests = part.number + 1, part.span.requests
                print_objects([{"id": part.batch_id, "requests": requests, "part": number}])
            elif part.batch_id:
                print_line(part.batch_id)


def _warn_of_unknown(parts: Sequence[Part]) -> None:
    if any(part.may_exist for part in parts):
        which = "The batch" if len(parts) == 1 else "One of the batches"
        say(
            f"{which} may exist: all of it was sent without a clear response. "
            "Run the same command again. It looks for the batch before it sends."
        )


def _show_event(event: SendEvent) -> None:
    from batchtui.submissions import Uploaded

    if isinstance(event, Uploaded):
        which = f"batch {event.part + 1} of {event.parts}: " if event.parts > 1 else ""
        show_progress(f"{which}{size(event.done)} of {size(event.size)} sent")
    else:
        show_progress("")
        say(str(event))
