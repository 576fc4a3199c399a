"""The `batchtui` command: options, sub-commands, and how failures become one sentence and an exit code."""

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
    """Whoever read our output has gone."""


class Commands(click.Group):
    """The commands, for which a closed pipe is no failure; click by itself would exit with 1."""

    def make_context(self, *args: Any, **extra: Any) -> click.Context:  # noqa: ANN401 - click's own
        """Reads the options; `--help` and `--version` print here."""
        with _pipe_may_close():
            return super().make_context(*args, **extra)

    def invoke(self, ctx: click.Context) -> object:
        """Runs the command that was asked for."""
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
    help="Profile of the config file to use.",
    shell_complete=complete_profile,
)
@click.option("--base-url", metavar="URL", help="API to talk to: https, or http on this machine.")
@click.option(
    "--cache-dir", metavar="DIR", type=click.Path(path_type=Path), help="Folder for what is kept on disk."
)
@click.option("--read-only", is_flag=True, help="Nothing is canceled, deleted or submitted.")
@click.option("--demo", is_flag=True, help="Try it on a sandbox that runs inside: no key, no network.")
@click.option("--no-mouse", is_flag=True, help="Leave the mouse to the terminal, for selecting text.")
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
    """See, read and steer Anthropic Message Batches from a terminal.

    Without a command, opens the screens. The key comes from ANTHROPIC_API_KEY, or from a profile of the
    config file. Data goes to stdout, everything else to stderr.

    Exit codes: 0 done, 1 failed, 2 wrong usage, 3 not authorized, 4 not reachable, 5 results incomplete
    or requests that did not succeed (watch), 130 interrupted.
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


SEEING = (list_, show, watch, results, search, errors, cost)
CHANGING = (create, resubmit, attach, cancel, delete)
UPKEEP = (cache, config, doctor, completion, sandbox)
for command in (*SEEING, *CHANGING, *UPKEEP):
    batchtui.add_command(command)


def main(open_screens: Callable[[Session], int], arguments: Sequence[str] | None = None) -> int:
    """Runs the command line.

    Args:
        open_screens: What to run when no command is given; answers the exit code.
        arguments: The words after the program's name; those of this process by default.

    Returns:
        The exit code: 0 done, 1 failed, 2 usage, 3 not authorized, 4 not reachable, 5 incomplete,
        130 interrupted.
    """
    try:
        code = batchtui.main(args=arguments, prog_name="batchtui", obj=open_screens, standalone_mode=False)
    except ClosedPipe:
        silence(sys.stdout.fileno())
        return 0
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - explain raises what it does not know
        if VARIABLE in os.environ:
            return FAILED  # a shell completes: whatever is wrong must not spoil the line that is being typed
        if isinstance(error, StdoutError):
            silence(sys.stdout.fileno())
        sentence, code = explain(error)
        if sentence:
            write_stderr(f"{sentence}\n")
    return code if isinstance(code, int) else 0
