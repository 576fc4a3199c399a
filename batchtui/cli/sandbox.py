"""`sandbox`: the demo's server alone, for trying other clients against."""

from __future__ import annotations

import json
from typing import Literal

import click

_SPEED = click.FloatRange(0, min_open=True)
_COUNTS = click.Choice(["live", "at-end"])


@click.command()
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Port; any free one by default.")
@click.option("--key", help="API key to accept; a random one by default.")
@click.option("--seed", type=int, default=7, show_default=True, help="The same seed, the same batches.")
@click.option("--batches", type=click.IntRange(0), default=150, show_default=True, help="Batches at start.")
@click.option("--speed", type=_SPEED, default=1.0, show_default=True, help="How fast time passes.")
@click.option("--counts", type=_COUNTS, default="live", show_default=True, help="When the counts move.")
@click.option("--fault", "faults", multiple=True, metavar="FAULT", help="What goes wrong; may be repeated.")
def sandbox(  # one argument for each option
    port: int,
    key: str | None,
    seed: int,
    batches: int,
    speed: float,
    counts: Literal["live", "at-end"],
    faults: tuple[str, ...],
) -> None:
    """Run a Message Batches API on this machine, with made-up batches.

    The first line on stdout is {"base_url": …, "api_key": …}. Stop it with ctrl+c. Where time passes
    faster than here, what it dates soon lies ahead of this machine's clock.
    """
    from batchtui.sandbox import SandboxOptions, listen, new_key, serve

    try:
        options = SandboxOptions(
            key=key or new_key(), seed=seed, batches=batches, speed=speed, counts=counts, faults=faults
        )
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    socket = listen(port)
    base_url = f"http://127.0.0.1:{socket.getsockname()[1]}"
    click.echo(json.dumps({"base_url": base_url, "api_key": options.key}))
    serve(options, socket)
