"""`config path` and `config show`: where things lie, what is set, and where each value came from."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

import click

from batchtui.cli.context import Session
from batchtui.cli.output import LEFT, print_lines, print_objects, print_table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from batchtui.config import Given, Source


class Shown(NamedTuple):
    """A value of the configuration as it may be shown.

    Attributes:
        name: Its name, dotted where it stands in a table.
        value: The value; None where there is none or it is hidden.
        source: Where it came from; None for a default.
        hidden: Whether it is kept from being shown.
    """

    name: str
    value: object
    source: Source | None
    hidden: bool = False


@click.group()
def config() -> None:
    """See where things lie and what is set."""


@config.command()
@click.pass_obj
def path(session: Session) -> None:
    """Print where the configuration file, the cache and the data are; they need not exist.

    What the cache holds can be fetched again from the server, but for results that it no longer has. What the
    data folder holds cannot.
    """
    from batchtui.config import data_dir

    paths = {"config": session.config_path, "cache": session.cache_root, "data": data_dir()}
    print_lines(f"{name:<8}{place}" for name, place in paths.items())


@config.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object for each value.")
@click.pass_obj
def show(session: Session, as_json: bool) -> None:
    """Show the profile and the settings as they apply, and where each value came from.

    The key is never shown, nor read, nor its command run: only where it will come from. Values of custom
    headers are hidden, since they may be secrets. Options before the command, such as --profile, count.
    """
    shown = list(_shown(session))
    if as_json:
        print_objects(one._asdict() | {"source": one.source and str(one.source)} for one in shown)
    else:
        titles = (("name", LEFT), ("value", LEFT), ("from", LEFT))
        print_table(titles, ((one.name, _words(one), _origin(one)) for one in shown))


def _shown(session: Session) -> Iterator[Shown]:
    from batchtui.config import Given, Source, given_settings

    draft = session.draft_profile(session.profile)
    values = draft.values
    if session.read_only:
        values["read_only"] = Given(True, Source("--read-only"))
    yield from _plain(values)
    yield Shown("key", None, draft.key_source, hidden=draft.key_source is not None)
    for name, source in draft.header_sources.items():
        yield Shown(f"headers.{name}", None, source, hidden=True)
    yield from _plain(given_settings(session.config_path))


def _plain(values: dict[str, Given]) -> Iterator[Shown]:
    return (Shown(name, given.value, given.source) for name, given in values.items())


def _words(shown: Shown) -> str:
    if shown.hidden:
        return "(hidden)"
    return "–" if shown.value is None else json.dumps(shown.value, ensure_ascii=False)


def _origin(shown: Shown) -> str:
    if shown.source:
        return str(shown.source)
    return "nowhere: set ANTHROPIC_API_KEY" if shown.name == "key" else "default"
