"""`cost`: the usage and cost of batches, by model."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from batchtui.cli.completion import complete_id
from batchtui.cli.context import Session
from batchtui.cli.download import check_complete, fetch, open_results
from batchtui.cli.each import for_each
from batchtui.cli.errors import Failed
from batchtui.cli.output import LEFT, RIGHT, print_json, print_line, print_table
from batchtui.text import count, money, plural

if TYPE_CHECKING:
    from decimal import Decimal

    from batchtui.cost import Cost, Tokens
    from batchtui.workspace import Workspace

TITLES = (
    ("model", LEFT),
    ("input", RIGHT),
    ("output", RIGHT),
    ("cache 5m", RIGHT),
    ("cache 1h", RIGHT),
    ("cache read", RIGHT),
    ("searches", RIGHT),
    ("cost", RIGHT),
)


@click.command()
@click.argument("ids", metavar="ID…", nargs=-1, required=True, shell_complete=complete_id)
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object for each batch.")
@click.pass_obj
def cost(session: Session, ids: tuple[str, ...], as_json: bool) -> None:
    """Show the usage and cost of ended batches, by model.

    The usage is in the results, which are downloaded and saved if needed. Costs are in US dollars at batch
    rates, from a price table that comes with batchtui; a model without a price costs "unknown".

    If a batch fails, the others are still shown. Exits with 1 if a batch is still running, with an estimate
    if its requests are stored here, and 5 if results are missing.
    """

    async def work(workspace: Workspace) -> None:
        from batchtui.cost import Cost

        found: dict[str, Cost] = {}

        async def print_one(given: str) -> None:
            batch_id = workspace.full_id(given)
            if batch_id in found:
                return
            found[batch_id] = cost = await _cost(workspace, batch_id)
            if as_json:
                print_json(_json(batch_id, cost))
            else:
                _print(batch_id, cost, is_first=len(found) == 1)

        try:
            await for_each(ids, print_one)
        finally:
            if len(found) > 1 and not as_json:
                total = Cost.of([line for cost in found.values() for line in cost.models])
                _print(plural(len(found), "batch", "batches"), total)

    session.run(work)


async def _cost(workspace: Workspace, batch_id: str) -> Cost:
    batch = await workspace.cached_or_fetched(batch_id)
    if not batch.is_ended:
        estimate = _estimate(workspace, batch_id)
        raise Failed(f"{batch.id} is still running. Its cost is known when it ends.{estimate}")
    async with open_results(workspace, batch) as (fetcher, _):
        check_complete(await fetch(fetcher))
    found = workspace.cost(batch_id)
    if found is None:
        raise Failed(f"The index of the results of {batch_id} cannot be read. Run the command again.")
    return found


def _estimate(workspace: Workspace, batch_id: str) -> str:
    """Return a sentence with the estimate, after a space; empty if its requests are not stored."""
    from batchtui.submissions import Estimate

    found = dict(workspace.prices([batch_id])).get(batch_id)
    if not isinstance(found, Estimate) or found.most is None:
        return ""
    return f" Estimate: {found.input_text} for the input, {found.max_text} in total."


def _print(name: str, found: Cost, *, is_first: bool = False) -> None:
    if not is_first:
        print_line("")
    print_line(name)
    rows = [_cells(line.model or "unknown", line.tokens, line.money) for line in found.models]
    if len(rows) != 1:
        rows.append(_cells("total", found.tokens, found.total))
    print_table(TITLES, rows)


def _cells(name: str, tokens: Tokens, amount: Decimal | None) -> tuple[str, ...]:
    return name, *(count(number) for number in tokens), money(amount)


def _json(batch_id: str, found: Cost) -> str:
    models = [{"model": line.model, **_amounts(line.tokens, line.money)} for line in found.models]
    return json.dumps({"id": batch_id, **_amounts(found.tokens, found.total), "models": models})


def _amounts(tokens: Tokens, amount: Decimal | None) -> dict[str, object]:
    dollars = None if amount is None else float(amount)
    return {"cost_usd": dollars, "tokens": tokens._asdict()}
