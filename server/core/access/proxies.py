"""Which proxies are trusted, and the address of the client behind them."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import urlsplit


class TrustedProxies:
    """The addresses whose ``X-Forwarded`` headers are believed.

    Args:
        networks: Addresses and networks, such as ``10.0.0.0/8``.
    """

    def __init__(self, networks: Iterable[str] = ()) -> None:
        self._networks = tuple(ip_network(text) for text in networks)

    def __contains__(self, address: str) -> bool:
        found = _address(address)
        return found is not None and self._trusts(found)

    def client_of(self, peer: str, forwarded_for: str) -> str:
        """Return the address of the client behind a trusted proxy.

        Each proxy appends the address that has connected to it, and a client can send the header too. So the entries
        are read from the right, as long as they come from a trusted proxy.

        Args:
            peer: The address of the connection.
            forwarded_for: The addresses of ``X-Forwarded-For``, separated by commas.
        """
        current = _address(peer)
        for entry in reversed(forwarded_for.split(",")):
            if current is None or not self._trusts(current):
                break
            current = _address(entry.strip()) or _address(_without_port(entry.strip()))
            if current is None:
                break
            peer = str(current)
        return peer

    def _trusts(self, address: IPv4Address | IPv6Address) -> bool:
        return any(address in network for network in self._networks)


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        found = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return found.ipv4_mapped or found if isinstance(found, IPv6Address) else found


def _without_port(text: str) -> str:
    try:
        return urlsplit(f"//{text}").hostname or ""
    except ValueError:
        return ""
