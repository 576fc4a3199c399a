"""The checks of `doctor`."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from batchtui.text import count

if TYPE_CHECKING:
    from batchtui.cli.context import Session
    from batchtui.config import Profile

MIN_PYTHON = (3, 11)
MIN_SIZE = (40, 10)
"""Columns and lines that the screens need."""

PROXY_SCHEMES = ("http", "https", "socks5", "socks5h")
"""The schemes that httpx supports."""
BAD_PROXY = 'invalid: use http://USER:PASSWORD@HOST:PORT, with "/" in the password as %2F and "@" as %40'


class Check(NamedTuple):
    """The result of one check.

    Attributes:
        name: The thing checked.
        ok: Whether there is no problem.
        text: Its state, or how to fix it.
    """

    name: str
    ok: bool
    text: str


def checks(session: Session) -> Iterator[Check]:
    """Run all checks; those that need a key or the network come last."""
    from batchtui.config import ConfigError

    yield python(sys.version_info[:3])
    yield terminal(os.environ, _terminal_size())
    yield colors(os.environ)
    try:
        draft = session.draft_profile(session.profile)
        yield config(session.config_path)
    except ConfigError as error:
        yield Check("config", False, str(error))
        return
    yield cache(session.cache_root)
    yield certificates(draft.base_url.value, os.environ)
    yield proxy(draft.base_url.value)
    yield from _with_key(session)


def python(version: tuple[int, ...]) -> Check:
    """Check that Python is new enough."""
    text = ".".join(map(str, version))
    if version >= MIN_PYTHON:
        return Check("python", True, text)
    return Check("python", False, f"{text} is too old: install batchtui with Python 3.11 or newer")


def terminal(env: Mapping[str, str], size: tuple[int, int] | None) -> Check:
    """Check that the screens can be drawn.

    Args:
        env: The environment.
        size: Columns and lines; None without a terminal.
    """
    kind = env.get("TERM", "")
    if size is None:
        return Check("terminal", True, "none: only commands work")
    if kind in ("", "dumb"):
        return Check(
            "terminal",
            False,
            f"TERM is {kind or 'not set'}: set it to the terminal type, such as xterm-256color",
        )
    text = f"{kind}, {size[0]}×{size[1]}"
    if size[0] < MIN_SIZE[0] or size[1] < MIN_SIZE[1]:
        return Check("terminal", False, f"{text} is too small: make it 80×24 or larger")
    return Check("terminal", True, text)


def colors(env: Mapping[str, str]) -> Check:
    """How many colors the screens will use."""
    kind = env.get("TERM", "")
    if env.get("NO_COLOR"):
        text = "none (NO_COLOR is set)"
    elif env.get("COLORTERM") in ("truecolor", "24bit") or kind.endswith("-direct"):
        text = "true color"
    elif "256color" in kind:
        text = "256; if the terminal has true color, set COLORTERM=truecolor"
    else:
        text = "16"
    return Check("colors", True, text)


def config(path: Path) -> Check:
    """Check the settings; the profile was checked before."""
    from batchtui.config import load_settings

    load_settings(path)
    return Check("config", True, str(path) if path.exists() else f"{path} (does not exist, optional)")


def cache(root: Path) -> Check:
    """Check that batches and results can be saved."""
    from batchtui.disk import NETWORK_FILE_SYSTEMS, file_system

    place = next(folder for folder in (root, *root.parents) if folder.exists())
    try:
        with tempfile.TemporaryFile(dir=place):
            pass
    except OSError as error:
        text = f"{place} cannot be written ({error.strerror}): choose another folder with --cache-dir"
        return Check("cache", False, text)
    mode = f"mode {place.stat().st_mode & 0o777:o}" if place == root else "not created yet"
    kind = file_system(place)
    slow = "; a local disk is faster" if kind in NETWORK_FILE_SYSTEMS else ""
    return Check("cache", True, f"{root}, {mode}, {kind or 'unknown file system'}{slow}")


def certificates(base_url: str, env: Mapping[str, str]) -> Check:
    """Check the certificates."""
    if base_url.startswith("http://"):
        return Check("tls", True, "not used: the base URL is on localhost")
    import certifi
    import httpx

    place = env.get("SSL_CERT_FILE") or env.get("SSL_CERT_DIR") or certifi.where()
    try:
        found = httpx.create_ssl_context().cert_store_stats()["x509_ca"]
    except OSError as error:
        text = f"the certificates in {place} cannot be read ({error.strerror}): fix SSL_CERT_FILE"
        return Check("tls", False, text)
    # Certificates in a folder are loaded on demand.
    source = f"{count(found)} authorities" if found else "certificates"
    return Check("tls", True, f"{source} from {place}")


def proxy(base_url: str) -> Check:
    """Check the proxy; shown without user and password."""
    from importlib.util import find_spec

    from batchtui.api.proxies import proxy_for

    found = proxy_for(base_url)
    if found is None:
        return Check("proxy", True, "none")
    scheme, place = found
    if not place:
        return Check("proxy", False, BAD_PROXY)
    name = f"{scheme}://{place}"
    if scheme not in PROXY_SCHEMES:
        return Check("proxy", False, f"{name} is not supported: use {', '.join(PROXY_SCHEMES)}")
    if scheme.startswith("socks") and not find_spec("socksio"):
        return Check("proxy", False, f"{name} needs a library: pip install 'httpx[socks]'")
    import httpx

    try:
        httpx.AsyncClient(verify=False)  # noqa: S501 - it is never used
    except (httpx.InvalidURL, ValueError):
        return Check("proxy", False, "NO_PROXY is invalid: use hosts separated by commas")
    return Check("proxy", True, name)


def _with_key(session: Session) -> Iterator[Check]:
    from batchtui.config import ConfigError

    try:
        with session.place() as place:
            source = "the demo" if place.is_demo else session.draft_profile(session.profile).key_source
            yield Check("key", True, f"from {source}")
            yield workspace(place.cache_root / place.profile.workspace_digest)
            yield api(place.profile)
    except ConfigError as error:
        yield Check("key", False, str(error))
        yield Check("api", False, "not checked without a key")


def workspace(folder: Path) -> Check:
    """Check that the data of this key is private."""
    from batchtui.config import ConfigError, private_dir

    if not folder.exists():
        return Check("workspace", True, f"{folder.name}, nothing saved yet")
    try:
        private_dir(folder)
    except ConfigError as error:
        return Check("workspace", False, str(error))
    return Check("workspace", True, f"{folder.name}, mode {folder.stat().st_mode & 0o777:o}")


def api(profile: Profile) -> Check:
    """Check that the API accepts the key, by listing one batch."""
    import asyncio

    from batchtui.api import ApiError, BatchesClient, Call, RetryPolicy

    calls: list[Call] = []

    async def ask() -> None:
        async with BatchesClient(profile, retry=RetryPolicy(attempts=1), on_call=calls.append) as client:
            await client.list(limit=1)

    try:
        asyncio.run(ask())
    except ApiError as error:
        return Check("api", False, str(error))
    [call] = calls
    trace = f", request id {call.request_id}" if call.request_id else ""
    return Check(
        "api", True, f"{profile.base_url} answered {call.status} in {call.seconds * 1000:.0f} ms{trace}"
    )


def _terminal_size() -> tuple[int, int] | None:
    for stream in (sys.stdout, sys.stderr, sys.stdin):
        if stream.isatty():
            return os.get_terminal_size(stream.fileno())
    return None
