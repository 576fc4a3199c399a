"""A profile: where to send requests, with which key, and whether anything may be changed there."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from batchtui.config.credentials import Credentials, key_source, read_credentials
from batchtui.config.document import Document, Given, Rule, read_document, suggestion
from batchtui.config.errors import Source
from batchtui.config.redaction import remember_secret
from batchtui.config.wire import (
    Headers,
    checked_base_url,
    is_header,
    is_header_value,
    merged_headers,
    parse_header_lines,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

DEFAULT_BASE_URL = "https://api.anthropic.com"
DEFAULT_PROFILE = "default"
DEFAULT_VERSION = "2023-06-01"
_ENV_HEADERS = Source("ANTHROPIC_CUSTOM_HEADERS")


@dataclass(frozen=True)
class Profile:
    """One way to reach the API; each key is its own workspace with its own cache.

    Attributes:
        name: Name in config.toml, or `default`.
        base_url: Scheme, host and path that all requests start with, without a trailing slash.
        credentials: The key or token.
        headers: Custom headers as (name, value); values may be secret.
        version: Value of the `anthropic-version` header.
        betas: Values of the `anthropic-beta` header.
        workspace_id: Value of the `anthropic-workspace-id` header, if any.
        read_only: Whether cancelling, deleting and submitting are out of reach.
    """

    name: str
    base_url: str
    credentials: Credentials
    headers: Headers = field(default=(), repr=False)
    version: str = DEFAULT_VERSION
    betas: tuple[str, ...] = ()
    workspace_id: str | None = None
    read_only: bool = False

    def __post_init__(self) -> None:
        for _, value in self.headers:
            remember_secret(value)

    @property
    def workspace_digest(self) -> str:
        """16 hex digits that tell workspaces apart on this disk and from which no key can be read."""
        parts = (self.base_url, self.credentials.secret.reveal(), self.workspace_id or "")
        return hashlib.blake2b("\0".join(parts).encode(), digest_size=8, person=b"batchtui-space").hexdigest()


@dataclass(frozen=True)
class ProfileDraft:
    """A profile before its key is read, which may take a command and a passphrase.

    Attributes:
        name: Name in config.toml, or `default`.
        base_url: As the profile will have it.
        key_source: Where the key will be read; None if it is nowhere.
    """

    name: Given
    base_url: Given
    key_source: Source | None
    _table: Mapping[str, Any] = field(repr=False)
    _document: Document = field(repr=False)
    _env_headers: Headers = field(repr=False)
    _env: Mapping[str, str] = field(repr=False)

    def load(self) -> Profile:
        """Reads the key and answers the profile.

        Raises:
            MissingKey: No source gives a key.
            ConfigError: The source of the key gives something that cannot be used.
        """
        values = self.values
        return Profile(
            name=self.name.value,
            base_url=self.base_url.value,
            credentials=read_credentials(self._table, self._document, self.name.value, self._env),
            headers=merged_headers(self._env_headers, self._table.get("headers", {})),
            version=values["version"].value,
            betas=tuple(values["betas"].value),
            workspace_id=values["workspace_id"].value,
            read_only=values["read_only"].value,
        )

    @property
    def values(self) -> dict[str, Given]:
        """What may be shown: everything but the key and the values of headers."""
        defaults: dict[str, object] = {
            "version": DEFAULT_VERSION,
            "betas": [],
            "workspace_id": None,
            "read_only": False,
        }
        given = {key: self._given(key, default) for key, default in defaults.items()}
        return {"profile": self.name, "base_url": self.base_url} | given

    @property
    def has_quick_key(self) -> bool:
        """Whether the key is read without running anything that may ask the person."""
        return not {"api_key_command", "api_key_keyring"} & self._table.keys()

    @property
    def header_sources(self) -> dict[str, Source]:
        """Names of the custom headers, and where each was read."""
        in_file = self._table.get("headers", {})
        headers = merged_headers(self._env_headers, in_file)
        of_file = self._document.source("profiles", self.name.value, "headers")
        return {name: of_file if name in in_file else _ENV_HEADERS for name, _ in headers}

    def _given(self, key: str, default: object) -> Given:
        if key not in self._table:
            return Given(default)
        return Given(self._table[key], self._document.source("profiles", self.name.value, key))


def _is_token(value: object) -> bool:
    return isinstance(value, str) and bool(re.fullmatch(r"[!-+\--~]+", value))


def _is_list_of_strings(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(map(_is_word, value))


def _is_word(value: object) -> bool:
    return isinstance(value, str) and bool(value) and "\0" not in value


def _are_headers(value: object) -> bool:
    return isinstance(value, dict) and all(is_header(name, "") for name in value)


_RULES = {
    "base_url": Rule(lambda value: isinstance(value, str) and bool(value), "a URL in quotes"),
    "api_key_env": Rule(
        lambda value: isinstance(value, str) and re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", value) is not None,
        "the name of an environment variable, never the key itself",
    ),
    "api_key_file": Rule(_is_word, "the path of a file of mode 600"),
    "api_key_command": Rule(_is_list_of_strings, 'a command as a list, like ["pass", "show", "anthropic"]'),
    "api_key_keyring": Rule(
        lambda value: isinstance(value, str) and re.fullmatch(r".+/[^/]+", value) is not None,
        'a service and a user as the keyring has them, like "anthropic/prod"',
    ),
    "read_only": Rule(lambda value: isinstance(value, bool), "true or false"),
    "headers": Rule(_are_headers, 'a table of headers in plain ASCII, like { X-Team = "evals" }'),
    "version": Rule(
        lambda value: (
            isinstance(value, str) and re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value) is not None
        ),
        f'a date in quotes, like "{DEFAULT_VERSION}"',
    ),
    "betas": Rule(
        lambda value: isinstance(value, list) and all(map(_is_token, value)),
        "a list of names of beta features",
    ),
    "workspace_id": Rule(_is_token, "a workspace id in quotes"),
}
_HEADER = Rule(is_header_value, "printable ASCII without blanks at its ends")


def profile_names(config_path: Path) -> list[str]:
    """Names of the profiles in config.toml, in its order; the environment's own profile is not among them.

    Raises:
        ConfigError: The file cannot be used.
    """
    return list(read_document(config_path).table("profiles"))


def load_profile(
    name: str | None, *, base_url: str | None = None, env: Mapping[str, str], config_path: Path
) -> Profile:
    """Puts a profile together as `draft_profile` does, and reads its key.

    Raises:
        MissingKey: No source gives a key.
        ConfigError: A source gives something that cannot be used.
    """
    return draft_profile(name, base_url=base_url, env=env, config_path=config_path).load()


def draft_profile(
    name: str | None, *, base_url: str | None = None, env: Mapping[str, str], config_path: Path
) -> ProfileDraft:
    """Puts a profile together from options, config.toml and the variables that the official SDK reads.

    The name comes from `name`, `BATCHTUI_PROFILE` or `profile` in config.toml. What its table leaves open
    comes from `ANTHROPIC_API_KEY`, which wins over `ANTHROPIC_AUTH_TOKEN`, and `ANTHROPIC_BASE_URL`.
    Headers of `ANTHROPIC_CUSTOM_HEADERS` are added. Without any name all this is the profile `default`.

    Args:
        name: Value of `--profile`, if given.
        base_url: Value of `--base-url`, if given; wins over every other.
        env: The environment.
        config_path: Path of config.toml, which need not exist.

    Raises:
        ConfigError: A source gives something that cannot be used.
    """
    document = read_document(config_path)
    chosen, table = _chosen_table(name, env, document)
    return ProfileDraft(
        name=chosen,
        base_url=_base_url(base_url, table, env, document.source("profiles", chosen.value, "base_url")),
        key_source=key_source(table, document, chosen.value, env),
        _table=table,
        _document=document,
        _env_headers=parse_header_lines(env.get("ANTHROPIC_CUSTOM_HEADERS", ""), _ENV_HEADERS),
        _env=env,
    )


def _chosen_table(
    option: str | None, env: Mapping[str, str], document: Document
) -> tuple[Given, dict[str, Any]]:
    """Finds the profile's name and its table, checked."""
    choices = (
        (option, Source("--profile")),
        (env.get("BATCHTUI_PROFILE"), Source("BATCHTUI_PROFILE")),
    )
    in_file = (
        Given(document.data["profile"], document.source("profile")) if "profile" in document.data else None
    )
    given = next((Given(*choice) for choice in choices if choice[0]), in_file) or Given(DEFAULT_PROFILE)
    name, source = given.value, given.source
    if source and (not isinstance(name, str) or not name):
        raise source.error("must be the name of a profile in quotes")
    profiles = document.table("profiles")
    if source and name not in profiles and name != DEFAULT_PROFILE:
        raise source.error(f'there is no profile "{name}"; {suggestion(name, profiles)}')
    table = document.table("profiles", name)
    if "api_key" in table:
        raise document.source("profiles", name, "api_key").error(
            "a key does not belong in this file: put it into a file of mode 600 and name that as"
            " api_key_file, or use api_key_env, api_key_command or api_key_keyring"
        )
    document.check(table, _RULES, "profiles", name)
    headers = table.get("headers", {})
    document.check(headers, dict.fromkeys(headers, _HEADER), "profiles", name, "headers")
    return given, table


def _base_url(option: str | None, table: Mapping[str, Any], env: Mapping[str, str], in_file: Source) -> Given:
    choices = (
        (option, Source("--base-url")),
        (table.get("base_url"), in_file),
        (env.get("ANTHROPIC_BASE_URL"), Source("ANTHROPIC_BASE_URL")),
    )
    found = (Given(checked_base_url(url, source), source) for url, source in choices if url)
    return next(found, Given(DEFAULT_BASE_URL))
