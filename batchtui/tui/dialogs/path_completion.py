"""What a person who types a path may mean: the files and folders that fit what is typed so far."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

ENDINGS = (".jsonl", ".json", ".ndjson", ".gz")
"""Files that may hold requests; gzip is read too."""
MOST_ENTRIES = 5_000
"""Of a folder so many entries are looked at: a larger one is gone through by typing more of the name."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A folder, or a file that may hold requests.

    Attributes:
        path: Where.
        name: What it is called in the list.
        is_folder: Which of the two.
        size: Bytes; of a file.
        changed_at: Seconds since the epoch; of a file.
    """

    path: Path
    name: str
    is_folder: bool
    size: int = 0
    changed_at: float = 0.0


def typed_path(text: str) -> Path:
    """The path that a text names; `~` is the home folder."""
    return Path(os.path.expanduser(text))  # noqa: PTH111 - Path would drop the slash at the end


def without_restart(text: str) -> str:
    """Drop what stands before a path typed behind another: `~/evals/~/x` is `~/x`, `a//b` is `/b`."""
    return re.sub(r"^.*/(?=/|~/)", "", text)


def fitting(text: str) -> list[Entry]:
    """Folders, then files, by name, that fit what is typed; hidden ones only once their dot is.

    Raises:
        OSError: The folder cannot be read.
    """
    folder, _, beginning = text.rpartition("/")
    where = typed_path(folder + "/") if folder or text.startswith("/") else Path()
    found = list(_entries(where, beginning.casefold()))
    found.sort(key=lambda entry: (not entry.is_folder, entry.path.name.casefold()))
    above = where.absolute().parent
    return found if beginning else [Entry(above, "..", True), *found]


def why_nothing_fits(text: str) -> str:
    """Why no entry fits what is typed.

    Args:
        text: What is typed.

    Raises:
        OSError: The path cannot be looked at.
    """
    path, name = typed_path(text), text.rpartition("/")[2]
    if path.is_file():
        return f"Press enter to check {name}"
    if path.is_dir():
        return f"Type / behind {name} to go into that folder"
    if path.exists():
        return f"Not a file: {text}"
    return f"Not found: {text}. Listed are folders and {', '.join(ENDINGS)} files."


def _entries(folder: Path, part: str) -> Iterator[Entry]:
    with os.scandir(folder) as entries:
        for entry in islice(entries, MOST_ENTRIES):
            name = entry.name.casefold()
            if part not in name or (name.startswith(".") and not part.startswith(".")):
                continue
            try:
                is_folder, status = entry.is_dir(), entry.stat()
            except OSError:
                continue  # a link to nowhere
            if is_folder or name.endswith(ENDINGS):
                yield Entry(Path(entry.path), entry.name, is_folder, status.st_size, status.st_mtime)
