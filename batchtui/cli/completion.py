"""`completion`: shell completion of commands, IDs and profiles."""

from __future__ import annotations

import time
from contextlib import closing
from typing import TYPE_CHECKING

import click

from batchtui.cli.context import Session
from batchtui.text import clean_line, duration, is_plain_id

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from batchtui.cache import Batch

VARIABLE = "_BATCHTUI_COMPLETE"
"""Set by click's completion scripts."""
MOST = 50


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print the completion script for a shell.

    Completes commands, options, profiles and batch IDs.

    To install it:

    \b
      bash  echo 'eval "$(batchtui completion bash)"' >> ~/.bashrc
      zsh   echo 'eval "$(batchtui completion zsh)"' >> ~/.zshrc
      fish  batchtui completion fish > ~/.config/fish/completions/batchtui.fish

    IDs come from the cache, newest first, without using the network. Each key has a separate cache. If the
    key comes from a command or a keyring, IDs are not completed, because that could ask for a passphrase.
    """  # noqa: D301 - click keeps the line breaks of a paragraph after a backspace
    from click.shell_completion import BashComplete, FishComplete, ZshComplete

    kind = {"bash": BashComplete, "zsh": ZshComplete, "fish": FishComplete}[shell]
    click.echo(kind(context.find_root().command, {}, "batchtui", VARIABLE).source())


def complete_id(context: click.Context, _: click.Parameter, beginning: str) -> list[CompletionItem]:
    """Complete the IDs of cached batches, newest first, except those already given."""
    from click.shell_completion import CompletionItem

    given = {word for value in context.params.values() if isinstance(value, tuple) for word in value}
    found = (batch for batch in _cached(context, beginning) if batch.id not in given)
    return [CompletionItem(batch.id, help=_about(batch)) for batch in found if is_plain_id(batch.id)]


def complete_profile(context: click.Context, _: click.Parameter, beginning: str) -> list[str]:
    """Complete the profiles of config.toml."""
    from batchtui.config import profile_names

    names = profile_names(_session(context).config_path)
    return [name for name in names if name.startswith(beginning) and is_plain_id(name)]


def _cached(context: click.Context, beginning: str) -> list[Batch]:
    session = _session(context)
    draft = session.draft_profile(session.profile)
    if session.demo or not draft.has_quick_key:
        return []
    from batchtui.cache import CACHE_FILE, BatchCache

    path = session.cache_root / draft.load().workspace_digest / CACHE_FILE
    if not path.exists():
        return []
    with closing(BatchCache(path)) as cache:
        return [batch for batch in map(cache.get, cache.matching(beginning, MOST)) if batch]


def _session(context: click.Context) -> Session:
    """Make a session from the global options, as completion does not run the command that does."""
    given = context.find_root()
    names = ("profile", "base_url", "cache_dir", "demo")
    return Session(given.obj, **{name: given.params[name] for name in names})


def _about(batch: Batch) -> str:
    # fish cuts the text at a comma.
    text = f"{batch.status} · {batch.counts.total} requests · {duration(time.time() - batch.created_at)}"
    return clean_line(text).replace(",", " ")
