"""Where things lie on disk, and folders and files that only their owner can open."""

from __future__ import annotations

import os
import shlex
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from batchtui.config.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

_APP = "batchtui"


def cache_dir(override: Path | None, env: Mapping[str, str]) -> Path:
    """The folder of what can be fetched again; it need not exist.

    Args:
        override: Value of `--cache-dir`, if given.
        env: The environment; `BATCHTUI_CACHE_DIR` comes next, then the platform's own place.
    """
    if override or env.get("BATCHTUI_CACHE_DIR"):
        # Absolute, so that it stays the same folder when the working directory changes.
        return (override or Path(env["BATCHTUI_CACHE_DIR"])).absolute()
    from platformdirs import user_cache_path  # ~5 ms to import

    return user_cache_path(_APP)


def data_dir() -> Path:
    """The folder of what cannot be fetched again: submitted requests and their journal; it need not exist."""
    from platformdirs import user_data_path

    return user_data_path(_APP)


def config_dir() -> Path:
    """The folder of config.toml; it need not exist."""
    from platformdirs import user_config_path

    return user_config_path(_APP)


def private_dir(path: Path) -> Path:
    """Makes sure of a folder that only its owner can change, and answers it.

    It and missing folders above it are created with mode 0700. One that is there keeps its mode.

    Raises:
        ConfigError: It cannot be created, or it is a symbolic link, belongs to somebody else, or others may
            write to it: they could plant files in it.
    """
    try:
        _create(path)
        status = path.lstat()
    except OSError as error:
        raise ConfigError(f"Cannot create the folder {path}: {error.strerror}.") from None
    if stat.S_ISLNK(status.st_mode):
        raise ConfigError(f"{path} is a symbolic link; name the folder itself.")
    if not stat.S_ISDIR(status.st_mode):
        raise ConfigError(f"{path} is not a folder; move it away or name another.")
    if status.st_uid != os.geteuid():
        raise ConfigError(f"The folder {path} belongs to somebody else; name one of your own.")
    if status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise ConfigError(f"Others may write to the folder {path}; run: chmod 700 {shlex.quote(str(path))}")
    return path


def open_private(path: str, flags: int) -> int:
    """Opens a file that only its owner may read: made to be the `opener` of `open`.

    A new file gets mode 0600, and one that is there is brought to it. A symbolic link is not followed.

    Raises:
        OSError: As `os.open` does; `ELOOP` for a symbolic link.
    """
    file = os.open(path, flags | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        os.fchmod(file, 0o600)
    except OSError:
        os.close(file)
        raise
    return file


def _create(path: Path) -> None:
    if path.is_symlink() or path.exists():
        return
    # Path.mkdir(parents=True) would give the folders above the default mode.
    _create(path.parent)
    path.mkdir(0o700, exist_ok=True)
