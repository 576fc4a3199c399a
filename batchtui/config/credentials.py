"""Where the API key comes from: a variable, a private file, a command or a keyring. It is never shown."""

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

KEY_SETTINGS = ("api_key_env", "api_key_file", "api_key_command", "api_key_keyring")
"""Keys of a profile in config.toml that say where its API key is; at most one of them."""
_VARIABLES: tuple[tuple[str, Literal["key", "token"]], ...] = (
    ("ANTHROPIC_API_KEY", "key"),
    ("ANTHROPIC_AUTH_TOKEN", "token"),
)
_COMMAND_SECONDS = 10.0
_MOST_BYTES = 8192
"""More than servers take in a header."""


@dataclass(frozen=True)
class Credentials:
    """What proves to the API who asks.

    Attributes:
        secret: The key or token.
        kind: `key` goes as `x-api-key`, `token` as `Authorization: Bearer`.
    """

    secret: Secret
    kind: Literal["key", "token"] = "key"


def key_source(
    table: Mapping[str, Any], document: Document, name: str, env: Mapping[str, str]
) -> Source | None:
    """Where the key of a profile is, without reading it; None if it is nowhere.

    Args:
        table: The profile's table, already checked for types.
        document: The file it stands in.
        name: Name of the profile.
        env: The environment.

    Raises:
        ConfigError: The profile names more than one source.
    """
    named = [key for key in KEY_SETTINGS if key in table]
    if len(named) > 1:
        source = document.source("profiles", name, named[0])
        raise source.error(f"give only one of {' and '.join(named)}")
    if named:
        return document.source("profiles", name, named[0])
    return next((Source(variable) for variable, _ in _VARIABLES if env.get(variable)), None)


def read_credentials(
    table: Mapping[str, Any], document: Document, name: str, env: Mapping[str, str]
) -> Credentials:
    """Reads the key that a profile names, else the variables of the official SDK; an empty one is unset.

    Args:
        table: The profile's table, already checked for types.
        document: The file it stands in.
        name: Name of the profile.
        env: The environment, also for the command.

    Raises:
        MissingKey: No source is named, and no variable is set.
        ConfigError: More than one source is named, or the one there is gives no usable key.
    """
    source = key_source(table, document, name, env)
    if source is None:
        raise MissingKey
    for variable, kind in _VARIABLES:
        if source == Source(variable):
            return Credentials(_secret(env[variable], source), kind)
    readers: dict[str, Callable[[Any], str]] = {
        "api_key_env": lambda variable: _from_variable(variable, env, source),
        "api_key_file": lambda path: _from_file(document.path.parent, path, source),
        "api_key_command": lambda command: _from_command(command, env, source),
        "api_key_keyring": lambda entry: _from_keyring(entry, source),
    }
    return next(
        Credentials(_secret(read(table[key]), source)) for key, read in readers.items() if key in table
    )


def _secret(value: str, source: Source) -> Secret:
    if not value:
        raise source.error("gives an empty key")
    if len(value) > _MOST_BYTES:
        raise source.error("gives more than a key can be")
    if "\n" in value.strip():
        raise source.error("gives several lines; it must give the key alone")
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
            return _without_line_end(os.read(file, _MOST_BYTES + 2))
        finally:
            os.close(file)
    except UnicodeEncodeError:
        raise source.error("names a file with characters that this locale does not have") from None
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
    from subprocess import TimeoutExpired  # ~10 ms to import

    from batchtui.config.command import output_of

    try:
        output, code = output_of(command, env, seconds=_COMMAND_SECONDS, most_bytes=_MOST_BYTES)
    except TimeoutExpired:
        raise source.error(f"{command[0]} gave no key within {_COMMAND_SECONDS:g} seconds") from None
    except UnicodeEncodeError:
        raise source.error("the command has characters that this locale does not have") from None
    except OSError as error:
        raise source.error(f"cannot run {command[0]}: {error.strerror}") from None
    if code:
        raise source.error(f"{command[0]} failed with exit code {code}; run it by hand to see why")
    return _without_line_end(output)


def _from_keyring(entry: str, source: Source) -> str:
    service, _, user = entry.rpartition("/")
    try:
        import keyring
        from keyring.errors import KeyringError
    except ImportError:
        raise source.error("keyring is not installed; run: pip install 'batchtui[keyring]'") from None
    try:
        found = keyring.get_password(service, user)
    except KeyringError as error:
        raise source.error(f"the keyring cannot be read ({type(error).__name__})") from None
    if found is None:
        raise source.error(f"the keyring has no such entry; run: keyring set {shlex.join((service, user))}")
    return str(found)


def _without_line_end(output: bytes) -> str:
    return output.decode("utf-8", "replace").removesuffix("\n").removesuffix("\r")
