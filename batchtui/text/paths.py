"""Paths as people write them."""

from pathlib import Path


def shown_path(path: Path) -> str:
    """A path as people write it, with `~` for the home folder, and a slash behind a folder."""
    text, home = str(path), str(Path.home())
    short = "~" + text[len(home) :] if text == home or text.startswith(home + "/") else text
    return short + "/" if path.is_dir() and not short.endswith("/") else short
