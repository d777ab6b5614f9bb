"""One viewer's session: what is told of it, and what it holds."""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import dataclass, field
from typing import Any

from .broadcast import Broadcast
from .peer import Peer
from .track import PacketTrack


@dataclass(frozen=True)
class Session:
    """What a viewer is told when its offer is accepted.

    Attributes:
        id: Its public name, in lists; worth nothing to anybody else.
        secret: Its secret name, 128 bits: who knows it may end it.
        etag: Of its ICE session, quoted as in the header.
        answer: Our SDP, with all our candidates.
    """

    id: str
    secret: str
    etag: str
    answer: str


@dataclass(eq=False)
class Viewer:
    """A session from our side.

    Attributes:
        peer: Its connection.
        broadcast: The running encoder that it gets its packets from.
        track: Its place among those who do.
        began_at: When it came, on the monotonic clock.
        credentials: The lines of its offer with ICE names and passwords; others would be an ICE restart.
        gone: Set when its session is over and nothing is left of it.
    """

    peer: Peer
    broadcast: Broadcast
    track: PacketTrack
    began_at: float
    credentials: frozenset[str]
    id: str = field(default_factory=lambda: secrets.token_hex(8))
    secret: str = field(default_factory=lambda: secrets.token_urlsafe(16))
    etag: str = field(default_factory=lambda: f'"{secrets.token_hex(8)}"')
    gone: asyncio.Event = field(default_factory=asyncio.Event)

    def status(self) -> dict[str, Any]:
        """Return what ``/api/cameras`` shows of it."""
        return {
            "id": self.id,
            "codec": self.broadcast.key.codec,
            "rung": self.broadcast.rung,
            "annotations": self.broadcast.key.annotated,
            "bitrate": self.track.sent.bits_per_second,
            "loss": self.peer.loss,
            "rtt_ms": self.peer.rtt_ms,
        }
