"""From the configuration's words to what this room works with."""

from __future__ import annotations

from aiortc import RTCIceServer

from pipeline import ServerConfig

from .ice import IceSettings, default_addresses


def ice_settings(config: ServerConfig) -> IceSettings:
    """Return how viewers reach this machine, as ``server.ice`` says."""
    ice = config.ice
    servers = (RTCIceServer(list(each.urls), each.username, each.credential) for each in ice.servers)
    return IceSettings(
        servers=tuple(servers),
        addresses=tuple(ice.addresses) or default_addresses(config.host),
        advertise=tuple(ice.advertise),
        ports=None if ice.udp_ports is None else range(ice.udp_ports.first, ice.udp_ports.last + 1),
    )
