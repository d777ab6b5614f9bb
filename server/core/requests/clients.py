"""The identity of clients, by which everything that each may use is counted."""

from __future__ import annotations

import ipaddress


def client_of(address: str) -> str:
    """Return the key by which clients are counted: the IPv4 address, or the /64 network of an IPv6 customer."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv6Address):
        mapped = found.ipv4_mapped
        return str(mapped) if mapped is not None else str(ipaddress.ip_network((found, 64), strict=False))
    return str(found)
