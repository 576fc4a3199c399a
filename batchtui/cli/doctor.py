"""`doctor`: diagnose setup problems."""

from __future__ import annotations

import click

from batchtui.cli.context import Session
from batchtui.cli.output import print_line, print_objects
from batchtui.process import FAILED


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object for each check.")
@click.pass_context
def doctor(context: click.Context, as_json: bool) -> None:
    """Diagnose setup problems.

    Checks Python, the terminal and its colors, the configuration, the cache folder, certificates, the proxy,
    the key and the API. Each line starts with ok or fix. Works without a key or the network. Prints no
    secrets, so the output is safe to share.

    Exits with 1 if there are problems.
    """
    from batchtui.cli.doctor_checks import checks
    from batchtui.config import redact

    session: Session = context.obj
    is_ok = True
    for check in checks(session):
        is_ok, text = is_ok and check.ok, redact(check.text)
        if as_json:
            print_objects([check._asdict() | {"text": text}])
        else:
            print_line(f"{'ok' if check.ok else 'fix':<5}{check.name:<10}{text}")
    context.exit(0 if is_ok else FAILED)
