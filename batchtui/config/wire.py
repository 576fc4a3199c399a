"""What a profile puts on the wire besides the key: the base URL and custom headers, checked before use."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping

    from batchtui.config.errors import Source

Headers = tuple[tuple[str, str], ...]

# Labels of 1 to 63 characters: looking up others fails with an error that no HTTP client expects.
_HOST_NAME = r"([a-z0-9_-]{1,63}\.)*[a-z0-9_-]{1,63}\.?"
# RFC 9110, section 5: a header's name is a token; of its value only what every server takes is allowed.
_HEADER_NAME = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_HEADER_VALUE = r"([!-~]([\t -~]*[!-~])?)?"


def checked_base_url(url: str, source: Source) -> str:
    """Return a base URL that the key may be sent to, without trailing slashes and without `/v1`.

    Raises:
        ConfigError: It is not `https://` (or `http://` to this machine itself), or says more than
            host and path.
    """
    if not re.fullmatch(r"[!-~]+", url) or "\\" in url:
        raise source.error("must be a URL of printable ASCII characters without blanks")
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise source.error("has a host or port that cannot be") from None
    if parts.scheme not in ("http", "https") or not host:
        raise source.error("must be a URL like https://api.anthropic.com")
    if not (_is_ipv6(host) if "[" in parts.netloc else _is_host_name(host)):
        raise source.error("has a host or port that cannot be")
    if "@" in parts.netloc:
        raise source.error("must not hold a user name or password")
    if "?" in url or "#" in url:
        raise source.error("must not have a query or fragment")
    if parts.scheme == "http" and not _is_loopback(host):
        raise source.error(
            "must be https, since http would show the key to the network (http is for localhost only)"
        )
    path = parts.path.rstrip("/").removesuffix("/v1").rstrip("/")
    return f"{parts.scheme}://{parts.netloc.lower()}{path}"


def parse_header_lines(text: str, source: Source) -> Headers:
    """Reads headers as the official SDK takes them in a variable: one `Name: value` on each line.

    Raises:
        ConfigError: A line is no header; its text may be a secret and is not shown.
    """
    headers: list[tuple[str, str]] = []
    for number, line in enumerate(text.split("\n"), 1):
        name, colon, value = (part.strip() for part in line.partition(":"))
        if colon and is_header(name, value):
            headers.append((name, value))
        elif line.strip():
            raise source.error(f'line {number} is not a header: write "Name: value" in plain ASCII')
    return tuple(headers)


def is_header(name: str, value: object) -> bool:
    """Tells whether a name and value can be sent as a header."""
    return bool(re.fullmatch(_HEADER_NAME, name)) and is_header_value(value)


def is_header_value(value: object) -> bool:
    """Return whether a value can be sent: printable ASCII without blanks at its ends."""
    return isinstance(value, str) and bool(re.fullmatch(_HEADER_VALUE, value))


def merged_headers(base: Headers, over: Mapping[str, str]) -> Headers:
    """Joins two sets of headers; `over` wins where names are equal in all but case."""
    taken = {name.lower() for name in over}
    return (*(header for header in base if header[0].lower() not in taken), *over.items())


def _is_ipv6(host: str) -> bool:
    from ipaddress import IPv6Address

    try:
        return bool(IPv6Address(host))
    except ValueError:
        return False


def _is_host_name(host: str) -> bool:
    if not re.fullmatch(_HOST_NAME, host):
        return False
    if "xn--" not in host:
        return True
    import idna  # the HTTP client decodes such a name, and fails where it cannot

    try:
        return bool(idna.decode(host))
    except idna.IDNAError:
        return False


def _is_loopback(host: str) -> bool:
    from ipaddress import ip_address

    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
