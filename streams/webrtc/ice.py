"""The addresses and ports of ICE, and whose data is taken: aioice has no settings for them."""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import random
import socket
from dataclasses import dataclass
from functools import partial
from typing import Any

from aioice import Candidate, Connection, stun
from aioice.candidate import candidate_foundation, candidate_priority
from aioice.ice import StunProtocol, get_host_addresses, server_reflexive_candidate
from aiortc import RTCIceServer

from pipeline import ServerConfig

logger = logging.getLogger(__name__)

SERVERS_TIMEOUT_S = 2.0
"""How long STUN and TURN servers may take to reply; the answer to the viewer waits for them."""

_BUFFER = 1 << 20  # bytes; the system may allow less


@dataclass(frozen=True)
class IceSettings:
    """The settings of ICE: how viewers reach this machine.

    Attributes:
        servers: STUN and TURN servers; none by default. aiortc uses the first of each.
        addresses: Addresses to bind for every viewer.
        advertise: Further addresses to offer, which forward to the same ports (a router's public address).
        ports: UDP ports to use; ``None`` allows any.
    """

    servers: tuple[RTCIceServer, ...] = ()
    addresses: tuple[str, ...] = ("127.0.0.1",)
    advertise: tuple[str, ...] = ()
    ports: range | None = None


def ice_settings(config: ServerConfig) -> IceSettings:
    """Return the ICE settings of a server's configuration."""
    ice = config.ice
    servers = (RTCIceServer(list(each.urls), each.username, each.credential) for each in ice.servers)
    return IceSettings(
        servers=tuple(servers),
        addresses=tuple(ice.addresses) or default_addresses(config.host),
        advertise=tuple(ice.advertise),
        ports=None if ice.udp_ports is None else range(ice.udp_ports.first, ice.udp_ports.last + 1),
    )


def default_addresses(host: str) -> tuple[str, ...]:
    """Return the addresses to bind for a server that listens on a host.

    These are loopback for a loopback host, and otherwise every other address of the machine. A machine without a
    network serves itself, on loopback.
    """
    if host == "localhost":
        return ("127.0.0.1",)
    try:
        if ipaddress.ip_address(host).is_loopback:
            return (host,)
    except ValueError:
        pass
    return tuple(get_host_addresses(use_ipv4=True, use_ipv6=True)) or ("127.0.0.1",)


def restrict(connection: Connection, settings: IceSettings) -> None:
    """Restrict an ICE connection to the addresses and ports of the settings, and its data to that of the peer.

    This replaces aioice's methods that gather local candidates and take data, on this object only.
    """

    async def gather(component: int, addresses: list[str]) -> list[Candidate]:
        del addresses
        wanted = settings.addresses if connection._transport_policy.name == "ALL" else ()
        protocols = [await _bound(connection, address, component, settings.ports) for address in wanted]
        hosts = [protocol for protocol in protocols if protocol is not None]
        connection._protocols += hosts
        candidates = [protocol.local_candidate for protocol in hosts]
        candidates += [
            _host_candidate(component, address, candidate.port)
            for address in settings.advertise
            for candidate in list(candidates)
            if ipaddress.ip_address(address).version == ipaddress.ip_address(candidate.host).version
        ]
        return candidates + await _from_servers(connection, component, hosts)

    def take(data: bytes, component: int) -> None:
        if data:  # aiortc's transport ends at an empty datagram
            Connection.data_received(connection, data, component)

    # mypy forbids assigning a method
    setattr(connection, "get_component_candidates", gather)  # noqa: B010
    setattr(connection, "data_received", take)  # noqa: B010


class _HostProtocol(StunProtocol):
    """Takes STUN messages from any address, for they are authenticated, and all else from the peer's only.

    aioice takes everything from everyone, and keeps it until the connection is up.

    Attributes:
        udp: The socket of its transport, which owns it; for sending.
    """

    def __init__(self, connection: Connection, udp: socket.socket) -> None:
        super().__init__(connection)
        self.udp = udp
        self._connection = connection

    def datagram_received(self, data: bytes | str, addr: tuple[Any, ...]) -> None:
        """Pass a datagram on, or drop it."""
        if self._is_peer(addr[:2]) or _is_stun(data):
            super().datagram_received(data, addr)

    def _is_peer(self, address: tuple[Any, ...]) -> bool:
        """Whether the peer has named an address, or sent an authenticated check from it."""
        return any(pair.remote_addr == address for pair in self._connection._check_list) or any(
            early == address for _, early, _ in self._connection._early_checks
        )


def _is_stun(data: Any) -> bool:
    try:
        stun.parse_message(data)
    except ValueError:
        return False
    return True


async def _bound(connection: Connection, address: str, component: int, ports: range | None) -> StunProtocol | None:
    loop = asyncio.get_running_loop()
    choices = [0] if ports is None else random.sample(ports, len(ports))
    failure: OSError | None = None
    for port in choices:
        try:
            udp = _socket(address, port)
        except OSError as error:
            failure = error
            continue
        transport, protocol = await loop.create_datagram_endpoint(partial(_HostProtocol, connection, udp), sock=udp)
        host, number = transport.get_extra_info("sockname")[:2]
        protocol.local_candidate = _host_candidate(component, host, number)
        return protocol
    logger.warning("ICE address %s: no UDP port is free (%s)", address, failure)
    return None


def _socket(address: str, port: int) -> socket.socket:
    """Return a bound UDP socket."""
    family, *_, place = socket.getaddrinfo(address, port, type=socket.SOCK_DGRAM, flags=socket.AI_NUMERICHOST)[0]
    udp = socket.socket(family, socket.SOCK_DGRAM)
    try:
        udp.setblocking(False)
        udp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
        udp.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _BUFFER)
        udp.bind(place)
    except BaseException:
        udp.close()
        raise
    return udp


def _host_candidate(component: int, address: str, port: int) -> Candidate:
    return Candidate(
        foundation=candidate_foundation("host", "udp", address),
        component=component,
        transport="udp",
        priority=candidate_priority(component, "host"),
        host=address,
        port=port,
        type="host",
    )


async def _from_servers(connection: Connection, component: int, hosts: list[StunProtocol]) -> list[Candidate]:
    """Return the candidates from the STUN and the TURN server, if configured; query both at once."""
    tasks: list[asyncio.Task[list[Candidate]]] = []
    if connection.stun_server is not None:
        tasks += [
            asyncio.create_task(_reflexive(protocol, connection.stun_server))
            for protocol in hosts
            if ipaddress.ip_address(protocol.local_candidate.host).version == 4
        ]
    if connection.turn_server is not None:
        # aioice's own method, called without host addresses: it then queries only the TURN server.
        relayed = Connection.get_component_candidates(connection, component, [], timeout=round(SERVERS_TIMEOUT_S))
        tasks.append(asyncio.create_task(relayed))
    if not tasks:
        return []
    done, pending = await asyncio.wait(tasks, timeout=SERVERS_TIMEOUT_S + 0.5)
    for task in pending:
        task.cancel()
    await asyncio.gather(*pending, return_exceptions=True)
    return [candidate for task in done if task.exception() is None for candidate in task.result()]


async def _reflexive(protocol: StunProtocol, server: tuple[str, int]) -> list[Candidate]:
    candidate, _ = await server_reflexive_candidate(protocol, server)
    return [candidate]
