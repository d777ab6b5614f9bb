"""How the packets of a session travel, as client and server agree in the header ``Transport`` (RFC 2326, 12.39)."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from .errors import RtspError

_PAIR = re.compile(r"([0-9]{1,5})(?:-([0-9]{1,5}))?")
_CHANNELS = 256
OFFERS_MAX = 20
"""Most transports of a request that are looked at; clients offer up to six."""
_PORT_MAX = 65_535


@dataclass(frozen=True)
class Channels:
    """Packets between the messages of the connection.

    Attributes:
        rtp: Number of the channel of the video.
        rtcp: Number of the channel of the reports.
    """

    rtp: int
    rtcp: int


@dataclass(frozen=True)
class ClientPorts:
    """Packets over UDP.

    Attributes:
        rtp: The client's port for the video.
        rtcp: Its port for reports.
        profile: The profile as the client writes it.
    """

    rtp: int
    rtcp: int
    profile: str = "RTP/AVP"


def rtsp_transport(header: str, client: str, *, taken: Collection[int] = (), has_udp: bool = True) -> Transport:
    """Return the first of the transports that a client offers which the server has.

    Packets go only to the address of the connection: anyone else has not asked for them.

    Args:
        header: The client's ``Transport``.
        client: The address of the client.
        taken: The numbers of the channels that the connection already uses.
        has_udp: Whether the server has ports for UDP.

    Raises:
        RtspError: The server has none of them (461).
    """
    offered = [Offered.read(text) for text in header.split(",", OFFERS_MAX)[:OFFERS_MAX]]
    client = client.removeprefix("::ffff:")  # a server for both versions sees IPv4 so
    for each in offered:
        if each.is_multicast or each.parameters.get("mode", "play").strip("\"'").lower() != "play":
            continue
        if each.parameters.get("destination", client) != client:
            continue
        if each.profile == "RTP/AVP/TCP":
            channels = each.pair("interleaved", _CHANNELS - 1) or _free_channels(taken)
            if channels is not None and not {*channels} & {*taken}:
                return Channels(*channels)
        elif each.profile in ("RTP/AVP", "RTP/AVP/UDP") and has_udp:
            ports = each.pair("client_port", _PORT_MAX)
            if ports is not None and min(ports) > 0:
                return ClientPorts(*ports, each.profile)
    udp = "RTP/AVP;unicast;client_port=A-B to the address of the connection, or " if has_udp else ""
    raise RtspError(461, f"possible are {udp}RTP/AVP/TCP;interleaved=A-B")


Transport = Channels | ClientPorts


@dataclass(frozen=True)
class Offered:
    """A transport that a client offers.

    Attributes:
        profile: The profile in capitals.
        is_multicast: Whether it is for groups. What says neither is for one client: those who forget it mean that.
        parameters: Its parameters by their names in small letters.
    """

    profile: str
    is_multicast: bool
    parameters: dict[str, str]

    @classmethod
    def read(cls, text: str) -> Offered:
        """Return a transport as a client writes it."""
        profile, *rest = (part.strip() for part in text.split(";"))
        pairs = (part.partition("=") for part in rest)
        parameters = {name.strip().lower(): value.strip() for name, _, value in pairs}
        return cls(profile.upper(), "multicast" in parameters, parameters)

    def pair(self, name: str, most: int) -> tuple[int, int] | None:
        """Return a parameter of one or two different numbers, where the second follows the first by default."""
        found = _PAIR.fullmatch(self.parameters.get(name, ""))
        if found is None:
            return None
        first = int(found[1])
        second = first + 1 if found[2] is None else int(found[2])
        return (first, second) if max(first, second) <= most and first != second else None


def _free_channels(taken: Collection[int]) -> tuple[int, int] | None:
    return next(((first, first + 1) for first in _even() if not {first, first + 1} & {*taken}), None)


def _even() -> Iterator[int]:
    yield from range(0, _CHANNELS, 2)
