"""One session with a peer, in either direction: its names, its place among the peers, and its connection."""

from __future__ import annotations

import asyncio
import secrets
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

from ..viewing import Admission
from .connection import Connection
from .sdp import Offer


@dataclass(frozen=True)
class SessionAnswer:
    """The reply to an accepted offer, with the names of the new session.

    Attributes:
        id: Public name of the session, as lists show it; it grants no access.
        secret: Secret name of the session, 128 bits; any client that knows it can end the session.
        etag: ETag of the ICE session, quoted as in the header.
        sdp: Our answer, with all our candidates.
    """

    id: str
    secret: str
    etag: str
    sdp: str


class Session(ABC):
    """The server side of one session with a peer, such as a WHEP viewer.

    Args:
        camera: The name of the camera.
        connection: The peer connection, from :meth:`Sessions._connect`; owned by the session.
        offer: The peer's offer.
        admission: The peer's place; owned by the session.

    Attributes:
        role: What the peer is, as logs call it.
        admission: The peer's place.
        camera: The name of the camera.
        connection: The peer connection.
        id: Public name of the session.
        secret: Secret name of the session.
        etag: ETag of the ICE session.
        began_at: Start of the session, on the monotonic clock.
        credentials: The lines of the offer with ICE credentials; other ones would be an ICE restart.
        withdrawal: Returns why its peer may stay no longer; empty while it may.
        closed: Set when the session has ended and all its resources are released.
    """

    role: ClassVar[str]

    def __init__(self, camera: str, connection: Connection, offer: Offer, admission: Admission) -> None:
        self.admission = admission
        self.camera = camera
        self.connection = connection
        self.id = secrets.token_hex(8)
        self.secret = secrets.token_urlsafe(16)
        self.etag = f'"{secrets.token_hex(8)}"'
        self.began_at = time.monotonic()
        self.withdrawal: Callable[[], str] = lambda: ""
        self.credentials = offer.credentials
        self.closed = asyncio.Event()

    @property
    def live(self) -> bool:
        """Whether the session can go on: what it sends or receives has not ended."""
        return True

    @abstractmethod
    def start(self) -> None:
        """Prepare to send or receive the video as soon as the connection is up; called once, before our answer."""

    @abstractmethod
    def release(self) -> None:
        """Release what the session holds beside its connection. Safe to call twice."""

    @abstractmethod
    def info(self) -> dict[str, Any]:
        """Return the session as ``/api/cameras`` shows it."""
