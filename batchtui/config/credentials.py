"""Where the API key comes from: a variable, a private file or a command. Its value is never shown."""

from __future__ import annotations

import os
import re
import shlex
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from batchtui.config.errors import MissingKey, Source
from batchtui.config.secrets import Secret

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from batchtui.config.document import Document

_COMMAND_SECONDS = 10.0
_MOST_BYTES = 65_536


@dataclass(frozen=True)
class Credentials:
    """What proves to the API who asks.

    Attributes:
        secret: The key or token.
        kind: `key` goes as `x-api-key`, `token` as `Authorization: Bearer`.
    """

    secret: Secret
    kind: Literal["key", "token"] = "key"


def environment_credentials(env: Mapping[str, str]) -> Credentials:
    """Reads the key, else the token, from the variables of the official SDK; an empty one counts as unset.

    Raises:
        MissingKey: Neither is set.
        ConfigError: The one that is set cannot be a key.
    """
    kinds: tuple[tuple[str, Literal["key", "token"]], ...] = (
        ("ANTHROPIC_API_KEY", "key"),
        ("ANTHROPIC_AUTH_TOKEN", "token"),
    )
    for variable, kind in kinds:
        if env.get(variable):
            return Credentials(_secret(env[variable], Source(variable)), kind)
    raise MissingKey


def profile_credentials(
    table: Mapping[str, Any], document: Document, name: str, env: Mapping[str, str]
) -> Credentials | None:
    """Reads the key that a profile names; None if it names none.

    Args:
        table: The profile's table, already checked for types.
        document: The file it stands in.
        name: Name of the profile.
        env: The environment, for `api_key_env` and for the command.

    Raises:
        ConfigError: More than one source is named, or the one named gives no usable key.
    """
    named = [key for key in ("api_key_env", "api_key_file", "api_key_command") if key in table]
    if not named:
        return None
    source = document.source("profiles", name, named[0])
    if len(named) > 1:
        raise source.error(f"give only one of {' and '.join(named)}")
    readers: dict[str, Callable[[], str]] = {
        "api_key_env": lambda: _from_variable(table["api_key_env"], env, source),
        "api_key_file": lambda: _from_file(document.path.parent, table["api_key_file"], source),
        "api_key_command": lambda: _from_command(table["api_key_command"], env, source),
    }
    return Credentials(_secret(readers[named[0]](), source))


def _secret(value: str, source: Source) -> Secret:
    if not value:
        raise source.error("gives an empty key")
    if not re.fullmatch(r"[!-~]+", value):
        raise source.error("gives a key with blanks, control or non-ASCII characters; copy it again")
    return Secret(value)


def _from_variable(variable: str, env: Mapping[str, str], source: Source) -> str:
    if not env.get(variable):
        raise source.error(f"the variable {variable} is not set; export it first")
    return env[variable]


def _from_file(folder: Path, name: str, source: Source) -> str:
    path = folder / Path(name).expanduser()
    try:
        # Without O_NONBLOCK a pipe in the file's place would hold us for ever.
        file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        try:
            _refuse_shared(os.fstat(file), path, source)
            return _without_line_end(os.read(file, _MOST_BYTES))
        finally:
            os.close(file)
    except OSError as error:
        reason = "it is a symbolic link" if path.is_symlink() else error.strerror
        raise source.error(f"cannot read {path}: {reason}") from None


def _refuse_shared(status: os.stat_result, path: Path, source: Source) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise source.error(f"{path} is not a regular file")
    if status.st_uid != os.geteuid():
        raise source.error(f"{path} belongs to somebody else; use a file of your own")
    if status.st_mode & 0o077:
        raise source.error(f"others may read or change {path}; run: chmod 600 {shlex.quote(str(path))}")


def _from_command(command: list[str], env: Mapping[str, str], source: Source) -> str:
    import subprocess  # ~10 ms to import

    try:
        done = subprocess.run(  # noqa: S603 - the person's own command, run without a shell
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=_COMMAND_SECONDS,
            env=dict(env),
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise source.error(f"{command[0]} gave no key within {_COMMAND_SECONDS:g} seconds") from None
    except OSError as error:
        raise source.error(f"cannot run {command[0]}: {error.strerror}") from None
    if done.returncode:
        raise source.error(f"{command[0]} failed with exit code {done.returncode}; run it by hand to see why")
    return _without_line_end(done.stdout)


def _without_line_end(output: bytes) -> str:
    return output.decode("utf-8", "replace").removesuffix("\n").removesuffix("\r")
