"""Parse and resolve URLs, and recognise public addresses."""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_network
from urllib.parse import urlsplit

from .threads import on_thread

Address = IPv4Address | IPv6Address

URL_MAX = 2048
_PORTS = {"http": 80, "https": 443}

_WRITTEN = re.compile(r"[!-~]+")
_NAME = re.compile(r"(?=.{1,253}$)([A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?\.)*[A-Za-z0-9_-]{1,63}")
# The C library takes these unusual forms for IPv4 addresses: 2130706433, 127.1, 0x7f000001, 0177.0.0.1.
_NUMERIC = re.compile(r"([0-9]+|0[xX][0-9A-Fa-f]*)")

# The special-purpose registries of IANA, with multicast and the reserved range.
_NOT_PUBLIC_4 = [
    ip_network(text)
    for text in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",  # shared by the customers of a provider
        "127.0.0.0/8",
        "169.254.0.0/16",  # link-local, where clouds keep their metadata
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
    )
]
# All public IPv6 addresses are in here; loopback, link-local, private, multicast, IPv4-mapped and NAT64 are not.
_GLOBAL_6 = ip_network("2000::/3")
_NOT_PUBLIC_6 = [
    ip_network(text)
    for text in (
        "2001::/23",  # Teredo, which has an IPv4 address inside, and other protocols
        "2001:db8::/32",
        "2002::/16",  # 6to4, the same
        "3fff::/20",
    )
]


@dataclass(frozen=True)
class Target:
    """The destination of a URL and the path to request.

    Attributes:
        scheme: ``http`` or ``https``.
        host: The name or address, without brackets.
        port: The port.
        path: Path and query of the request.
        address: The address, if the URL has one instead of a name.
    """

    scheme: str
    host: str
    port: int
    path: str
    address: Address | None

    @property
    def authority(self) -> str:
        """The value of the ``Host`` header."""
        host = f"[{self.host}]" if isinstance(self.address, IPv6Address) else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"


def parse_url(url: str) -> Target:
    """Parse an http or https URL.

    Raises:
        ValueError: The URL is not a plain http or https URL; the message says why.
    """
    if len(url) > URL_MAX:
        raise ValueError(f"the URL is longer than {URL_MAX} characters")
    if not url:
        raise ValueError("the URL is empty")
    if not _WRITTEN.fullmatch(url) or "\\" in url:
        raise ValueError("the URL has characters that must be percent-encoded")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise ValueError("the URL cannot be read") from None
    if parts.scheme not in _PORTS:
        raise ValueError("the URL must begin with http:// or https://")
    if "@" in parts.netloc:
        raise ValueError("the URL must not have a user name or password in it")
    if port == 0:
        raise ValueError("the URL has a port that does not exist")
    address = _address(host, bracketed="[" in parts.netloc)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(parts.scheme, str(address or host.removesuffix(".")), port or _PORTS[parts.scheme], path, address)


def _address(host: str, bracketed: bool) -> Address | None:
    try:
        address = IPv6Address(host) if bracketed else IPv4Address(host)
    except ValueError:
        if bracketed or not _NAME.fullmatch(host.removesuffix(".")):
            raise ValueError("the URL has no host name or address that can be read") from None
        if _NUMERIC.fullmatch(host.removesuffix(".").rpartition(".")[2]):
            raise ValueError("the URL has an address that is not written as four numbers with dots") from None
        return None
    if isinstance(address, IPv6Address) and address.scope_id is not None:
        raise ValueError("the URL has an address with a zone, which is of this machine only")
    return address


def is_public(address: Address) -> bool:
    """Return whether an address is a public address of the internet."""
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _NOT_PUBLIC_4)
    return address in _GLOBAL_6 and not any(address in network for network in _NOT_PUBLIC_6)


async def resolve(host: str, port: int) -> Sequence[Address]:
    """Return the addresses of a host name, IPv4 first.

    Raises:
        OSError: The name has no address.
    """

    def look_up() -> list[Address]:
        try:
            entries = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except UnicodeError:
            raise OSError("not a name") from None
        found = [ipaddress.ip_address(str(entry[4][0]).partition("%")[0]) for entry in entries]
        return sorted(found, key=lambda address: address.version)

    return await on_thread("resolve", look_up)  # a name server may take long to answer
