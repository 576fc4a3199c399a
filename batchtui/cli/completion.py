"""`completion`, and what is completed: ids and profiles from this disk, at once and without a network."""

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
"""Set by the scripts when a shell asks for completions; the name is click's."""
MOST = 50


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print the script that completes for a shell.

    It completes commands, options, profiles and the ids of batches.

    To install it:

    \b
      bash  echo 'eval "$(batchtui completion bash)"' >> ~/.bashrc
      zsh   echo 'eval "$(batchtui completion zsh)"' >> ~/.zshrc
      fish  batchtui completion fish > ~/.config/fish/completions/batchtui.fish

    Ids come from the cache, the newest first, and never from the network. Each key has a cache of its own:
    where the key comes from a command or a keyring, no ids are completed, since a shell that completes
    should not ask for a passphrase.
    """  # noqa: D301 - the backspace is click's sign for lines that stay as they are
    from click.shell_completion import BashComplete, FishComplete, ZshComplete

    kind = {"bash": BashComplete, "zsh": ZshComplete, "fish": FishComplete}[shell]
    click.echo(kind(context.find_root().command, {}, "batchtui", VARIABLE).source())


def complete_id(context: click.Context, _: click.Parameter, beginning: str) -> list[CompletionItem]:
    """Cached batches whose ids begin so, the newest first, with their status; but for those given already."""
    from click.shell_completion import CompletionItem

    given = {word for value in context.params.values() if isinstance(value, tuple) for word in value}
    found = (batch for batch in _cached(context, beginning) if batch.id not in given)
    return [CompletionItem(batch.id, help=_about(batch)) for batch in found if is_plain_id(batch.id)]


def complete_profile(context: click.Context, _: click.Parameter, beginning: str) -> list[str]:
    """Profiles of config.toml that begin so."""
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
    """The options before the command: while completing, it has not run and has made no session."""
    given = context.find_root()
    names = ("profile", "base_url", "cache_dir", "demo")
    return Session(given.obj, **{name: given.params[name] for name in names})


def _about(batch: Batch) -> str:
    # fish takes a comma for the end.
    text = f"{batch.status} · {batch.counts.total} requests · {duration(time.time() - batch.created_at)}"
    return clean_line(text).replace(",", " ")
