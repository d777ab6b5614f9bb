"""Sessions with peers, in either direction: their names, candidates, deadlines and ends. HTTP is the server's part."""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, Protocol, TypeVar

from pipeline import Config, Feed

from .connection import Connection
from .errors import EtagMismatch, IceRestart, InvalidSdp, NoConnection, SdpTooLong, UnknownCamera, UnknownSession
from .ice import ice_settings
from .internals import self_test
from .sdp import CREDENTIALS, SDP_BYTES_MAX, Offer

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Deadlines:
    """Time limits for peers, in seconds.

    Attributes:
        connect_s: From the answer until the connection is up.
        silence_s: Without activity of a connected peer; browsers send something every second or two.
        check_s: Interval between two checks of all peers.
    """

    connect_s: float = 10.0
    silence_s: float = 8.5
    check_s: float = 1.0


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


class GraphView(Protocol):
    """The cameras and the configuration of a graph, read for each session because both may change."""

    @property
    def feeds(self) -> Mapping[str, Feed]:
        """Every camera by name."""

    @property
    def config(self) -> Config:
        """The current configuration, with its ICE settings."""


class Session(ABC):
    """The server side of one session with a peer, such as a WHEP viewer.

    Args:
        camera: The name of the camera.
        connection: The peer connection, from :meth:`Sessions._connect`; owned by the session.
        offer: The peer's offer.

    Attributes:
        role: What the peer is, as logs call it.
        camera: The name of the camera.
        connection: The peer connection.
        id: Public name of the session.
        secret: Secret name of the session.
        etag: ETag of the ICE session.
        began_at: Start of the session, on the monotonic clock.
        credentials: The lines of the offer with ICE credentials; other ones would be an ICE restart.
        closed: Set when the session has ended and all its resources are released.
    """

    role: ClassVar[str]

    def __init__(self, camera: str, connection: Connection, offer: Offer) -> None:
        self.camera = camera
        self.connection = connection
        self.id = secrets.token_hex(8)
        self.secret = secrets.token_urlsafe(16)
        self.etag = f'"{secrets.token_hex(8)}"'
        self.began_at = time.monotonic()
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


S = TypeVar("S", bound=Session)


