"""Which proxy the environment names for the API, without its user and password."""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass


class Proxy(NamedTuple):
    """A proxy.

    Attributes:
        scheme: Such as `http` or `socks5`.
        place: Its host and port; empty if the address cannot be read.
    """

    scheme: str
    place: str


def proxy_for(base_url: str) -> Proxy | None:
    """Return the proxy that calls to a base URL go through; None if they go straight to the server."""
    url = urlsplit(base_url)
    found = getproxies()
    address = found.get(url.scheme) or found.get("all")
    # Plain HTTP goes to this machine only, and never through a proxy.
    if url.scheme == "http" or not address or proxy_bypass(url.netloc):
        return None
    return _proxy(address)


def _proxy(address: str) -> Proxy:
    try:
        parts = urlsplit(address if "://" in address else f"http://{address}")
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return Proxy("", "")
    # A password with a "/" in it: what stands before that is not the host.
    is_cut = "@" in parts.path + parts.query + parts.fragment
    return Proxy(parts.scheme, f"{parts.hostname}{port}" if parts.hostname and not is_cut else "")
