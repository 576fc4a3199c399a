"""The `batchtui` command: its options and subcommands, and error handling."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from batchtui import __version__
from batchtui.cli.batches import cancel, delete, list_, show
from batchtui.cli.cache import cache
from batchtui.cli.completion import VARIABLE, complete_profile, completion
from batchtui.cli.config import config
from batchtui.cli.context import Session
from batchtui.cli.cost import cost
from batchtui.cli.doctor import doctor
from batchtui.cli.errors import explain
from batchtui.cli.output import write_stderr
from batchtui.cli.results import results
from batchtui.cli.sandbox import sandbox
from batchtui.cli.search import errors, search
from batchtui.cli.submit import attach, create, resubmit
from batchtui.cli.watch import watch
from batchtui.process import FAILED, StdoutError, silence


class ClosedPipe(Exception):
    """The reader of stdout has closed it."""


class Commands(click.Group):
    """A command group that treats a closed pipe as success; click would exit with 1."""

    def make_context(self, *args: Any, **extra: Any) -> click.Context:  # noqa: ANN401 - click's own
        """Parse the options; `--help` and `--version` print here."""
        with _pipe_may_close():
            return super().make_context(*args, **extra)

    def invoke(self, ctx: click.Context) -> object:
        """Run the command."""
        with _pipe_may_close():
            return super().invoke(ctx)


@contextmanager
def _pipe_may_close() -> Iterator[None]:
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        raise ClosedPipe from None


@click.group(
    cls=Commands, invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]}
)
@click.option(
    "--profile",
    metavar="NAME",
    help="Profile from the config file.",
    shell_complete=complete_profile,
)
@click.option("--base-url", metavar="URL", help="API base URL: https, or http on localhost.")
@click.option("--cache-dir", metavar="DIR", type=click.Path(path_type=Path), help="Cache folder.")
@click.option("--read-only", is_flag=True, help="Do not cancel, delete or submit anything.")
@click.option("--demo", is_flag=True, help="Use a built-in sandbox: no key, no network.")
@click.option("--no-mouse", is_flag=True, help="Leave the mouse to the terminal, to select text.")
@click.version_option(__version__, "--version", "-V", prog_name="batchtui")
@click.pass_context
def batchtui(
    context: click.Context,
    profile: str | None,
    base_url: str | None,
    cache_dir: Path | None,
    read_only: bool,
    demo: bool,
    no_mouse: bool,
) -> int:
    """Browse, monitor and manage Anthropic Message Batches from the terminal.

    Without a command, opens the app. The key is read from ANTHROPIC_API_KEY or from a profile in the config
    file. Data goes to stdout, everything else to stderr.

    Exit codes: 0 success, 1 failure, 2 usage error, 3 not authorized, 4 not reachable, 5 incomplete results
    or failed requests (watch), 130 interrupted.
    """
    session = Session(
        open_screens=context.obj,
        profile=profile,
        base_url=base_url,
        cache_dir=cache_dir,
        read_only=read_only,
        demo=demo,
        mouse=not no_mouse,
    )
    context.obj = session
    return 0 if context.invoked_subcommand else session.open_screens(session)


READING = (list_, show, watch, results, search, errors, cost)
CHANGING = (create, resubmit, attach, cancel, delete)
UPKEEP = (cache, config, doctor, completion, sandbox)
for command in (*READING, *CHANGING, *UPKEEP):
    batchtui.add_command(command)


def main(open_screens: Callable[[Session], int], arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        open_screens: Runs the app if no command is given, and returns the exit code.
        arguments: Command-line arguments; `sys.argv[1:]` by default.

    Returns:
        The exit code.
    """
    try:
        code = batchtui.main(args=arguments, prog_name="batchtui", obj=open_screens, standalone_mode=False)
    except ClosedPipe:
        silence(sys.stdout.fileno())
        return 0
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - explain raises bugs again
        if VARIABLE in os.environ:
            return FAILED  # in shell completion, an error message would garble the command line
        if isinstance(error, StdoutError):
            silence(sys.stdout.fileno())
        sentence, code = explain(error)
        if sentence:
            write_stderr(f"{sentence}\n")
    return code if isinstance(code, int) else 0
