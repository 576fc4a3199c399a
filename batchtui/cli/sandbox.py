"""`sandbox`: the demo server, for testing other clients."""

from __future__ import annotations

import json
import re
from typing import Literal

import click

_SPEED = click.FloatRange(0, min_open=True)
_COUNTS = click.Choice(["at-end", "live"])


@click.command()
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Port; any free one by default.")
@click.option(
    "--key", "keys", multiple=True, help="API key to accept, a random one by default; may be repeated."
)
@click.option("--workspace", metavar="ID", help="Workspace ID; one made from the seed by default.")
@click.option("--seed", type=int, default=7, show_default=True, help="The same seed, the same batches.")
@click.option("--batches", type=click.IntRange(0), default=150, show_default=True, help="Batches at start.")
@click.option("--speed", type=_SPEED, default=1.0, show_default=True, help="How fast time passes.")
@click.option("--counts", type=_COUNTS, default="at-end", show_default=True, help="When the counts change.")
@click.option("--fault", "faults", multiple=True, metavar="FAULT", help="Fault to inject; may be repeated.")
def sandbox(  # one argument for each option
    port: int,
    keys: tuple[str, ...],
    workspace: str | None,
    seed: int,
    batches: int,
    speed: float,
    counts: Literal["live", "at-end"],
    faults: tuple[str, ...],
) -> None:
    """Run a Message Batches API with made-up batches.

    Listens on localhost only, for testing clients. The first line on stdout is
    {"base_url": …, "api_key": …}. Press ctrl+c to stop it. With --speed above 1, its clock runs ahead of this
    machine's. The counts of a running batch stay at processing until it ends, as the API documents; with
    --counts live they change while it runs, as in the demo.

    FAULT is NAME[:NUMBER][@OPERATION]; with a NUMBER only every so many requests one is hit. OPERATION is
    create, list, retrieve, cancel, delete or results. 429, 500, 503 and 529 are answers, to all operations
    unless one is named. spend-limit (the 429 that stays), refuse (the connection is closed), timeout (no
    answer), drop-after-accept, 408-after-accept, 409-after-accept and 502-after-accept (done, but the answer
    is lost) and late (likewise, and the batch is listed 25 seconds later) hit create unless another is named.
    stranger has somebody else create a batch as large just before. drop-results and short end results after
    NUMBER bytes, slow-results sends so many a second; no-range and
    change-etag keep results from being resumed.
    """
    from batchtui.sandbox import SandboxOptions, listen, new_key, serve

    key, *other_keys = [key for key in keys if key] or [new_key()]
    if any(not re.fullmatch("[!-~]+", each) for each in (key, *other_keys)):
        raise click.UsageError("--key must be printable ASCII without blanks.")
    try:
        options = SandboxOptions(
            key=key,
            other_keys=tuple(other_keys),
            workspace=workspace,
            seed=seed,
            batches=batches,
            speed=speed,
            counts=counts,
            faults=faults,
        )
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    socket = listen(port)
    base_url = f"http://127.0.0.1:{socket.getsockname()[1]}"
    click.echo(json.dumps({"base_url": base_url, "api_key": options.key}))
    serve(options, socket)
