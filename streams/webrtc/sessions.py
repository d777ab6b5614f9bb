"""One viewer's session: what is told of it, and what it holds."""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import dataclass, field
from typing import Any

from ..encoding import Subscription
from .connection import Connection
from .sender import VideoSender
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
        connection: To the viewer.
        sender: What goes over it.
        track: Where the packets wait for the sender.
        subscription: The track's place at a shared encoder.
        began_at: When it came, on the monotonic clock.
        credentials: The lines of its offer with ICE names and passwords; others would be an ICE restart.
        gone: Set when its session is over and nothing is left of it.
    """

    connection: Connection
    sender: VideoSender
    track: PacketTrack
    subscription: Subscription
    began_at: float
    credentials: frozenset[str]
    id: str = field(default_factory=lambda: secrets.token_hex(8))
    secret: str = field(default_factory=lambda: secrets.token_urlsafe(16))
    etag: str = field(default_factory=lambda: f'"{secrets.token_hex(8)}"')
    gone: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def camera(self) -> str:
        """The name of the camera that it watches."""
        return self.subscription.feed.name

    def status(self) -> dict[str, Any]:
        """Return what ``/api/cameras`` shows of it."""
        encoder = self.subscription.encoder
        return {
            "id": self.id,
            "codec": encoder.key.codec,
            "rung": encoder.rung,
            "annotations": encoder.key.annotated,
            "bitrate": self.track.sent.bits_per_second,
            "loss": self.sender.loss,
            "rtt_ms": self.sender.rtt_ms,
        }
