"""Parse and resolve URLs."""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from urllib.parse import urlsplit

from cameras import Address

from .threads import on_thread

URL_MAX = 2048
_PORTS = {"http": 80, "https": 443}

_WRITTEN = re.compile(r"[!-~]+")
_NAME = re.compile(r"(?=.{1,253}$)([A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?\.)*[A-Za-z0-9_-]{1,63}")
# The C library takes these unusual forms for IPv4 addresses: 2130706433, 127.1, 0x7f000001, 0177.0.0.1.
_NUMERIC = re.compile(r"([0-9]+|0[xX][0-9A-Fa-f]*)")


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