class Sessions(ABC, Generic[S]):
    """The sessions of one protocol, for all cameras. Create, use and close it in the event loop.

    A subclass adds the method that takes an offer: it makes a connection (:meth:`_connect`), negotiates the video, and
    begins the session (:meth:`_begin`). Candidates, deadlines and all the ways in which a session ends are here.
    """

    def __init__(self, graph: GraphView, *, deadlines: Deadlines | None = None) -> None:
        """Check the installed aiortc and keep the arguments.

        Args:
            graph: The cameras and their configuration.
            deadlines: Time limits for peers.

        Raises:
            UnsuitableLibrary: The installed aiortc cannot be used.
        """
        self_test()
        self._graph = graph
        self._deadlines = deadlines or Deadlines()
        self._sessions: dict[str, S] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._watchdog: asyncio.Task[None] | None = None
        self._closing = False

    async def patch(self, secret: str, body: str, if_match: str | None, *, camera: str | None = None) -> None:
        """Add the candidates of a trickle ICE fragment to a session; with ``camera``, only to one of that camera.

        Raises:
            SignallingError: UnknownSession, EtagMismatch, SdpTooLong, IceRestart, or InvalidSdp.
        """
        session = self._session(secret, camera)
        if if_match is not None and not {"*", session.etag} & {tag.strip() for tag in if_match.split(",")}:
            raise EtagMismatch("the session has another ETag")
        if len(body) > SDP_BYTES_MAX:
            raise SdpTooLong(f"the fragment is longer than {SDP_BYTES_MAX} bytes")
        lines = [line.strip() for line in body.splitlines() if line.strip()]
        if any(line[1:2] != "=" for line in lines):
            raise InvalidSdp("the body is not an SDP fragment")
        if any(line.startswith(CREDENTIALS) and line not in session.credentials for line in lines):
            raise IceRestart("ICE restarts are not supported; end the session and send a new offer")
        for line in lines:
            if line.startswith("a=candidate:"):
                await session.connection.add_candidate(line[len("a=candidate:") :])

    async def delete(self, secret: str, *, camera: str | None = None) -> None:
        """End a session; with ``camera``, only one of that camera.

        Raises:
            UnknownSession: No such session exists.
        """
        session = self._session(secret, camera)
        del self._sessions[secret]
        await self._end(session)

    async def wait_closed(self, secret: str) -> None:
        """Wait until a session has ended and its resources are released; return at once for an unknown session."""
        session = self._sessions.get(secret)
        if session is not None:
            await session.closed.wait()

    def sessions(self, camera: str) -> list[dict[str, Any]]:
        """Return the sessions of a camera as ``/api/cameras`` shows them, including those still connecting."""
        return [session.info() for session in self._sessions.values() if session.camera == camera]

    async def close(self) -> None:
        """End all sessions, within limits. Safe to call twice."""
        self._closing = True
        if self._watchdog is not None:
            self._watchdog.cancel()
            await asyncio.gather(self._watchdog, return_exceptions=True)
            self._watchdog = None
        sessions = list(self._sessions.values())
        self._sessions.clear()
        await asyncio.gather(*(self._end(session) for session in sessions), return_exceptions=True)
        while self._tasks:
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def _feed(self, name: str) -> Feed:
        """Return the feed of a camera that peers may use.

        Raises:
            UnknownCamera: No camera has that name, or it is private.
        """
        feed = self._graph.feeds.get(name)
        if feed is None or feed.config.private:
            raise UnknownCamera(f"there is no camera {name!r}")
        return feed

    def _connect(self) -> Connection:
        """Return a connection for a new session. The caller closes it if it makes no session of it.

        Raises:
            NoConnection: The server is shutting down.
        """
        self._require_open()
        connection = Connection(
            ice_settings(self._graph.config.server), lambda state: self._on_state(connection, state)
        )
        return connection

    async def _begin(self, session: S) -> SessionAnswer:
        """Start a session, answer its offer, and add it to the table. A session that cannot begin is released.

        Raises:
            SignallingError: UnknownCamera, InvalidSdp, or NoConnection.
        """
        try:
            session.start()
            answer = await session.connection.answer()
            self._feed(session.camera)  # it may have become private, or have been removed, while the answer was made
            self._require_open()
            if not session.live:
                raise NoConnection("the server is shutting down")
        except BaseException:
            await self._end(session)
            raise
        self._sessions[session.secret] = session
        if self._watchdog is None:
            self._watchdog = asyncio.create_task(self._watch(), name=f"{session.role}s watchdog")
        return SessionAnswer(session.id, session.secret, session.etag, answer)

    def _drop(self, session: S, reason: str) -> None:
        """End a session that its peer did not end; nothing happens if it has not begun or has already ended."""
        if self._sessions.pop(session.secret, None) is not None:
            logger.info("camera %s: %s %s is dropped: %s", session.camera, session.role, session.id, reason)
            task = asyncio.create_task(self._end(session))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def _session(self, secret: str, camera: str | None) -> S:
        session = self._sessions.get(secret)
        if session is None or camera not in (None, session.camera):
            raise UnknownSession("there is no such session")
        return session

    def _require_open(self) -> None:
        if self._closing:
            raise NoConnection("the server is shutting down")

    def _on_state(self, connection: Connection, state: str) -> None:
        if state in ("failed", "closed"):
            reason = "the connection failed" if state == "failed" else "the connection was closed"
            for session in [each for each in self._sessions.values() if each.connection is connection]:
                self._drop(session, reason)

    async def _end(self, session: S) -> None:
        session.release()
        await session.connection.close()
        session.closed.set()
        logger.info("camera %s: %s %s left", session.camera, session.role, session.id)

    async def _watch(self) -> None:
        """Drop sessions whose video has ended, and peers that never connect or vanish: aiortc is late to notice."""
        while True:
            await asyncio.sleep(self._deadlines.check_s)
            now = time.monotonic()
            for session in list(self._sessions.values()):
                if not session.live:
                    self._drop(session, "its video has ended")
                elif session.connection.state != "connected":
                    if now - session.began_at > self._deadlines.connect_s:
                        self._drop(session, "it did not connect in time")
                elif now - session.connection.active_at > self._deadlines.silence_s:
                    self._drop(session, "it stopped responding")
