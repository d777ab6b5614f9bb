"""Which candidates of a peer are tried, since each makes this server send packets to an address that the peer chose.

A candidate is needed only where the peer cannot reach this server first: the peer's own checks make its address known
anyway.
"""

from __future__ import annotations

from collections import Counter
from ipaddress import ip_address

from cameras import Address, is_private, is_public

from .ice import IceSettings

CANDIDATES_MAX = 64
"""Most candidates of a peer, unless the configuration has another limit."""

PORTS_MAX = 8
"""Most ports of one address; a browser has one or two for each media line."""


class PeerCandidates:
    """Selects the candidates of one peer that are tried, up to a limit for the whole session.

    Args:
        ice: The addresses of this server, and its STUN and TURN servers.
        limit: Most candidates; further ones are ignored.
    """

    def __init__(self, ice: IceSettings | None = None, limit: int = CANDIDATES_MAX) -> None:
        self._ice = IceSettings() if ice is None else ice
        self._limit = limit
        self._taken: set[tuple[Address, int]] = set()
        self._ports: Counter[Address] = Counter()

    def takes(self, candidate: str) -> bool:
        """Return whether to try a candidate, given as in an SDP after ``a=candidate:``, and count it if so.

        It must be for UDP, with the address and port of a possible peer, not an mDNS name. A malformed candidate counts
        as usable: aiortc's parser refuses it later with a reason.
        """
        fields = candidate.split()
        if len(fields) < 6:
            return True
        host, port = fields[4], fields[5]
        if not port.isdecimal():
            return True
        address = _address(host)
        if fields[2].lower() != "udp" or len(port) > 5 or not 0 < int(port) < 65536:
            return False
        if address is None or not self._may_be_peer(address):
            return False
        place = (address, int(port))
        if place in self._taken:
            return True
        if len(self._taken) >= self._limit or self._ports[address] >= PORTS_MAX:
            return False
        self._taken.add(place)
        self._ports[address] += 1
        return True

    def _may_be_peer(self, address: Address) -> bool:
        """Return whether an address is that of a peer which a packet from this server can reach and may help.

        * On loopback: if this server is bound to loopback.
        * In a private network or link-local: if this server is bound to such an address of the same family.
        * Public: if STUN or TURN servers are configured, so this server may be behind NAT, and its packets open the way
          for those of the peer.
        * Never: multicast, broadcast, reserved and unspecified addresses, and IPv6 addresses that contain another.
        """
        bound = [found for text in self._ice.addresses if (found := _address(text)) is not None]
        if address.is_loopback:
            return any(own.is_loopback for own in bound)
        if all(own.is_loopback for own in bound):
            return False
        if address.is_link_local:
            return any(own.is_link_local and own.version == address.version for own in bound)
        if is_private(address):
            return any(is_private(own) and own.version == address.version for own in bound)
        return is_public(address) and bool(self._ice.servers)


def _address(text: str) -> Address | None:
    try:
        return None if "%" in text else ip_address(text)  # a zone is of no use in a candidate
    except ValueError:
        return None
