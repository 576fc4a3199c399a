"""`doctor`: whether all is well here, and if not what to do."""

from __future__ import annotations

import click

from batchtui.cli.context import Session
from batchtui.cli.output import print_line, print_objects
from batchtui.process import FAILED


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object for each thing looked at.")
@click.pass_context
def doctor(context: click.Context, as_json: bool) -> None:
    """Say what is missing here, and what to do.

    Looks at Python, the terminal and its colors, the configuration, the cache folder, certificates, the
    proxy, the key, and asks the API for one batch. Each line begins with ok or with fix. Works without a key
    and without a network. Secrets are not shown: what it prints may be pasted into a report.

    Exits with 0 if all is well, else with 1.
    """
    from batchtui.cli.doctor_checks import checks
    from batchtui.config import redact

    session: Session = context.obj
    is_well = True
    for check in checks(session):
        is_well, text = is_well and check.ok, redact(check.text)
        if as_json:
            print_objects([check._asdict() | {"text": text}])
        else:
            print_line(f"{'ok' if check.ok else 'fix':<5}{check.name:<10}{text}")
    context.exit(0 if is_well else FAILED)
