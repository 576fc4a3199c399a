"""The proxy that the environment sets for the API, without its credentials."""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass


class Proxy(NamedTuple):
    """A proxy.

    Attributes:
        scheme: Such as `http` or `socks5`.
        place: Its host and port; empty if the address is malformed.
    """

    scheme: str
    place: str


def proxy_for(base_url: str) -> Proxy | None:
    """Return the proxy for calls to a base URL; None if they are direct."""
    url = urlsplit(base_url)
    proxies = getproxies()
    address = proxies.get(url.scheme) or proxies.get("all")
    # Plain HTTP is for loopback only, and never uses a proxy.
    if url.scheme == "http" or not address or proxy_bypass(url.netloc):
        return None
    return _proxy(address)


def _proxy(address: str) -> Proxy:
    try:
        parts = urlsplit(address if "://" in address else f"http://{address}")
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return Proxy("", "")
    # With an unescaped "/" in the password, the part before it is not the host.
    is_malformed = "@" in parts.path + parts.query + parts.fragment
    return Proxy(parts.scheme, f"{parts.hostname}{port}" if parts.hostname and not is_malformed else "")
