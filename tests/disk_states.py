"""What may be wrong with the folders of a workspace: each state is made of real files."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

Break = Callable[[Path, Path], object]
"""Breaks something, given the workspace's folder in the cache and the one of its data; neither exists yet."""


def _in_new(folder: Path, name: str) -> Path:
    folder.mkdir(0o700, parents=True)
    return folder / name


def _newer_journal(_: Path, data: Path) -> None:
    with closing(sqlite3.connect(_in_new(data, "journal.db"))) as db:
        db.execute("PRAGMA user_version = 99")


def _writable_by_others(folder: Path) -> None:
    folder.mkdir(parents=True)
    folder.chmod(0o777)


def _journal_for_all(_: Path, data: Path) -> None:
    _writable_by_others(data)
    (data / "journal.db").touch()


def _results_are_a_link(cache: Path, _: Path) -> None:
    elsewhere = cache.parent / "elsewhere"
    elsewhere.mkdir(parents=True)
    _in_new(cache, "results").symlink_to(elsewhere)


JOURNAL_STATES: dict[str, Break] = {
    "damaged": lambda _, data: _in_new(data, "journal.db").write_bytes(b"no database " * 500),
    "newer": _newer_journal,
    "a folder": lambda _, data: _in_new(data, "journal.db").mkdir(),
    "in a folder for all": _journal_for_all,
}
"""The journal may be rebuilt, or a notice may say why it is not."""
CACHE_STATES: dict[str, Break] = {
    "cache.db is a folder": lambda cache, _: _in_new(cache, "cache.db").mkdir(),
    "the cache is a file": lambda cache, _: cache.parent.touch(),
    "the cache is for all": lambda cache, _: _writable_by_others(cache),
    "results are a link": _results_are_a_link,
    "results are for all": lambda cache, _: _writable_by_others(_in_new(cache, "results")),
}
"""A notice says that something is not saved."""
