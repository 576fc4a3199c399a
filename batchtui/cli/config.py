"""`config path` and `config show`: paths, values, and the source of each value."""

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
    """A config value.

    Attributes:
        name: Its name, dotted if it is in a table.
        value: The value; None if it is unset or hidden.
        source: Where it is set; None for a default.
        hidden: Whether it may be secret.
    """

    name: str
    value: object
    source: Source | None
    hidden: bool = False


@click.group()
def config() -> None:
    """Show config values and paths."""


@config.command()
@click.pass_obj
def path(session: Session) -> None:
    """Print the paths of the config file, the cache and the data folder, which may not exist yet.

    The cache can be downloaded again, except for results that the server no longer has. The data folder
    cannot.
    """
    from batchtui.config import data_dir

    paths = {"config": session.config_path, "cache": session.cache_root, "data": data_dir()}
    print_lines(f"{name:<8}{place}" for name, place in paths.items())


@config.command()
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object for each value.")
@click.pass_obj
def show(session: Session, as_json: bool) -> None:
    """Show the effective profile and settings, and the source of each value.

    The key is not shown or read, and its command is not run; only its source is shown. Values of custom
    headers are hidden, as they may be secret. Global options such as --profile apply.
    """
    shown = list(_shown(session))
    if as_json:
        print_objects(one._asdict() | {"source": one.source and str(one.source)} for one in shown)
    else:
        titles = (("name", LEFT), ("value", LEFT), ("from", LEFT))
        print_table(titles, ((one.name, _text(one), _origin(one)) for one in shown))


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


def _text(shown: Shown) -> str:
    if shown.hidden:
        return "(hidden)"
    return "–" if shown.value is None else json.dumps(shown.value, ensure_ascii=False)


def _origin(shown: Shown) -> str:
    if shown.source:
        return str(shown.source)
    return "not set: set ANTHROPIC_API_KEY" if shown.name == "key" else "default"
